"""A node in trouble."""

from noctuary.analyzers.base import Advice, Analyzer, Wording, is_about_node, kubectl
from noctuary.common.words import COUNT, code_word, is_subdomain
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Fault, Subject

PODS_FAIL = "PodsFailOnNode"
"""Our own word: the node itself reports nothing."""
TROUBLES = {
    "NodeNotReady": "is not ready",
    "NodeMemoryPressure": "runs out of memory",
    "NodeDiskPressure": "runs out of disk",
    "NodePIDPressure": "runs out of process ids",
    "NodeNetworkUnavailable": "has no network",
}

_BRING_BACK = "bring its machine, kubelet and network back, or drain and replace it; Deployments leave it after 5 min"
HELP = {
    "NodeNotReady": _BRING_BACK,
    "NodeNetworkUnavailable": "repair its network plugin or its routes, or replace it",
    "NodeMemoryPressure": "end or move what uses most memory, then set memory requests and limits",
    "NodeDiskPressure": "free its disk: images, logs and emptyDir volumes; or move what writes most",
    "NodePIDPressure": "end or move what starts most processes",
    PODS_FAIL: "see what these pods cannot reach from there, such as network, DNS or disk, or cordon and drain it",
}
"""What helps, by the reason; five minutes are what pods tolerate a node that is not ready by default."""

_TAINTS = {
    "NodeUnschedulable": ("unschedulable",),
    "NodeNotReady": ("not-ready", "unreachable"),
    "NodeMemoryPressure": ("memory-pressure",),
    "NodeDiskPressure": ("disk-pressure",),
    "NodePIDPressure": ("pid-pressure",),
    "NodeNetworkUnavailable": ("network-unavailable",),
}
"""What the scheduler says of a node that takes no pods, by the node's reason."""


class Node(Analyzer):
    """Whatever is reported of a node."""

    kind = "node"
    prior = 0.15
    names_reason = True

    def recognises(self, event: ContextEvent) -> bool:
        """Take all that is about a node."""
        return is_about_node(event)

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return what is wrong with it."""
        reason = fault.details.get(details.REASON, "")
        if reason == PODS_FAIL:
            count = fault.details.get(details.WORKLOADS, "")
            told = count if COUNT.fullmatch(count) else "several"
            return f"on node {wording.name} pods of {told} workloads fail that run well elsewhere"
        trouble = TROUBLES.get(reason) or f"is in trouble ({code_word(reason) or 'unknown'})"
        return f"node {wording.name} {trouble}"

    def remedy(self, fault: Fault, _pod: Subject, _describe: str) -> Advice:
        """Return what helps a node: a look at it is none."""
        name, reason = fault.subject.name, fault.details.get(details.REASON, "")
        if not is_subdomain(name):
            return Advice("see what the node reports, and move its pods to another one")
        if fault.is_over:
            return look_back(name, fault)
        helps = HELP.get(reason, "see what it reports, and drain it if it does not recover")
        return Advice(f"node {name}: {helps}. What runs on it:", _pods_on(name))


def look_back(name: str, fault: Fault) -> Advice:
    """Return what is left to do about a node whose trouble is over: nothing of it is to be brought back."""
    if details.GONE in fault.details:
        return Advice(f"node {name} does not exist any more: see at the cloud, or the autoscaler of nodes, why it went")
    words = f"node {name} reports itself well again; see in its conditions and events why it was not:"
    return Advice(words, kubectl(Subject("Node", "", name), "describe", kind="Node"))


def keeps_pods_away(bad: Fault, scheduler_message: str) -> bool:
    """Tell whether a node's trouble is among the reasons for which the scheduler found no node."""
    words = _TAINTS.get(bad.details.get(details.REASON, ""), ())
    return any(word in scheduler_message for word in words)


def _pods_on(name: str) -> str:
    return f"kubectl get pods -A -o wide --field-selector spec.nodeName={name}"
