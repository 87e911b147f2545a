"""Two that want the same port, of which only one can have it."""

from noctuary.analyzers.base import Wording
from noctuary.analyzers.specs.base import Standing
from noctuary.common.words import is_label, object_name, port_list
from noctuary.models import details
from noctuary.models.diagnosis import Fault

HOST_PORT_TAKEN = "HostPortTaken"
PORT_TWICE = "ContainerPortTwice"


class PortConflict(Standing):
    """Of one node's port, or of one pod's: told only of pods that are not ready."""

    kind = "port_conflict"
    reasons = frozenset({HOST_PORT_TAKEN, PORT_TWICE})
    follows_change_of = ("ports", "containers")
    prior = 0.25
    why = "only one of them can have it"
    is_root = True
    may_follow_from_node = True

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return who wants which port, and who has it."""
        return f"{wording.pods} want{wording.s} {_wanted(fault, wording.limit, is_many=wording.is_many)}"

    def symptom(self, fault: Fault, limit: int) -> str:
        """Return which port new pods want."""
        return f"new pods want {_wanted(fault, limit, is_many=True)}"


def _wanted(fault: Fault, limit: int, *, is_many: bool) -> str:
    named = port_list(fault.details.get(details.PORT), limit)
    port = f"port {named}" if named else "a port"
    if fault.details.get(details.REASON) == HOST_PORT_TAKEN:
        holder = object_name(fault.details.get(details.WORKLOAD), limit) or "another workload"
        return f"{port} of {'their nodes' if is_many else 'its node'}, which {holder} wants as well"
    names = [name for name in fault.details.get(details.INSTEAD, "").split(",") if is_label(name)]
    of = f", in {'their' if is_many else 'its'} containers {' and '.join(names[:2])}" if len(names) > 1 else ""
    return f"{port} twice{of}"
