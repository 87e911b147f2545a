"""What is over when a note is written is told in the past tense, and nothing is to be done about what is gone."""

import pytest

from noctuary.correlation.change_checks import NOTHING_RUNS
from noctuary.correlation.rollouts.pods import NONE_RUNS
from noctuary.models.diagnosis import Cause, CauseKind, Change, Subject, Term
from noctuary.models.evidence import Clearing, Standing
from noctuary.models.node_view import NodeView
from testbed.told import ONSET, action_of, cause, change, diagnosis, fault, note

NODE = Subject("Node", "", "node-7")
WRONG = {"NodeNotReady": ONSET - 60}
STATES = {
    "wrong still": (NodeView("node-7", wrong=WRONG), "is not ready; 1 pod of web fails there"),
    "wrong again": (NodeView("node-7", wrong={"NodeNotReady": ONSET + 20}), "is not ready; 1 pod of web fails there"),
    "well": (NodeView("node-7", well={"NodeNotReady": ONSET + 30}), "was not ready until 08:00:30; 1 pod of web fails"),
    "well since nobody knows when": (NodeView("node-7"), "was not ready; 1 pod of web fails there"),
    "gone": (NodeView("node-7", is_gone=True), "was not ready until it was deleted; 1 pod of web failed there"),
    "another one is gone": (NodeView("node-8", is_gone=True), "is not ready; 1 pod of web fails there"),
}


def bad_node(kind: str = "node", reason: str = "NodeNotReady", **more: str) -> Cause:
    bad = fault(kind, {"reason": reason} | dict(more), subject=NODE, pods=[], is_over=bool(more))
    return Cause(CauseKind.NODE, "", [Term("told", 0.8)], faults=[bad, fault(nodes=["node-7"])])


@pytest.mark.parametrize(("node", "said"), STATES.values(), ids=STATES)
@pytest.mark.parametrize("status", ["acknowledged", "resolved"])
def test_a_node_is_told_as_it_is_when_the_note_is_written(node: NodeView, said: str, status: str) -> None:
    first = note(diagnosis(bad_node()), Standing(nodes=[node]), status=status).partition("\n")[0]
    assert f"Likely cause: node node-7 {said}" in first


@pytest.mark.parametrize(
    ("facts", "node", "said"),
    [
        ({}, NodeView("node-7", well={"NodeNotReady": ONSET + 30}), "was not ready until 07:59:50;"),
        ({}, NodeView("node-7", is_gone=True), "was not ready until 07:59:50;"),
        ({"gone": "1"}, NodeView("node-7", is_gone=True), "was not ready until it was deleted at 07:59:50;"),
    ],
    ids=["well since a later trouble", "deleted later", "until it was deleted"],
)
def test_a_trouble_that_was_over_keeps_its_end(facts: dict[str, str], node: NodeView, said: str) -> None:
    found = diagnosis(bad_node(ended="1799999990", **facts))
    first = note(found, Standing(nodes=[node]), status="acknowledged").partition("\n")[0]
    assert f"node node-7 {said}" in first


def test_nobody_looks_for_what_was_wrong_with_a_node_that_is_gone() -> None:
    found = diagnosis(bad_node(ended="1799999990"))
    text = note(found, Standing(nodes=[NodeView("node-7", is_gone=True)]), status="acknowledged")
    assert "node node-7 does not exist any more" in text


@pytest.mark.parametrize(
    ("kind", "reason", "ended", "lines"),
    [
        (
            "node",
            "NodeNotReady",
            {"ended": "1799999990"},
            [
                "Do: node node-7 reports itself well again; see in its conditions and events why it was not:",
                "kubectl describe node/node-7",
            ],
        ),
        (
            "node",
            "NodeDiskPressure",
            {"ended": "1799999990", "gone": "1"},
            ["Do: node node-7 does not exist any more: see at the cloud, or the autoscaler of nodes, why it went"],
        ),
        (
            "cordon",
            "NodeUnschedulable",
            {"ended": "0", "gone": "1"},
            ["Do: node node-7 does not exist any more: see at the cloud, or the autoscaler of nodes, why it went"],
        ),
        ("cordon", "NodeUnschedulable", {"ended": "0"}, ["Do: node node-7 takes new pods again"]),
    ],
)
def test_nothing_is_to_be_done_to_a_node_that_is_well_or_gone(
    kind: str, reason: str, ended: dict[str, str], lines: list[str]
) -> None:
    assert action_of(note(diagnosis(bad_node(kind, reason, **ended)))) == lines


DOWN = change(event_type="scale_event", is_rollout=False, old_value="3", new_value="0")
WHYS: list[tuple[Change | None, str, str]] = [
    (change(), "2 of its 3 pods are not ready yet", "2 of its 3 pods were not ready yet"),
    (change(), "its pod is not ready yet", "its pod was not ready yet"),
    (DOWN, NOTHING_RUNS, "nothing of it ran since"),
    (change(), "its pods are ready, so only its behaviour can be wrong", "its pods are ready, so only its behaviour"),
    (change(), NONE_RUNS, NONE_RUNS),
    (change(), "see its ConfigMap runs", "see its ConfigMap runs"),
]


@pytest.mark.parametrize(("changed", "why", "said"), WHYS)
def test_what_the_blamed_pods_suffered_is_over_once_all_of_them_are_ready(
    changed: Change | None, why: str, said: str
) -> None:
    found = diagnosis(cause(changed, why=why))
    first = note(found, clearing=Clearing(None, 3, 3), status="resolved").partition("\n")[0]
    assert said in first
    assert why in note(found, clearing=Clearing(None, 2, 3), status="resolved")


@pytest.mark.parametrize(
    ("total", "ready", "said"),
    [
        (3, 3, "none of the 3 pods of web was ready"),
        (3, 2, "none of the 3 pods of web is ready"),
        (1, 1, "the pod of web was not ready"),
        (0, 1, "there was no pod of web"),
    ],
)
def test_that_nothing_was_ready_is_over_once_all_is(total: int, ready: int, said: str) -> None:
    found = diagnosis(pods_ready=0, pods_total=total)
    text = note(found, clearing=Clearing(None, ready, max(1, total)), status="resolved")
    assert said in text.partition("\n")[0]


def test_pods_that_failed_on_a_node_are_well_once_all_of_them_are_ready() -> None:
    text = note(diagnosis(bad_node()), clearing=Clearing(None, 1, 1), status="resolved")
    assert "node node-7 is not ready; 1 pod of web failed there" in text


def test_a_less_likely_cause_of_the_cleared_pods_is_told_in_the_past_tense() -> None:
    other = cause(change(event_id="d"), score=0.4, why="3 of its 3 pods are not ready yet")
    text = note(diagnosis(cause(change()), other), clearing=Clearing(None, 3, 3), status="resolved")
    assert "3 of its 3 pods were not ready yet" in text
    assert "are not ready yet" not in text
