"""Nodes in trouble: what ended is told so, and is a cause only while it may be why."""

from typing import NamedTuple

import pytest

from noctuary.correlation.score import counts_as_likely
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.models.diagnosis import PodView
from noctuary.models.node_view import NodeView
from testbed.correlation_world import ONSET, diagnose, event, fault, named, node, pod, rollout

BAD = "NodeNotReady"
NODE_7 = "node node-7"
QUIET = "nothing_relevant"


def well(ago: float) -> NodeView:
    return NodeView("node-7", well={BAD: ONSET - ago})


def wrong(ago: float) -> NodeView:
    return NodeView("node-7", wrong={BAD: ONSET - ago})


def bad(at: float, last: float | None = None, **facts: str) -> ContextEvent:
    """Build a node that is not ready, last seen so at a time."""
    kind = node(at).event_type
    return event("Node", "node-7", kind, at, {details.REASON: BAD, **facts}, last=at if last is None else last)


def stored(at: float, ended: float, **facts: str) -> ContextEvent:
    return bad(at, ended, **{details.ENDED: f"{ONSET - ended:.0f}"}, **facts)


def lost(at: float, last: float | None = None) -> ContextEvent:
    """Build a pod on the node."""
    return fault(at, BAD, "old", node="node-7", last=at if last is None else last)


GONE = NodeView("node-7", is_gone=True)
HERE = [pod("old", on="node-7", ready_changed_at=ONSET - 190)]
DOWN = [pod("old", on="node-7", ready=False)]
MOVED = [pod("old", 1, on="node-8")]


class World(NamedTuple):
    """What was reported, the pods, the nodes read live, who is blamed, and whether that is over and likely."""

    events: list[ContextEvent]
    pods: list[PodView]
    nodes: list[NodeView]
    blamed: str
    is_over: bool = False
    is_likely: bool = False


WORLDS = {
    "not read": World([bad(300), lost(298, 0)], DOWN, [], NODE_7, is_likely=True),
    "not ready still": World([bad(300), lost(298, 0)], DOWN, [wrong(300)], NODE_7, is_likely=True),
    "well minutes before": World([bad(300), lost(298)], HERE, [well(200)], NODE_7, is_over=True),
    "well minutes before, as was stored": World([stored(300, 200), lost(298)], HERE, [], NODE_7, is_over=True),
    "well minutes before, its pods ready": World([bad(300)], HERE, [well(200)], NODE_7, is_over=True),
    "well since after the onset": World(
        [bad(300), lost(298)], MOVED, [well(-20)], NODE_7, is_over=True, is_likely=True
    ),
    "well for long": World([bad(2400), lost(2398)], HERE, [well(1800)], QUIET),
    "well for long, as was stored": World([stored(2400, 1800), lost(2398)], HERE, [], QUIET),
    "well for long, while its pod still fails": World(
        [bad(2400), lost(2398, 0)], DOWN, [well(1800)], NODE_7, is_over=True
    ),
    "gone, nobody knows since when": World([bad(2400), lost(2398)], MOVED, [GONE], NODE_7, is_over=True),
    "gone minutes before": World([stored(400, 90, gone="1"), lost(398)], MOVED, [], NODE_7, is_over=True),
    "gone for long": World([stored(2400, 1800, gone="1"), lost(2398)], MOVED, [], QUIET),
    "stored as over, and read as wrong": World(
        [stored(300, 200), lost(298, 0)], DOWN, [wrong(300)], NODE_7, is_likely=True
    ),
    "over, and wrong again since": World(
        [bad(700), bad(300, 0), lost(298, 0)], DOWN, [wrong(300)], NODE_7, is_likely=True
    ),
    "its pod began to fail after it was well": World(
        [bad(900), fault(200, template="old", node="node-7", last=0)], DOWN, [well(700)], "crash_loop pay"
    ),
}


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_a_node_is_blamed_as_its_state_shows(world: World) -> None:
    found = diagnose(world.events, world.pods, nodes=world.nodes)
    assert named(found) == world.blamed
    if world.blamed == NODE_7:
        first = found.causes[0]
        assert (first.faults[0].is_over, counts_as_likely(first)) == (world.is_over, world.is_likely)


@pytest.mark.parametrize(
    ("told", "nodes", "until"),
    [
        (bad(300), [well(200)], 200.0),
        (stored(300, 200), [], 200.0),
        (stored(300, 200), [GONE], 200.0),
        (bad(300, 40), [well(200)], 40.0),
        (bad(300), [GONE], 300.0),
    ],
)
def test_a_nodes_trouble_lasted_until_it_ended_or_was_seen_last(
    told: ContextEvent, nodes: list[NodeView], until: float
) -> None:
    found = diagnose([told, lost(298)], HERE, nodes=nodes)
    assert found.causes[0].faults[0].last == ONSET - until


FLAP = stored(700, 660)
CRASH = fault(448, node="node-7", last=0)
CRASHING = [pod("new", on="node-7", ready=False, restarts=6, created_at=ONSET - 448)]


@pytest.mark.parametrize(
    ("told", "nodes"),
    [
        ([FLAP, bad(50, 0)], [wrong(50)]),
        ([FLAP, stored(300, 270)], [well(270)]),
        ([FLAP, stored(300, 270, gone="1")], [GONE]),
        ([FLAP], [GONE]),
        ([FLAP, stored(300, 270)], []),
    ],
    ids=["not ready again", "well again", "deleted", "deleted while well", "not read"],
)
def test_a_version_that_fails_between_two_outages_of_its_node_is_blamed_itself(
    told: list[ContextEvent], nodes: list[NodeView]
) -> None:
    found = diagnose([*told, rollout(450), CRASH], CRASHING, nodes=nodes)
    assert (named(found), counts_as_likely(found.causes[0])) == ("rollout pay new", True)


@pytest.mark.parametrize(
    ("told", "nodes", "outages"),
    [
        ([stored(250, 220), stored(150, 120)], [well(120)], [(150, 120), (250, 220)]),
        ([stored(250, 220), stored(150, 120)], [GONE], [(150, 120), (250, 220)]),
        ([stored(250, 150), stored(152, 120)], [well(120)], [(250, 120)]),
        ([bad(250), stored(150, 120)], [well(120)], [(250, 120)]),
        ([bad(250), bad(150, 0)], [wrong(150)], [(250, 0)]),
    ],
    ids=["well between", "well between, gone since", "bad in another way at once", "no end seen", "no end known"],
)
def test_a_nodes_outage_that_was_seen_to_end_is_one_of_its_own(
    told: list[ContextEvent], nodes: list[NodeView], outages: list[tuple[int, int]]
) -> None:
    found = diagnose(told, HERE, nodes=nodes)
    faults = [cause.faults[0] for cause in found.causes + found.weak]
    assert [(ONSET - each.first, ONSET - each.last) for each in faults] == outages


def test_what_pods_on_a_flapping_node_suffer_now_is_of_its_last_outage() -> None:
    pods = [pod("old", on="node-7", ready=False, ready_changed_at=ONSET - 48)]
    found = diagnose([stored(1500, 1400), FLAP, bad(50, 0), lost(1498, 40)], pods, nodes=[wrong(50)])
    assert [(ONSET - each.first, each.kind) for each in found.causes[0].faults] == [(50, "node"), (48, "evicted")]
    assert (len(found.causes), counts_as_likely(found.causes[0])) == (1, True)


@pytest.mark.parametrize(
    ("made", "blamed"),
    [([448], "rollout pay new"), ([448, 447], "rollout pay new"), ([510], NODE_7), ([448, 510], NODE_7)],
    ids=["after", "all after", "before", "one before"],
)
def test_a_node_is_not_blamed_for_pods_that_were_all_made_after_it_was_well(made: list[int], blamed: str) -> None:
    crashes = [fault(446, pod=number, node="node-7", last=0) for number in range(len(made))]
    pods = [
        pod("new", number, on="node-7", ready=False, restarts=6, created_at=ONSET - at)
        for number, at in enumerate(made)
    ]
    assert named(diagnose([stored(600, 500), rollout(510), *crashes], pods)) == blamed


CLOSED = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable."


def cordoned(at: float, name: str, **facts: str) -> ContextEvent:
    reason = {details.REASON: "NodeUnschedulable"}
    return event("Node", name, EventType.SATURATION, at, reason | facts, last=0)


@pytest.mark.parametrize(
    ("others", "last", "blamed"),
    [
        ([], 0, "unschedulable pay"),
        ([cordoned(90, "node-8")], 0, "cordon node-8"),
        ([], 110, "cordon node-7"),
    ],
    ids=["still pending", "still pending, another one is cordoned", "pending until it went"],
)
def test_a_cordon_that_went_with_its_node_keeps_no_pod_pending(
    others: list[ContextEvent], last: float, blamed: str
) -> None:
    pending = fault(299, "FailedScheduling", "old", facts={details.MESSAGE: CLOSED}, last=last)
    pods = [pod("old", int(last > 0), on="", ready=False)]
    gone = cordoned(320, "node-7", **{details.ENDED: f"{ONSET - 100:.0f}", details.GONE: "1"})
    assert named(diagnose([gone, *others, pending], pods)) == blamed


def test_a_node_where_pods_of_other_workloads_fail_too_is_blamed_before_the_rollout_of_those_on_it() -> None:
    facts = {details.REASON: "PodsFailOnNode", details.WORKLOADS: "3"}
    suspect = event("Node", "node-7", EventType.DEPENDENCY_FAILURE, 200, facts, last=0)
    told = [rollout(450), suspect, fault(190, node="node-7", last=0)]
    pods = [pod("new", on="node-7", ready=False), pod("new", 1, on="node-8")]
    view = NodeView("node-7", wrong={"PodsFailOnNode": ONSET - 200})
    assert named(diagnose(told, pods, nodes=[view])) == NODE_7
    assert named(diagnose([told[0], told[2]], pods)) == "rollout pay new"
