"""Which nodes an incident asks for, and what stands where they cannot be read."""

import asyncio

import pytest

from noctuary.common.errors import KubernetesUnavailable
from noctuary.incidents.evidence.nodes import nodes_as_they_are, troubled_nodes
from noctuary.models.context_event import ContextEvent
from noctuary.models.node_view import NodeView
from testbed.correlation_world import fault, node

KNOWN = [NodeView("node-1")]
GONE = NodeView("node-2", is_gone=True)


class Asked:
    """Reads nodes, or fails, and keeps what it was asked for."""

    def __init__(self, error: Exception | None = None) -> None:
        self.names: list[list[str]] = []
        self.error = error

    async def read(self, names: list[str]) -> list[NodeView]:
        self.names.append(names)
        if self.error is not None:
            raise self.error
        return [GONE]


def soon() -> float:
    return asyncio.get_running_loop().time() + 60


async def test_only_nodes_that_are_not_known_are_asked_for() -> None:
    asked = Asked()
    assert await nodes_as_they_are(asked.read, ["node-1", "node-2"], KNOWN, soon()) == [*KNOWN, GONE]
    assert await nodes_as_they_are(asked.read, ["node-1"], KNOWN, soon()) == KNOWN
    assert asked.names == [["node-2"]]


@pytest.mark.parametrize("error", [KubernetesUnavailable(503, "Down", "down"), OSError("reset"), TimeoutError()])
async def test_what_is_known_stands_where_others_cannot_be_read(error: Exception) -> None:
    assert await nodes_as_they_are(Asked(error).read, ["node-2"], KNOWN, soon()) == KNOWN


async def test_after_the_deadline_no_answer_is_waited_for() -> None:
    async def never(_names: list[str]) -> list[NodeView]:
        await asyncio.Event().wait()
        return []

    assert await nodes_as_they_are(never, ["node-2"], KNOWN, 0.0) == KNOWN


@pytest.mark.parametrize(
    ("events", "names"),
    [
        ([node(300)], []),
        ([node(300), fault(200, node="node-7")], ["node-7"]),
        ([node(300), fault(200, node="node-8")], []),
        ([node(300, "a"), node(300, "b"), fault(200, node="a"), fault(100, pod=1, node="b")], ["b", "a"]),
    ],
)
def test_the_nodes_that_pods_failed_on_are_asked_for(events: list[ContextEvent], names: list[str]) -> None:
    assert troubled_nodes(events) == names
