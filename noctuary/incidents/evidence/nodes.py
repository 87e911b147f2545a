"""How nodes are that were in trouble: also those that no pod of a service is on any more."""

import asyncio
from collections.abc import Iterable

import structlog

from noctuary.common.errors import KubernetesError
from noctuary.correlation.placing import is_node_event
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Diagnosis
from noctuary.models.live_view import NodeReader
from noctuary.models.node_view import NodeView

log = structlog.get_logger()


def troubled_nodes(events: Iterable[ContextEvent]) -> list[str]:
    """Return the nodes of which a trouble is stored and a fault of a pod as well, the last one first."""
    told = [(event.last_seen, event.object, is_node_event(event)) for event in events if event.object is not None]
    ours = {ref.node for _, ref, is_node in told if not is_node}
    bad = sorted(((at, ref.name) for at, ref, is_node in told if is_node and ref.name in ours), reverse=True)
    return list(dict.fromkeys(name for _, name in bad))


def blamed_nodes(diagnosis: Diagnosis) -> list[str]:
    """Return the nodes that a note names as in trouble."""
    faults = (fault for cause in diagnosis.causes for fault in cause.faults)
    return list(dict.fromkeys(fault.subject.name for fault in faults if fault.subject.kind == "Node"))


async def nodes_as_they_are(
    reader: NodeReader | None, names: list[str], known: list[NodeView], deadline: float
) -> list[NodeView]:
    """Return the nodes that are known, and those of the names that are not, as far as they can be read in time."""
    seen = {node.name for node in known}
    missing = [name for name in names if name not in seen]
    if reader is None or not missing:
        return known
    try:
        async with asyncio.timeout_at(deadline):
            return [*known, *await reader(missing)]
    except (KubernetesError, TimeoutError, OSError) as error:
        log.info("Nodes could not be read", error=str(error) or "timeout")
        return known
