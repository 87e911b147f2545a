"""A node on which pods of several workloads fail that run well elsewhere."""

import msgspec
import pytest

from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Relation, ServiceView
from noctuary.models.live_view import LiveView
from noctuary.models.node_view import NodeView
from noctuary.models.service_index import ServiceIndex
from noctuary.sources.kubernetes.live_namespace import Namespace, members_of
from noctuary.sources.kubernetes.specs.pods import LivePod
from noctuary.sources.kubernetes.surroundings.suspect_nodes import suspect_nodes, with_suspects
from tests.unit.sources.resources.world import EARLIER, NOW, SOON, thing

Placed = tuple[str, str, bool]
"""The workload of a pod, its node, and whether it is ready."""
BAD: list[Placed] = [("pay", "n1", False), ("pay", "n2", True), ("cart", "n1", False), ("cart", "n3", True)]
PAY = ServiceIndex([ServiceView("pay", Relation.OWN, "shops", ["shops"])])


def suspects(placed: list[Placed], made: str = EARLIER) -> list[ContextEvent]:
    found = Namespace("shops")
    for number, (workload, node, ready) in enumerate(placed):
        owner = {"kind": "ReplicaSet", "name": f"{workload}-h", "uid": workload, "controller": True}
        meta = {"labels": {"app": workload, "pod-template-hash": "h"}, "ownerReferences": [owner]}
        turned = {"type": "Ready", "status": str(ready), "lastTransitionTime": EARLIER}
        raw = thing("pods", f"p{number}", made, spec={"nodeName": node}, status={"conditions": [turned]}, **meta)
        found.pods[str(number)] = msgspec.convert(raw, type=LivePod)
    return list(suspect_nodes([found], members_of(found, PAY), NOW))


def test_a_node_is_suspected_where_pods_of_two_workloads_fail_that_run_elsewhere() -> None:
    (event,) = suspects(BAD)
    assert (event.entity, event.details["reason"], event.details["workloads"]) == ("n1", "PodsFailOnNode", "2")
    assert event.timestamp < event.last_seen == NOW


@pytest.mark.parametrize(
    "placed",
    [
        BAD[:2],
        [("pay", "n1", False), ("cart", "n1", False)],
        [*BAD[:3], ("cart", "n1", True)],
        [*BAD, ("cart", "n2", False)],
        [("pay", "n1", True), ("pay", "n2", True), *BAD[2:], ("web", "n1", False), ("web", "n2", True)],
    ],
    ids=[
        "one workload",
        "nothing runs elsewhere",
        "runs on the node",
        "fails elsewhere, too",
        "none of the incident's",
    ],
)
def test_a_node_is_not_suspected_for_what_may_be_the_workloads_own(placed: list[Placed]) -> None:
    assert suspects(placed) == []


def test_pods_that_start_make_no_node_suspect() -> None:
    assert suspects(BAD, SOON) == []


@pytest.mark.parametrize(
    ("wrong", "told"), [({}, ["n1"]), ({"NodeUnschedulable": 1.0}, ["n1"]), ({"NodeNotReady": 1.0}, [])]
)
def test_a_node_that_says_what_is_wrong_is_not_suspected_besides(wrong: dict[str, float], told: list[str]) -> None:
    view = with_suspects(LiveView(nodes=[NodeView("n1", wrong=wrong)]), suspects(BAD))
    assert [event.entity for event in view.events] == told
    assert ("PodsFailOnNode" in view.nodes[0].wrong) is bool(told)
