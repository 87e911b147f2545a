"""A Service that leads to no pod because its selector finds none."""

from noctuary.analyzers.base import Advice, Wording, kubectl, kubectl_list
from noctuary.analyzers.specs.base import Standing, object_of
from noctuary.common.words import label_list, object_name
from noctuary.models import details
from noctuary.models.diagnosis import Fault, Subject

SELECTS_NOTHING = "ServiceSelectsNothing"
"""Our own word: Kubernetes reports no Event of a Service without endpoints."""


class EmptyService(Standing):
    """Read from specs: pods may well be ready beside it."""

    kind = "empty_service"
    reasons = frozenset({SELECTS_NOTHING})
    prior = 0.25
    why = "nothing answers for it"

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return what selects nothing, what it asks for, and what pods carry instead."""
        service = object_name(fault.details.get(details.BACKEND), wording.limit) or wording.name
        asked, carried = (
            label_list(fault.details.get(name), wording.limit) for name in (details.SELECTOR, details.INSTEAD)
        )
        workload = object_name(fault.details.get(details.WORKLOAD), wording.limit)
        told = f" ({asked})" if asked else ""
        if asked and carried and workload:
            told = f": it asks for {asked}, and {workload} has {carried}"
        return f"Service {service} selects no pod{told}"

    def remedy(self, fault: Fault, _pod: Subject, describe: str) -> Advice:
        """Return the commands that show its selector and the labels of the pods."""
        command = kubectl(object_of(fault, "Service"), "describe", kind="Service")
        pods = kubectl_list(fault.subject.namespace, "pods")
        more = (f"{pods} --show-labels",) if command and pods else ()
        return Advice(command=command or describe, remark="compare its selector with the labels of the pods", more=more)
