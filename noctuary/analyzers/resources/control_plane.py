"""Pods and workloads that nobody acts upon: a part of the control plane is down, or was never there."""

from noctuary.analyzers.base import Advice, Analyzer, Wording, kubectl
from noctuary.common.words import is_subdomain, object_name, resource_name
from noctuary.models import details
from noctuary.models.diagnosis import Fault, Subject

NO_SCHEDULER, NO_CONTROLLER, NO_KUBELET = "NotTriedToSchedule", "SpecNotObserved", "NotTriedToStart"
GATED = "SchedulingGated"
"""The condition's own word."""


class ControlPlane(Analyzer):
    """Told by what is missing: whoever would write an Event is what does not run."""

    kind = "control_plane"
    reasons = frozenset({NO_SCHEDULER, NO_CONTROLLER, NO_KUBELET, GATED})
    prior = 0.25
    why = "nothing acts upon it"
    names_reason = True
    is_root = True
    needs_start = True

    def is_outside(self, fault: Fault) -> bool:
        """Tell that a template can only name another scheduler or a gate."""
        is_named = details.SCHEDULER in fault.details or fault.details.get(details.REASON) == GATED
        return not is_named

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return who does nothing about what."""
        return self._told(fault, wording.pods, wording)

    def symptom(self, fault: Fault, limit: int) -> str:
        """Return who does nothing about new pods."""
        name = object_name(fault.subject.name, limit) or "it"
        return self._told(fault, "new pods", Wording(name, "new pods", is_many=True, limit=limit))

    def _told(self, fault: Fault, pods: str, wording: Wording) -> str:
        reason = fault.details.get(details.REASON)
        if reason == NO_CONTROLLER:
            return f"no controller acts on the changed spec of {wording.name}"
        if reason == NO_KUBELET:
            return f"{pods} {'are' if wording.is_many else 'is'} placed on a node that does not start {_them(wording)}"
        if reason == GATED:
            gate = resource_name(fault.details.get(details.GATE))
            return (
                f"{pods} wait{wording.s} for scheduling gate {gate}" if gate else f"{pods} wait{wording.s} for a gate"
            )
        other = object_name(fault.details.get(details.SCHEDULER), wording.limit)
        nobody = f"scheduler {other} does not take" if other else "no scheduler takes"
        return f"{pods} wait{wording.s}, and {nobody} {_them(wording)}"

    def remedy(self, fault: Fault, _pod: Subject, describe: str) -> Advice:
        """Return where to look: the control plane is mostly somebody else's."""
        match fault.details.get(details.REASON):
            case str(reason) if reason == NO_SCHEDULER:
                other = fault.details.get(details.SCHEDULER, "")
                who = f"scheduler {other}" if is_subdomain(other) else "kube-scheduler"
                return Advice(f"check that {who} runs; the pods:", describe)
            case str(reason) if reason == NO_CONTROLLER:
                look = kubectl(fault.subject, "describe", kind=fault.subject.kind) or describe
                return Advice("check that kube-controller-manager runs; the workload:", look)
            case str(reason) if reason == NO_KUBELET:
                return Advice("check the kubelet of the node; the pod:", describe)
        return Advice(command=describe, remark="see who takes the gate away")


def _them(wording: Wording) -> str:
    return "them" if wording.is_many else "it"
