"""Pods that a node refused after they were scheduled to it."""

from noctuary.analyzers.base import Analyzer, Wording
from noctuary.common.words import resource_name
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Fault

OUT_OF = "OutOf"
WHYS = {
    "OutOfcpu": "not enough CPU",
    "OutOfmemory": "not enough memory",
    "OutOfephemeral-storage": "not enough disk",
    "OutOfpods": "too many pods",
    "NodeAffinity": "it does not match the pod's rules any more",
    "NodeName": "it is not the node that was asked for",
    "NodePorts": "a host port is taken",
    "NodeShutdown": "it is shutting down",
    "UnexpectedAdmissionError": "a device or resource could not be given",
    "TopologyAffinityError": "its CPUs and memory cannot be given from one place",
    "SysctlForbidden": "a sysctl is not allowed",
    "AppArmor": "its AppArmor profile is missing",
    "PodOSNotSupported": "it runs another operating system",
    "PodOSSelectorNodeLabelDoesNotMatch": "it runs another operating system",
    "InitContainerRestartPolicyForbidden": "it is too old for sidecars",
    "SupplementalGroupsPolicyNotSupported": "its runtime is too old",
    "UnexpectedPredicateFailureType": "a check failed",
}
"""What the kubelet calls its refusals; it refuses other resources as `OutOf<resource>`."""


class Admission(Analyzer):
    """The kubelet's own check: the scheduler did not know better, or the node has changed since."""

    kind = "admission"
    reasons = frozenset(WHYS)
    prior = 0.2
    why = "their node refuses pods"
    needs_start = True
    names_reason = True

    def recognises(self, event: ContextEvent) -> bool:
        """Take all resources that a node was out of."""
        reason = event.details.get(details.REASON, "")
        is_pod = event.object is not None and event.object.kind == "Pod"
        return super().recognises(event) or (is_pod and reason.startswith(OUT_OF))

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return why the node refused."""
        return f"{wording.pods} {'were' if wording.is_many else 'was'} refused by the node ({_why(fault)})"

    def symptom(self, fault: Fault, _limit: int) -> str:
        """Return why nodes refuse."""
        return f"new pods are refused by their node ({_why(fault)})"


def _why(fault: Fault) -> str:
    reason = fault.details.get(details.REASON, "")
    return WHYS.get(reason) or f"not enough {resource_name(reason.removeprefix(OUT_OF)) or 'of a resource'}"
