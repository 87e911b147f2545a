"""A NetworkPolicy that keeps pods from what they call, or their callers from them."""

from noctuary.analyzers.base import Advice, Wording, kubectl
from noctuary.analyzers.specs.base import Standing
from noctuary.common.words import object_name, port_list
from noctuary.models import details
from noctuary.models.diagnosis import Fault, Subject

BLOCKS_CALLERS = "PolicyBlocksCallers"
BLOCKS_CALLS = "PolicyBlocksCalls"
BLOCKS_DNS = "PolicyBlocksDNS"
BLOCKS_ALL = "PolicyBlocksAll"


class NetworkPolicy(Standing):
    """Read from specs: whether the cluster's network enforces policies, nobody tells."""

    kind = "network_policy"
    reasons = frozenset({BLOCKS_CALLERS, BLOCKS_CALLS, BLOCKS_DNS, BLOCKS_ALL})
    prior = 0.2
    why = "what is not allowed by any policy times out"

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return which policy keeps whom from what."""
        return f"NetworkPolicy {wording.name} {_keeps(fault, wording.limit)}"

    def remedy(self, fault: Fault, _pod: Subject, describe: str) -> Advice:
        """Return the command that shows what it lets through."""
        command = kubectl(fault.subject, "describe", kind="NetworkPolicy")
        return Advice(command=command or describe, remark="what it lets through")


def _keeps(fault: Fault, limit: int) -> str:
    workload = object_name(fault.details.get(details.WORKLOAD), limit) or "its pods"
    other = object_name(fault.details.get(details.INSTEAD), limit)
    port = port_list(fault.details.get(details.PORT), limit)
    on = f" on port {port}" if port else ""
    reason = fault.details.get(details.REASON)
    if reason == BLOCKS_DNS:
        return f"keeps {workload} from DNS, so it finds no name"
    if reason == BLOCKS_ALL:
        return f"lets nobody call {workload}"
    if reason == BLOCKS_CALLERS:
        return f"keeps {other or 'its callers'} from calling {workload}{on}"
    return f"keeps {workload} from calling {other or 'others'}{on}"
