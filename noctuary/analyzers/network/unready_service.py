"""A Service whose pods are all not ready, so that it leads nowhere."""

from noctuary.analyzers.base import Analyzer, Wording
from noctuary.common.text import plural
from noctuary.common.words import COUNT, object_name
from noctuary.models import details
from noctuary.models.diagnosis import Fault

NO_READY_POD = "ServiceHasNoReadyPod"


class UnreadyService(Analyzer):
    """It follows from whatever ails the pods, and is told where nothing else of them is."""

    kind = "unready_service"
    reasons = frozenset({NO_READY_POD})
    prior = 0.1
    why = "nothing answers for it"
    is_specific = False
    is_consequence = True
    names_reason = True
    tells_cause = False
    follows_dependency = True
    follows_scaling_down = True

    def follows_from(self, fault: Fault, root: Fault, *, root_explains: bool) -> bool:  # noqa: ARG002
        """Follow from anything else that is wrong with the same pods."""
        return root.kind != self.kind

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return which Service leads nowhere, and of how many pods none is ready."""
        service = object_name(fault.details.get(details.BACKEND), wording.limit)
        count = fault.details.get(details.COUNT, "")
        pods = f"none of its {plural(int(count), 'pod')}" if COUNT.fullmatch(count) and int(count) > 1 else "no pod"
        return f"Service {service or wording.name} leads nowhere: {pods} is ready"
