"""Workloads whose controller waits for something that does not come by itself."""

from noctuary.analyzers.base import Advice, Analyzer, Wording, kubectl
from noctuary.common.words import is_label, is_subdomain, object_name
from noctuary.models import details
from noctuary.models.diagnosis import Fault, Subject

DEADLINE = "ProgressDeadlineExceeded"
"""The Deployment controller's own word, in a condition."""
PAUSED, ORDINAL, ON_OLD_POD, NO_NODE = "RolloutPaused", "OrdinalNotReady", "OldPodNotReady", "NoNodeSelected"


class Stalled(Analyzer):
    """Why it waits is mostly a fault of its pods, of which this only follows."""

    kind = "stalled"
    reasons = frozenset({DEADLINE, PAUSED, ORDINAL, ON_OLD_POD, NO_NODE})
    prior = 0.1
    why = "its rollout does not go on"
    is_specific = False
    is_consequence = True
    tells_cause = False
    names_reason = True
    stops_pods = False
    may_follow_from_node = False

    def follows_from(self, fault: Fault, root: Fault, *, root_explains: bool) -> bool:
        """Follow from whatever is wrong with its pods, but where it needs more than their mending."""
        is_own = fault.details.get(details.REASON) in (PAUSED, ON_OLD_POD, NO_NODE)
        return not is_own and (root_explains or root.kind != self.kind)

    def is_outside(self, fault: Fault) -> bool:
        """Tell that what a pause or an old pod keeps from beginning has done nothing yet."""
        return fault.details.get(details.REASON) in (PAUSED, ON_OLD_POD)

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return what does not go on, and where it stands."""
        pod = object_name(fault.details.get(details.ORDINAL), wording.limit) or "one of its pods"
        match fault.details.get(details.REASON):
            case str(reason) if reason == PAUSED:
                return f"the rollout of {wording.name} is paused{_reached(fault)}"
            case str(reason) if reason == ORDINAL:
                return f"{wording.name} has {_counted(fault)}: the next waits until {pod} is ready"
            case str(reason) if reason == ON_OLD_POD:
                return f"the rollout of {wording.name} waits for {pod}, which has an older version and is not ready"
            case str(reason) if reason == NO_NODE:
                return f"no node matches what {wording.name} asks for, so it runs nowhere"
        return f"the rollout of {wording.name} did not end in time{_reached(fault)}"

    def remedy(self, fault: Fault, _pod: Subject, describe: str) -> Advice:
        """Return what lets it go on."""
        reason, subject = fault.details.get(details.REASON), fault.subject
        look = kubectl(subject, "describe", kind=subject.kind) or describe
        if reason == PAUSED:
            resume = kubectl(subject, "rollout", "resume", kind=subject.kind)
            return Advice(command=resume or look, remark="unless somebody paused it on purpose", changes=bool(resume))
        if reason == ON_OLD_POD and (delete := _delete(fault)):
            return Advice(command=delete, remark="it is made anew in the version that is wanted", changes=True)
        if reason == NO_NODE:
            return Advice(command=look, remark="compare its node selector with the labels of the nodes")
        return Advice(command=look)


def _delete(fault: Fault) -> str:
    name = fault.details.get(details.ORDINAL, "")
    pod = Subject("Pod", fault.subject.namespace, name)
    is_its_own = name.startswith(f"{fault.subject.name}-")
    return kubectl(pod, "delete", kind="pod") if is_its_own and is_subdomain(name) and is_label(pod.namespace) else ""


def _counted(fault: Fault) -> str:
    has, _, wants = fault.details.get(details.REPLICAS, "").partition(" of ")
    is_told = has.isdecimal() and wants.isdecimal() and len(has + wants) < 12
    return f"{has} of {wants} pods" if is_told else "not all its pods"


def _reached(fault: Fault) -> str:
    return f" ({_counted(fault)} have the new version)" if details.REPLICAS in fault.details else ""
