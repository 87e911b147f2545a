"""A probe that asks a port that its container does not have."""

from noctuary.analyzers.base import Wording, container_named
from noctuary.analyzers.specs.base import Standing
from noctuary.common.words import port_list
from noctuary.models import details
from noctuary.models.diagnosis import Fault

NAME_UNKNOWN = "ProbePortUnknown"
NUMBER_UNDECLARED = "ProbePortUndeclared"
SCHEME = "ProbeSchemeMismatch"
PROBES = frozenset({"liveness", "readiness", "startup"})


class ProbePort(Standing):
    """Told only of pods that are not ready: a port need not be declared to be listened on."""

    kind = "probe_port"
    reasons = frozenset({NAME_UNKNOWN, NUMBER_UNDECLARED, SCHEME})
    follows_change_of = ("probe", "ports")
    prior = 0.2
    why = "the probe asks where nobody listens"
    is_root = True

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return which probe asks what, and what there is instead."""
        return self._asks(fault, wording.limit, f"of {wording.name} ")

    def symptom(self, fault: Fault, limit: int) -> str:
        """Return which probe asks what, and what there is instead."""
        return self._asks(fault, limit, "")

    def _asks(self, fault: Fault, limit: int, whose: str) -> str:
        told = fault.details.get(details.PROBE, "")
        probe = f"the {told if told in PROBES else 'health'} probe {whose}"
        named = port_list(fault.details.get(details.PORT), limit)
        port = f"port {named}" if named else "a port"
        there = port_list(fault.details.get(details.INSTEAD), limit)
        if fault.details.get(details.REASON) == SCHEME:
            return f"{probe}asks for HTTPS on {port}, which serves {there or 'HTTP'}"
        where = container_named(fault, limit) or " its container"
        return f"{probe}asks {port}, and{where} has {there or 'no such port'}"
