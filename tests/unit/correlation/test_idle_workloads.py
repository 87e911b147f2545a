"""Workloads that stand at nothing beside others of their service: canaries, blue and green, consumers of a queue."""

from typing import NamedTuple

import pytest

from noctuary.correlation.score import counts_as_likely
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.models.diagnosis import PodView, Relation, ServiceView
from testbed.correlation_world import ONSET, diagnose, event, fault, named, pod, rollout, scaling

APP = {"app": "pay"}
SERVICES = [
    ServiceView("pay", Relation.OWN, "team", ["payments"], APP),
    ServiceView("postgres", Relation.DEPENDENCY, "team", ["payments"], {"app": "postgres"}),
]
DB = {"app": "postgres"}
BY_AUTOSCALER = {details.BY_AUTOSCALER: "1"}
READY = [pod("old", number, labels=APP) for number in range(3)]
DOWN = [pod("old", number, ready=False, labels=APP) for number in range(3)]
JOB = pod("j", workload="report", workload_kind="Job", labels=APP)
DB_READY = pod("p", workload="postgres", labels=DB)


class Case(NamedTuple):
    sentence: str
    events: list[ContextEvent]
    pods: list[PodView]
    blamed: str
    is_likely: bool = False


def parked(workload: str, labels: dict[str, str]) -> ContextEvent:
    facts = {details.REASON: "ScaledToZero"}
    return event("Deployment", workload, EventType.SATURATION, -2, facts, workload=workload, labels=labels)


def idle(
    at: float, old: str = "1", workload: str = "canary", labels: dict[str, str] = APP, **more: object
) -> ContextEvent:
    return scaling(at, old, "0", workload, labels=labels, **more)


def unready(at: float, number: int = 0) -> ContextEvent:
    return fault(at, "Unhealthy", "old", number, facts={details.PROBE: "readiness"}, last=0, labels=APP)


CASES = [
    Case("scaled to nothing beside ready pods is possible at most", [idle(200)], READY, "change canary"),
    Case("scaled to nothing beside a job that is ready is likely", [idle(200)], [JOB], "change canary", True),
    Case(
        "scaled to nothing beside pods that are leaving is likely",
        [idle(20)],
        [pod("old", labels=APP, is_leaving=True)],
        "change canary",
        True,
    ),
    Case(
        "a consumer that its autoscaler takes to nothing beside ready pods is not blamed",
        [idle(200, facts=BY_AUTOSCALER)],
        READY,
        "nothing_relevant",
    ),
    Case(
        "a canary that is taken away is not to be brought back",
        [rollout(300, "c2", "canary", labels=APP), idle(30)],
        READY,
        "rollout canary c2",
    ),
    Case(
        "a canary that is taken away is not why, though the pods beside it were replaced after the alert began",
        [rollout(300, "c2", "canary", labels=APP), idle(30)],
        [pod("old", labels=APP, created_at=ONSET + 20, ready_changed_at=ONSET + 25)],
        "rollout canary c2",
    ),
    Case(
        "a canary that was taken away weighs less than the rollout that followed it",
        [rollout(1500, "c2", "canary", labels=APP), idle(200), rollout(90, "old", labels=APP)],
        READY,
        "rollout pay old",
    ),
    Case(
        "a canary that was taken away long before the alert is not blamed",
        [rollout(1500, "c2", "canary", labels=APP), idle(900)],
        READY,
        "nothing_relevant",
    ),
    Case(
        "what carried more than the pods that are ready was hardly taken away on purpose",
        [rollout(1500, "c2", "canary", labels=APP), idle(30, "9")],
        READY,
        "change canary",
    ),
    Case(
        "what is parked is no cause beside pods that crash",
        [parked("debug", APP), fault(170, template="old", last=0, labels=APP)],
        DOWN,
        "crash_loop pay",
    ),
    Case(
        "what is parked is no cause beside a rollout whose pods are not ready",
        [parked("debug", APP), rollout(120, "old", labels=APP)],
        DOWN,
        "rollout pay old",
    ),
    Case("what is parked alone is possible", [parked("pay", APP)], [JOB], "stopped pay"),
    Case(
        "a rollout is not why a workload is parked",
        [parked("pay", APP), rollout(120, "old", labels=APP)],
        [],
        "stopped pay",
    ),
    Case(
        "a parked replica of a dependency takes no symptoms from its primary",
        [parked("replica", DB), unready(60)],
        [*DOWN, pod("p", workload="postgres", ready=False, labels=DB)],
        "probe pay",
    ),
    Case(
        "a console of a dependency taken away minutes before takes no symptoms",
        [rollout(400, "old", labels=APP), idle(200, workload="admin", labels=DB), unready(60)],
        [*DOWN, DB_READY],
        "probe pay",
    ),
    Case(
        "a dependency's workload at nothing comes before symptoms that nothing else explains",
        [idle(80, workload="primary", labels=DB), unready(60)],
        [*DOWN, DB_READY],
        "change primary",
    ),
    Case(
        "another workload of the service at nothing comes before symptoms that nothing else explains",
        [idle(80, workload="store"), unready(60)],
        [*READY[1:], DOWN[0]],
        "change store",
    ),
    Case(
        "an autoscaler's workload at nothing takes no symptoms of others",
        [idle(80, facts=BY_AUTOSCALER), unready(60)],
        [*READY[1:], DOWN[0]],
        "probe pay",
    ),
    Case(
        "a dependency that is down since its rollout comes before a later rollout of its caller",
        [
            rollout(400, "p", "postgres", labels=DB),
            fault(395, template="p", workload="postgres", labels=DB, last=0),
            rollout(60, "old", labels=APP),
            unready(40),
        ],
        [*DOWN, pod("p", workload="postgres", ready=False, labels=DB)],
        "rollout postgres p",
        True,
    ),
    *(
        Case(
            f"a dependency that is down with {reason} comes before a later rollout of its caller",
            [
                fault(300, reason, "p", workload="postgres", labels=DB, last=0),
                *(rollout(120, "old", labels=APP), fault(60, template="old", labels=APP, last=0)),
            ],
            [*DOWN, pod("p", workload="postgres", ready=False, labels=DB)],
            blamed,
            True,
        )
        for reason, blamed in (("CrashLoopBackOff", "crash_loop postgres"), ("OOMKilled", "out_of_memory postgres"))
    ),
    Case(
        "a dependency's workload at nothing explains no symptoms of a rollout",
        [rollout(120, "old", labels=APP), idle(80, workload="admin", labels=DB), unready(60)],
        [*DOWN, DB_READY],
        "rollout pay old",
        True,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.sentence for case in CASES])
def test_what_is_blamed(case: Case) -> None:
    diagnosis = diagnose(case.events, case.pods, services=SERVICES)
    is_likely = bool(diagnosis.causes) and counts_as_likely(diagnosis.causes[0])
    assert (named(diagnosis), is_likely) == (case.blamed, case.is_likely)


def test_a_dependency_that_lies_down_since_long_takes_no_blame_off_a_rollout_beside_ready_old_pods() -> None:
    events = [
        fault(2400, "CrashLoopBackOff", "p", workload="postgres", labels=DB, last=0),
        *(rollout(200, "new", labels=APP), fault(190, template="new", labels=APP, last=0)),
    ]
    pods = [pod("p", workload="postgres", ready=False, labels=DB), pod("new", ready=False, labels=APP)]
    well = [pod("old", number, labels=APP, ready_changed_at=ONSET - 9000) for number in range(3)]
    blamed = [named(diagnose(events, told, services=SERVICES)) for told in ([*pods, *well], pods)]
    assert blamed == ["rollout pay new", "crash_loop postgres"]


def test_what_an_autoscaler_parks_of_a_dependency_is_possible_beside_a_rollout_that_crashes() -> None:
    events = [
        idle(300, "1", "postgres", DB, facts=BY_AUTOSCALER),
        *(rollout(200, "new", labels=APP), fault(190, template="new", labels=APP, last=0)),
    ]
    assert named(diagnose(events, [pod("new", ready=False, labels=APP)], services=SERVICES)) == "rollout pay new"
