"""A probe that fails."""

import re

from noctuary.analyzers.base import Advice, Analyzer, Wording, container_named, is_crash, was_killed
from noctuary.common.text import shorten_middle
from noctuary.common.words import COUNT
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Fault, PodView, Subject

START_UP_S = 60.0
"""A pod that is not ready at once fails its probe while it starts; most take seconds."""
RECOVERED_S = 300.0
"""A pod that was unready within the five minutes before the onset is part of the trouble, also if it is ready now."""
KILLING = frozenset({"liveness", "startup"})
"""Probes whose failure ends the container."""
PROBES = KILLING | {"readiness"}
_TARGET = re.compile(
    r"(?:/[A-Za-z0-9._~%+:@=,/-]{0,253}|[A-Za-z0-9_-]{1,63})(?: on port [A-Za-z0-9-]{1,15})?"
    r"|port [A-Za-z0-9-]{1,15}|command [A-Za-z0-9._+-]{1,63}"
)
"""A path, a port or the name of a command: the API takes any text for them."""


class Probe(Analyzer):
    """One that kills is a fault of its own; one that only keeps traffic away may follow from anything."""

    kind = "probe"
    reasons = frozenset({"Unhealthy"})
    follows_change_of = ("probe",)
    prior = 0.1
    is_specific = False
    is_consequence = True
    is_nothing_when_gone = True
    begins_when_unready = True
    follows_scaling_down = True
    follows_dependency = True
    tells_cause = False

    def is_passing(self, event: ContextEvent, pod: PodView, onset: float) -> bool:
        """Tell whether it failed only while its pod started or ended, or too seldom to make it unready."""
        if pod.is_leaving:
            return True
        if not pod.is_ready or (pod.restarts and event.details.get(details.PROBE) in KILLING):
            return False
        started_at = pod.created_at or pod.started_at
        was_ready_before = event.timestamp > started_at + START_UP_S
        return not (was_ready_before and pod.ready_changed_at > onset - RECOVERED_S)

    def follows_from(self, fault: Fault, root: Fault, *, root_explains: bool) -> bool:
        """Follow from a probe that kills, or from a process that ends by itself and answers nothing."""
        if root.kind == self.kind:
            return kills(root) and not kills(fault)
        if is_crash(root):
            return not was_killed(root) and fault.details.get(details.KILLED) != "1"
        return super().follows_from(fault, root, root_explains=root_explains)

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return which probe fails and what it asks."""
        return f"{wording.pods} fail{wording.s} the {_probe(fault, wording.limit)}{_allowed(fault)}"

    def symptom(self, fault: Fault, limit: int) -> str:
        """Return which probe fails and what it asks."""
        return f"new pods fail the {_probe(fault, limit)}{_allowed(fault)}"

    def remedy(self, fault: Fault, pod: Subject, describe: str) -> Advice:
        """Return a look at a pod, and what helps one that only starts more slowly than its probe allows."""
        if not _allowed(fault):
            return super().remedy(fault, pod, describe)
        helps = f"raise failureThreshold of the {fault.details.get(details.PROBE, '')} probe"
        return Advice(command=describe, remark=f"if it only starts slowly, {helps}, else see its logs")


def kills(fault: Fault) -> bool:
    """Tell whether a failing probe ends its container."""
    return fault.details.get(details.PROBE) in KILLING


def _allowed(fault: Fault) -> str:
    """Return `, 30 s after each start` where it ended the container each time as soon as it allows no more."""
    allowed = fault.details.get(details.PROBE_ALLOWS, "")
    return f", {allowed} s after each start" if COUNT.fullmatch(allowed) and kills(fault) else ""


def _probe(fault: Fault, limit: int) -> str:
    """Return which probe fails and what it asks: `readiness probe (/ready)`."""
    told = fault.details.get(details.PROBE_TARGET, "")
    told = told if _TARGET.fullmatch(told) and "//" not in told else ""
    target = shorten_middle(told if len(told) <= limit else told.partition(" on port ")[0], limit)
    name = fault.details.get(details.PROBE, "")
    return f"{name if name in PROBES else 'health'} probe{container_named(fault, limit, ' of')}" + (
        f" ({target})" if target else ""
    )
