"""A Service that a rollout's new pods are not behind, because their labels changed."""

from noctuary.analyzers.base import Advice, Wording, kubectl
from noctuary.analyzers.specs.base import Standing, object_of
from noctuary.common.words import label_list, object_name
from noctuary.models import details
from noctuary.models.diagnosis import Fault, Subject

MISSES_NEW_PODS = "ServiceMissesNewPods"


class DriftedService(Standing):
    """Old pods still serve: with the last of them the Service selects nothing."""

    kind = "drifted_service"
    reasons = frozenset({MISSES_NEW_PODS})
    follows_change_of = ("labels",)
    prior = 0.15
    why = "the more pods are replaced, the fewer answer"

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return whose new pods it does not find, and why."""
        service = object_name(fault.details.get(details.BACKEND), wording.limit) or wording.name
        workload = object_name(fault.details.get(details.WORKLOAD), wording.limit) or "its workload"
        asked, carried = (
            label_list(fault.details.get(name), wording.limit) for name in (details.SELECTOR, details.INSTEAD)
        )
        instead = f", new ones have {carried}" if carried else ""
        told = f": it asks for {asked}{instead}" if asked else ""
        return f"Service {service} selects only old pods of {workload}{told}"

    def remedy(self, fault: Fault, _pod: Subject, describe: str) -> Advice:
        """Return the command that shows its selector."""
        command = kubectl(object_of(fault, "Service"), "describe", kind="Service")
        return Advice(command=command or describe, remark="compare its selector with the labels of the new pods")
