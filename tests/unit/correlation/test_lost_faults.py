"""Faults whose change is not to blame, and scalings taken back that are not mended: neither is lost."""

from typing import NamedTuple

import pytest

from noctuary.correlation.change_checks import NOT_BACK
from noctuary.correlation.correlate import observe_and_diagnose
from noctuary.correlation.fault_checks import SINCE_LATE
from noctuary.correlation.score import LATE_LIMIT, counts_as_likely
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.models.diagnosis import IncidentContext, PodView
from testbed.correlation_world import (
    ONSET,
    OWN,
    POSTGRES,
    diagnose,
    fault,
    named,
    node,
    pod,
    posted,
    ranked,
    rollout,
    scaling,
)


class Case(NamedTuple):
    sentence: str
    events: list[ContextEvent]
    pods: list[PodView] | None
    blamed: str
    is_likely: bool = False


def coming(count: int, workload: str = "pay", since: float = 55) -> list[PodView]:
    """Return pods that never were ready."""
    return [
        pod("back", i, ready=False, workload=workload, age=since, ready_changed_at=ONSET - since) for i in range(count)
    ]


def unready(at: float) -> ContextEvent:
    return fault(at, "Unhealthy", "old", facts={details.PROBE: "readiness"}, last=0)


DOWN_AND_UP = [scaling(120, "3", "0"), scaling(60, "0", "3")]
CASES = [
    Case("scaled back, and nothing is ready yet", DOWN_AND_UP, coming(3), "change pay", True),
    Case("scaled back, and some are ready", DOWN_AND_UP, [pod("old"), *coming(2)], "change pay"),
    Case("scaled back, and no pod was made yet", [scaling(30, "3", "0"), scaling(2, "0", "3")], [], "change pay", True),
    Case(
        "scaled back, and ready only after the alert began",
        DOWN_AND_UP,
        [pod("back", i, age=50, ready_changed_at=ONSET + 20) for i in range(3)],
        "change pay",
    ),
    Case("scaled back, and all are ready", DOWN_AND_UP, [pod("old", i) for i in range(3)], "nothing_relevant"),
    Case("scaled back, and no pods were read", DOWN_AND_UP, None, "nothing_relevant"),
    Case(
        "scaled back long ago, and never ready since",
        [scaling(1500, "3", "0"), scaling(1400, "0", "3")],
        coming(3, since=1390),
        "change pay",
        True,
    ),
    Case(
        "scaled back long ago, and one fell just now",
        [scaling(1500, "3", "0"), scaling(1400, "0", "3"), fault(60, template="old", last=0)],
        [pod("old", 0, ready=False, ready_changed_at=ONSET - 60), pod("old", 1), pod("old", 2)],
        "crash_loop pay",
    ),
    Case(
        "a dependency that was scaled back is the cause until it is ready",
        [scaling(120, "1", "0", "postgres"), scaling(50, "0", "1", "postgres"), unready(90)],
        [pod("old", ready=False), *coming(1, "postgres", since=48)],
        "change postgres",
        True,
    ),
    Case(
        "a dependency that was scaled back and is ready leaves its caller's fault",
        [scaling(120, "1", "0", "postgres"), scaling(110, "0", "1", "postgres"), unready(90)],
        [pod("old", ready=False), pod("p", workload="postgres")],
        "probe pay",
    ),
    Case("pods crash since a rollout after the alert", [rollout(-20), fault(-25, last=-55)], None, "crash_loop pay"),
    Case(
        "what came before the alert goes before what a rollout after it broke",
        [posted(EventType.FLAG_CHANGE, 60), rollout(-20), fault(-25, "ImagePullBackOff", last=-55)],
        None,
        "change pay",
    ),
    Case(
        "pods of a fix fail like those before it",
        [fault(900, template="old", last=0), rollout(120), fault(100, last=0)],
        None,
        "crash_loop pay",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.sentence for case in CASES])
def test_what_is_blamed(case: Case) -> None:
    diagnosis = diagnose(case.events, case.pods)
    is_likely = bool(diagnosis.causes) and counts_as_likely(diagnosis.causes[0])
    assert (named(diagnosis), is_likely) == (case.blamed, case.is_likely)


@pytest.mark.parametrize("case", CASES, ids=[case.sentence for case in CASES])
def test_every_fault_that_goes_on_is_told(case: Case) -> None:
    observed, diagnosis = observe_and_diagnose(IncidentContext([OWN, POSTGRES], ONSET, 3600.0, case.events, case.pods))
    told = [*diagnosis.causes, *diagnosis.weak]
    shown = [name for cause in told for each in cause.faults for name in each.event_ids]
    assert sorted(shown) == sorted(name for each in observed.faults for name in each.event_ids)


def test_why_says_that_pods_are_not_back() -> None:
    assert diagnose(DOWN_AND_UP, coming(3)).causes[0].why == NOT_BACK


def test_what_a_late_rollout_broke_says_so_and_is_never_likely() -> None:
    (cause,) = diagnose([rollout(-20), fault(-25, "ImagePullBackOff", last=-55)]).causes
    assert (cause.why, cause.score) == (f"{SINCE_LATE}20 s after the alert", LATE_LIMIT)


LOSSES = [
    ("Preempted", 60, "evicted pay"),
    ("Evicted", 60, "evicted pay"),
    ("Preempted", 900, "unschedulable pay"),
]


@pytest.mark.parametrize(("reason", "at", "blamed"), LOSSES)
def test_a_pod_finds_no_node_because_the_one_before_it_was_ended(reason: str, at: float, blamed: str) -> None:
    waits = fault(58, "FailedScheduling", "old", 1, last=0)
    diagnosis = diagnose([fault(at, reason, "old"), waits], [pod("old", 1, ready=False, on="", age=58)])
    assert named(diagnosis) == blamed
    assert counts_as_likely(diagnosis.causes[0])


LONG_AFTER = 5 * 3600.0
COMING_LATE = {
    "a crash since a rollout of long after the onset": [rollout(15 - LONG_AFTER), fault(10 - LONG_AFTER)],
    "a crash of long after the onset": [fault(10 - LONG_AFTER)],
    "a node that went down long after the onset": [node(10 - LONG_AFTER), fault(5 - LONG_AFTER, "NodeLost")],
}


@pytest.mark.parametrize("events", COMING_LATE.values(), ids=COMING_LATE)
def test_what_fails_as_the_incident_comes_is_told_and_never_likely_to_have_caused_the_alert_of_before(
    events: list[ContextEvent],
) -> None:
    told = diagnose(events, [pod("new", ready=False, on="node-7")], began_at=ONSET + LONG_AFTER)
    first = ranked(told)[0]
    assert first.faults
    assert (first.score <= LATE_LIMIT, counts_as_likely(first)) == (True, False)
    assert named(diagnose(events, [pod("new", on="node-7")])) == "nothing_relevant"
