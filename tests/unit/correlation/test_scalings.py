"""Scalings: to nothing, down, up into a wall, taken back, an autoscaler's."""

from typing import Any

import pytest

from noctuary.correlation.score import counts_as_likely
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from testbed.correlation_world import ONSET, Blame, diagnose, event, fault, named, node, pod, posted, rollout, scaling

DELETED = {details.DELETED: "1"}
AGAIN = {details.RESTART: "1"}
BY_AUTOSCALER = {details.BY_AUTOSCALER: "1"}


def refused(at: float) -> ContextEvent:
    return event("Deployment", "pay", EventType.SATURATION, at, {details.REASON: "FailedCreate"}, last=0)


def probe(at: float, pod_number: int = 0) -> ContextEvent:
    return fault(at, "Unhealthy", "old", pod_number, facts={details.PROBE: "readiness"}, last=0)


def stopped(workload: str = "pay") -> ContextEvent:
    return event(
        "Deployment", workload, EventType.SATURATION, -400, {details.REASON: "ScaledToZero"}, workload=workload
    )


def schema(at: float, **more: Any) -> ContextEvent:
    return posted(EventType.SCHEMA_CHANGE, at, entity="orders", old_value="V41", new_value="V42", **more)


SCHEMA = schema(150)
READY = [pod("old", 0), pod("old", 1)]
CASES = [
    Blame(
        "scaled to nothing just before the alert beats the probes of the dying pods",
        [scaling(21, "1", "0"), probe(15)],
        "change pay",
        is_likely=True,
        pods=[],
    ),
    Blame(
        "scaled down just before the alert beats the symptoms of those that are left",
        [scaling(60, "5", "1"), probe(30)],
        "change pay",
        is_likely=True,
        pods=[pod("old", ready=False)],
    ),
    Blame(
        "scaled up into a quota is the cause",
        [scaling(60, "2", "9"), refused(55)],
        "change pay",
        is_likely=True,
        pods=READY,
    ),
    Blame(
        "scaled up beyond the room of the nodes is the cause",
        [scaling(60, "2", "9"), fault(55, "FailedScheduling", "old", 2, last=0)],
        "change pay",
        is_likely=True,
        pods=[*READY, pod("old", 2, ready=False)],
    ),
    Blame("scaled up and all are well explains nothing", [scaling(60, "2", "4")], "nothing_relevant", False, READY),
    Blame(
        "scaled to nothing and back three seconds later explains nothing",
        [scaling(10, "2", "0"), scaling(7, "0", "2")],
        "nothing_relevant",
        False,
        READY,
    ),
    Blame(
        "a schema that was changed seconds before old pods crash comes before their crash",
        [SCHEMA, fault(140, template="old", last=0)],
        "change pay",
        is_likely=False,
        pods=[pod("old", ready=False)],
    ),
    Blame(
        "a schema that was changed long before old pods crash does not",
        [schema(900), fault(140, template="old", last=0)],
        "crash_loop pay",
        is_likely=False,
        pods=[pod("old", ready=False)],
    ),
    Blame(
        "a schema explains no crash of pods that were just rolled out",
        [SCHEMA, rollout(145), fault(140, last=0)],
        "rollout pay new",
        is_likely=True,
        pods=[pod("new", ready=False)],
    ),
    Blame(
        "a schema explains nothing that tells by itself what is wrong",
        [SCHEMA, fault(140, "ErrImagePull", template="old", last=0)],
        "image_pull pay",
        is_likely=True,
        pods=[pod("old", ready=False)],
    ),
    Blame(
        "a change that its teller doubts explains no crash",
        [schema(150, confidence=0.3), fault(140, template="old", last=0)],
        "crash_loop pay",
        is_likely=False,
        pods=[pod("old", ready=False)],
    ),
    Blame(
        "most pods taken away minutes before what is left runs out of memory may be why",
        [scaling(400, "10", "1"), fault(60, "OOMKilled", "old", last=0)],
        "change pay",
        is_likely=False,
        pods=[pod("old", ready=False)],
    ),
    Blame(
        "most pods taken away long before one runs out of memory are not why",
        [scaling(1200, "10", "1"), fault(60, "OOMKilled", "old", last=0)],
        "out_of_memory pay",
        is_likely=True,
        pods=[pod("old", ready=False)],
    ),
    Blame(
        "a few pods taken away minutes before one runs out of memory are not why",
        [scaling(400, "10", "9"), fault(60, "OOMKilled", "old", last=0)],
        "out_of_memory pay",
        is_likely=True,
        pods=[pod("old", ready=False)],
    ),
    Blame(
        "ten times as many pods may use up what all of them need",
        [scaling(280, "3", "30"), probe(240), probe(230, 1)],
        "change pay",
        is_likely=False,
        pods=[pod("old", 0, ready=False), pod("old", 1, ready=False)],
    ),
    Blame(
        "far more pods are no cause of what failed its probe before it was unready",
        [scaling(200, "3", "30"), probe(400)],
        "probe pay",
        is_likely=False,
        pods=[pod("old", ready=False, ready_changed_at=ONSET - 150)],
    ),
    Blame(
        "one of three pods that are left runs out of memory",
        [scaling(800, "9", "3"), fault(60, "OOMKilled", "old", last=0)],
        "out_of_memory pay",
        is_likely=True,
        pods=[pod("old", ready=False), pod("old", 1), pod("old", 2)],
    ),
    Blame(
        "twice as many pods help against a load",
        [scaling(280, "3", "6"), probe(240), probe(230, 1)],
        "probe pay",
        is_likely=False,
        pods=[pod("old", 0, ready=False), pod("old", 1, ready=False)],
    ),
    Blame(
        "what an autoscaler adds is no cause of pods that fail",
        [scaling(280, "3", "30", facts=BY_AUTOSCALER), probe(240)],
        "probe pay",
        is_likely=False,
        pods=[pod("old", ready=False)],
    ),
    Blame(
        "far more pods after they failed explain nothing",
        [scaling(200, "3", "30"), probe(240)],
        "probe pay",
        is_likely=False,
        pods=[pod("old", ready=False)],
    ),
    Blame(
        "a dependency of which most pods were taken away may be why its callers fail",
        [scaling(60, "3", "1", workload="postgres"), probe(30)],
        "change postgres",
        is_likely=False,
        pods=[pod("old", ready=False), pod("db", workload="postgres")],
    ),
    Blame("deleted just before the alert is the cause", [scaling(60, "2", "0", facts=DELETED)], "change pay", True, []),
    Blame(
        "scaled to nothing and then deleted is the cause",
        [scaling(120, "2", "0"), scaling(60, "2", "0", facts=DELETED)],
        "change pay",
        is_likely=True,
        pods=[],
    ),
    Blame(
        "scaled to nothing, and deleted after the alert began, is the cause",
        [scaling(120, "2", "0"), scaling(-60, "2", "0", facts=DELETED)],
        "change pay",
        is_likely=True,
        pods=[],
    ),
    Blame(
        "deleted and made anew with another version is that rollout",
        [scaling(70, "2", "0", facts=DELETED), rollout(60), fault(50, last=0)],
        "rollout pay new",
        is_likely=True,
        pods=[pod("new", ready=False)],
    ),
    Blame(
        "deleted, and made anew after the alert began, is the cause",
        [scaling(60, "2", "0", facts=DELETED), rollout(-30)],
        "change pay",
        is_likely=True,
        pods=[],
    ),
    *(
        Blame(
            f"deleted, and made anew {back} s after the alert began, is the cause once its new pods are ready",
            [rollout(300), scaling(8, "2", "0", facts=DELETED), rollout(-back, facts=AGAIN)],
            "change pay",
            is_likely=True,
            pods=[pod("new", number, created_at=ONSET + back, ready_changed_at=ONSET + back + 4) for number in (0, 1)],
        )
        for back in (2, 20)
    ),
    Blame(
        "scaled to nothing, and back after the alert began, is the cause once its new pods are ready",
        [rollout(300), scaling(8, "2", "0"), scaling(-3, "0", "2")],
        "change pay",
        is_likely=True,
        pods=[pod("new", number, created_at=ONSET + 3, ready_changed_at=ONSET + 9) for number in (0, 1)],
    ),
    Blame(
        "made anew and deleted once more is the cause",
        [scaling(90, "2", "0", facts=DELETED), rollout(80), scaling(60, "2", "0", facts=DELETED)],
        "change pay",
        is_likely=True,
        pods=[],
    ),
    Blame(
        "scaled to nothing and back after the alert began is the cause",
        [scaling(10, "2", "0"), scaling(-30, "0", "2")],
        "change pay",
        False,
        READY,
    ),
    Blame(
        "what an autoscaler does is the load's",
        [scaling(60, "6", "5", facts=BY_AUTOSCALER)],
        "nothing_relevant",
        False,
        READY,
    ),
    Blame(
        "what an autoscaler of another system tells is the load's, too",
        [posted(EventType.SCALE_EVENT, 60, vendor="keda", old_value="6", new_value="5")],
        "nothing_relevant",
        False,
        READY,
    ),
    Blame(
        "a name that only holds an autoscaler's is none",
        [posted(EventType.SCALE_EVENT, 60, vendor="makedata", old_value="6", new_value="5")],
        "change pay",
        False,
        READY,
    ),
    Blame(
        "a flag turned on and off again before the alert explains nothing",
        [
            posted(EventType.FLAG_CHANGE, 90, old_value="off", new_value="on"),
            posted(EventType.FLAG_CHANGE, 60, old_value="on", new_value="off"),
        ],
        "nothing_relevant",
        False,
        READY,
    ),
    Blame("what is scaled to nothing since long is possible", [stopped()], "stopped pay", False, []),
    Blame(
        "what was scaled to nothing explains that nothing runs",
        [scaling(900, "2", "0"), stopped()],
        "change pay",
        True,
        [],
    ),
    Blame(
        "one of several workloads at nothing beside ready ones is no fault",
        [stopped()],
        "nothing_relevant",
        False,
        READY,
    ),
    Blame(
        "a dependency at nothing since long comes before the readiness of its callers",
        [stopped("postgres"), probe(60)],
        "stopped postgres",
        is_likely=True,
        pods=[pod("old", ready=False)],
    ),
    Blame(
        "a flag that held for minutes and was turned off just before a late alert is possible",
        [
            posted(EventType.FLAG_CHANGE, 400, old_value="off", new_value="on"),
            posted(EventType.FLAG_CHANGE, 40, old_value="on", new_value="off"),
        ],
        "change pay",
        False,
        READY,
    ),
    Blame(
        "an autoscaler that leaves nothing is the cause",
        [scaling(60, "2", "0", facts=BY_AUTOSCALER)],
        "change pay",
        is_likely=True,
        pods=[],
    ),
    Blame(
        "a pod that is leaving is not one of the live ones",
        [node(100), rollout(120)],
        "rollout pay new",
        False,
        [pod("new"), pod("old", ready=False, on="node-7", is_leaving=True)],
    ),
    Blame(
        "another system's trouble with another thing is no symptom of a rollout",
        [rollout(290), posted(EventType.SATURATION, 50, entity="rds/eu-west-1a", new_value="storage full")],
        "other pay",
        False,
        [pod("new")],
    ),
    Blame(
        "a flag turned on, off and on again is on",
        [
            posted(EventType.FLAG_CHANGE, 90, old_value="off", new_value="on"),
            posted(EventType.FLAG_CHANGE, 60, old_value="on", new_value="off"),
            posted(EventType.FLAG_CHANGE, 30, old_value="off", new_value="on"),
        ],
        "change pay",
        False,
        READY,
    ),
    Blame(
        "an autoscaler that scales up into a quota leaves the quota as the cause",
        [scaling(60, "2", "9", facts=BY_AUTOSCALER), refused(55)],
        "refused pay",
        is_likely=True,
        pods=READY,
    ),
    Blame(
        "a template that no pod runs yet is not the cause",
        [event("StatefulSet", "pay", EventType.CONFIG_CHANGE, 60, {details.STAGED: "0 of 3 pods; partition=3"})],
        "nothing_relevant",
        False,
        READY,
    ),
    Blame(
        "a job that fails beside what serves comes after a rollout",
        [
            rollout(120, "old"),
            event("Job", "pay-2930", EventType.DEPENDENCY_FAILURE, 60, {details.REASON: "BackoffLimitExceeded"}),
        ],
        "rollout pay old",
        False,
        READY,
    ),
    Blame(
        "a dependency scaled to nothing comes before the readiness of its callers",
        [scaling(80, "1", "0", "postgres"), probe(60)],
        "change postgres",
        is_likely=True,
        pods=[pod("old", ready=False)],
    ),
    Blame(
        "a dependency out of memory comes before the readiness of its callers",
        [fault(80, "OOMKilled", "p", workload="postgres", last=0), probe(85), probe(60, 1)],
        "out_of_memory postgres",
        is_likely=True,
        pods=[pod("old", ready=False), pod("old", 1, ready=False), pod("p", ready=False, workload="postgres")],
    ),
    Blame(
        "a dependency that crashes comes before the crashes of its callers",
        [fault(80, template="p", workload="postgres", last=0), fault(60, template="old", last=0)],
        "crash_loop postgres",
        is_likely=True,
        pods=[pod("old", ready=False), pod("p", ready=False, workload="postgres")],
    ),
    Blame(
        "the own rollout after a dependency's trouble keeps its own crashes",
        [fault(600, "OOMKilled", "p", workload="postgres", last=0), rollout(60), fault(55, last=0)],
        "rollout pay new",
        is_likely=False,
    ),
    Blame(
        "a cordoned node is named where pods find no other",
        [
            event("Node", "node-7", EventType.SATURATION, 100, {details.REASON: "NodeUnschedulable"}, last=0),
            fault(
                60,
                "FailedScheduling",
                "old",
                facts={details.MESSAGE: "0/1 nodes are available: 1 node(s) were unschedulable."},
                last=0,
            ),
        ],
        "cordon node-7",
        is_likely=True,
        pods=[pod("old", ready=False, on="")],
    ),
    Blame(
        "a cordoned node where all pods are ready is no cause",
        [event("Node", "n", EventType.SATURATION, 100, {details.REASON: "NodeUnschedulable"}, last=0)],
        "nothing_relevant",
        False,
        READY,
    ),
    Blame(
        "a cordoned node does not make the pod crash that runs on it",
        [
            event("Node", "n", EventType.SATURATION, 100, {details.REASON: "NodeUnschedulable"}, last=0),
            fault(60, template="old", last=0),
        ],
        "crash_loop pay",
        False,
        [pod("old", ready=False, restarts=3)],
    ),
    Blame(
        "a node in trouble for days under healthy pods is no cause",
        [node(2 * 86_400)],
        "nothing_relevant",
        False,
        [pod("old", on="node-7")],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.sentence for case in CASES])
def test_what_is_blamed(case: Blame) -> None:
    diagnosis = diagnose(case.events, case.pods)
    is_likely = bool(diagnosis.causes) and counts_as_likely(diagnosis.causes[0])
    assert (named(diagnosis), is_likely) == (case.blamed, case.is_likely)


@pytest.mark.parametrize("again", [{}, AGAIN])
def test_what_is_made_anew_as_the_alert_begins_is_ruled_out(again: dict[str, str]) -> None:
    events = [scaling(8, "2", "0", facts=DELETED), rollout(-2, facts=again)]
    diagnosis = diagnose(events, [pod("new", created_at=ONSET + 2)])
    assert [aside.why for aside in diagnosis.set_aside] == ["it made anew what was deleted"]


def test_a_deletion_is_told_with_the_scaling_to_nothing_before_it() -> None:
    diagnosis = diagnose([scaling(120, "2", "0"), scaling(60, "2", "0", facts=DELETED), rollout(900)], [])
    told = [found.change for found in diagnosis.causes if found.change is not None and not found.change.is_rollout]
    assert [(change.old_value, details.DELETED_SINCE in change.details) for change in told] == [("2", True)]
    assert diagnosis.set_aside == []
