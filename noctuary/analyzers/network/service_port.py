"""A Service that leads to a port that its pods do not have."""

from noctuary.analyzers.base import Advice, Wording, kubectl
from noctuary.analyzers.specs.base import Standing, object_of
from noctuary.common.words import object_name, port_list
from noctuary.models import details
from noctuary.models.diagnosis import Fault, Subject

NAME_UNKNOWN = "ServiceTargetPortUnknown"
"""A target by name that no container has: nobody can be reached by it."""
NUMBER_UNDECLARED = "ServiceTargetPortUndeclared"
"""A target by number that no container declares, while it declares others."""
OTHER_PROTOCOL = "ServiceProtocolMismatch"


class ServicePort(Standing):
    """Read from specs: pods may well be ready beside it."""

    kind = "service_port"
    reasons = frozenset({NAME_UNKNOWN, NUMBER_UNDECLARED, OTHER_PROTOCOL})
    follows_change_of = ("ports",)
    prior = 0.2
    why = "nothing answers there"

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return where it leads, and what the pods have instead."""
        service = object_name(fault.details.get(details.BACKEND), wording.limit) or wording.name
        target = port_list(fault.details.get(details.PORT), wording.limit)
        workload = object_name(fault.details.get(details.WORKLOAD), wording.limit) or "its workload"
        there = port_list(fault.details.get(details.INSTEAD), wording.limit)
        if fault.details.get(details.REASON) == OTHER_PROTOCOL:
            has = f"has {there or 'another protocol'} there"
            return f"Service {service} leads to {target or 'a port'}, and {workload} {has}"
        has = f"has {there}" if there else "has no such port"
        return f"Service {service} leads to {f'port {target}' if target else 'a port'}, and {workload} {has}"

    def remedy(self, fault: Fault, _pod: Subject, describe: str) -> Advice:
        """Return the command that shows its ports."""
        command = kubectl(object_of(fault, "Service"), "describe", kind="Service")
        return Advice(command=command or describe, remark="compare its targetPort with the ports of the containers")
