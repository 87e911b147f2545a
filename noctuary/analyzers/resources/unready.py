"""Pods that run and are not ready, and which of their containers keeps them so."""

import re

from noctuary.analyzers.base import Advice, Analyzer, Wording, in_container, kubectl
from noctuary.common.text import clean, shorten_middle
from noctuary.common.words import is_label, resource_name
from noctuary.models import details
from noctuary.models.diagnosis import Fault, Subject

INIT, SIDECAR, NOT_READY, GATE = "InitContainerRuns", "SidecarNotStarted", "ContainerNotReady", "ReadinessGateClosed"
_GATE = re.compile(r"readiness gate \"([-\w./]{1,316})\"")


class Unready(Analyzer):
    """What goes on and reports nothing; what fails tells more, and this follows from it."""

    kind = "unready"
    reasons = frozenset({INIT, SIDECAR, NOT_READY, GATE})
    prior = 0.15
    why = "its pods are not ready"
    is_specific = False
    is_consequence = True
    tells_cause = False
    names_reason = True
    begins_when_unready = True
    is_nothing_when_gone = True
    follows_dependency = True

    def follows_from(self, _fault: Fault, root: Fault, *, root_explains: bool) -> bool:
        """Follow from whatever fails in the same pods."""
        return root_explains or root.kind != self.kind

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return what its pods wait for."""
        return f"{wording.pods} {self._wait(fault, wording.limit, wording.s)}"

    def symptom(self, fault: Fault, limit: int) -> str:
        """Return what new pods wait for."""
        return f"new pods {self._wait(fault, limit, '')}"

    def _wait(self, fault: Fault, limit: int, s: str) -> str:
        told = fault.details.get(details.CONTAINER, "")
        name = f" {shorten_middle(told, limit)}" if is_label(told) else ""
        match fault.details.get(details.REASON):
            case str(reason) if reason == INIT:
                return f"wait{s} for init container{name} to end"
            case str(reason) if reason == SIDECAR:
                return f"wait{s} for sidecar{name} to start"
            case str(reason) if reason == GATE:
                found = _GATE.search(clean(fault.details.get(details.MESSAGE, ""), 400))
                gate = shorten_middle(resource_name(found[1]), limit) if found else ""
                return f"wait{s} for readiness gate {gate}" if gate else f"wait{s} for a readiness gate"
        return f"wait{s} for container{name} to be ready, while the others are"

    def message(self, _fault: Fault) -> str:
        """Return nothing: the sentence names what is waited for."""
        return ""

    def remedy(self, fault: Fault, pod: Subject, describe: str) -> Advice:
        """Return the container's log, which says what it waits for itself; of a gate a look at the pod."""
        logs = kubectl(pod, "logs", kind="")
        is_known = is_label(fault.details.get(details.CONTAINER, ""))
        return Advice(command=logs + in_container(fault) if logs and is_known else describe)
