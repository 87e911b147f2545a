"""Nodes in the live view: what is wrong with each, since when it is well, and which are gone."""

from typing import Any

import msgspec
import pytest

from noctuary.common.clock import parse_time
from noctuary.common.errors import KubernetesError
from noctuary.models.node_view import NodeView
from noctuary.sources.kubernetes.kinds.nodes import Node
from noctuary.sources.kubernetes.live import MAX_NODES, view_nodes
from noctuary.sources.kubernetes.live_reader import make_node_reader
from tests.unit.sources.cases.nodes import LATER, cordoned, node
from tests.unit.sources.watched_case import AT, Manifest

BEGAN, TURNED = parse_time(AT), parse_time(LATER)
NOW = TURNED + 60


def decoded(raw: Manifest) -> Node:
    return msgspec.json.decode(msgspec.json.encode(raw), type=Node)


@pytest.mark.parametrize(
    ("raw", "wrong", "well"),
    [
        (node("Ready", "True", LATER), {}, {"NodeNotReady": TURNED}),
        (node("Ready", "Unknown"), {"NodeNotReady": BEGAN}, {}),
        (node("DiskPressure", "False", LATER), {}, {"NodeDiskPressure": TURNED}),
        (node("NetworkUnavailable", "True"), {"NodeNetworkUnavailable": BEGAN}, {}),
        (node("Odd", "False"), {}, {}),
        (cordoned(), {"NodeUnschedulable": BEGAN}, {}),
    ],
)
def test_a_node_tells_what_is_wrong_and_what_is_well_since_when(
    raw: Manifest, wrong: dict[str, float], well: dict[str, float]
) -> None:
    assert view_nodes({"node-1": decoded(raw)}, NOW).nodes == [NodeView("node-1", wrong=wrong, well=well)]


def test_a_node_that_does_not_exist_is_gone_and_has_no_fault() -> None:
    view = view_nodes({"node-1": decoded(node("Ready", "False")), "node-2": None}, NOW)
    assert [event.entity for event in view.events] == ["node-1"]
    assert view.nodes[1] == NodeView("node-2", is_gone=True)


@pytest.mark.parametrize(
    ("reason", "began", "ended"),
    [
        ("NodeNotReady", BEGAN, None),
        ("NodeNotReady", BEGAN - 600, 0.0),
        ("NodeDiskPressure", BEGAN - 600, TURNED),
        ("NodeUnschedulable", BEGAN, 0.0),
    ],
)
def test_a_trouble_goes_on_only_where_it_is_the_one_that_holds(reason: str, began: float, ended: float | None) -> None:
    now = NodeView("node-1", wrong={"NodeNotReady": BEGAN}, well={"NodeDiskPressure": TURNED})
    assert now.end_of(reason, began) == ended


def test_what_was_seen_to_end_keeps_its_end_although_the_node_is_well_since_a_later_trouble() -> None:
    now = NodeView("node-1", well={"NodeNotReady": TURNED})
    assert now.end_of("NodeNotReady", BEGAN - 600, told=BEGAN - 500) == BEGAN - 500


class OneNode:
    """Answers reads of one node, and counts all."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    async def get(self, path: str, **_more: Any) -> bytes:
        self.paths.append(path)
        if not path.endswith("/node-1"):
            raise KubernetesError(404, "NotFound", "not found")
        return msgspec.json.encode(node("Ready", "True", LATER))


async def test_nodes_are_read_by_name_and_so_many_at_most() -> None:
    api: Any = OneNode()
    read = make_node_reader(api)
    assert read is not None
    found = await read(["node-1", *(f"gone-{number}" for number in range(2 * MAX_NODES))])
    assert [each.name for each in found if not each.is_gone] == ["node-1"]
    assert len(api.paths) == len(found) == MAX_NODES


def test_a_release_that_watches_single_namespaces_reads_no_nodes() -> None:
    api: Any = OneNode()
    assert make_node_reader(api, ["shops"]) is None
