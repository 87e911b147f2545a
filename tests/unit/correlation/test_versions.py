"""What several versions of a workload suffer alike: mendings that fail as well, old pods that fail beside new ones."""

from typing import NamedTuple

import pytest

from noctuary.correlation.score import counts_as_likely
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import CauseKind, Diagnosis, PodView
from testbed.correlation_world import ONSET, diagnose, fault, named, pod, ranked, rollout, scaling

ONCE = {details.REASON: "Error", details.RESTARTS: "1"}
BAD = fault(690, template="b", last=410)


def step(at: float, template: str, before: str, **facts: str) -> ContextEvent:
    """Build a rollout that tells what ran before it."""
    told = {details.IMAGE: f"pay:{template}", details.PREVIOUS_IMAGE: f"pay:{before}"}
    return rollout(at, template, facts=told | {details.PREVIOUS_TEMPLATE_HASH: before} | facts)


class Case(NamedTuple):
    sentence: str
    events: list[ContextEvent]
    blamed: str
    row: str = ""


ROWS = [
    Case(
        "a mending that crashes as well",
        [step(700, "b", "a"), BAD, step(400, "c", "b"), fault(390, template="c", last=0)],
        "rollout pay b",
        "c",
    ),
    Case(
        "three in a row",
        [
            *(step(700, "b", "a"), BAD, step(400, "c", "b"), fault(390, template="c", last=110)),
            *(step(100, "d", "c"), fault(90, template="d", last=0)),
        ],
        "rollout pay b",
        "c d",
    ),
    Case(
        "a second typo of an image",
        [
            *(step(400, "b", "a"), fault(390, "ImagePullBackOff", "b", last=120)),
            *(step(100, "c", "b"), fault(90, "ImagePullBackOff", "c", last=0)),
        ],
        "rollout pay b",
        "c",
    ),
    Case(
        "a mending that fails in another way",
        [step(700, "b", "a"), BAD, step(400, "c", "b"), fault(390, "ImagePullBackOff", "c", last=0)],
        "rollout pay b",
        "c",
    ),
    Case(
        "a mending that only sets a variable",
        [
            *(step(700, "b", "a"), BAD),
            *(step(400, "c", "b", **{details.IMAGE: "pay:b"}), fault(390, template="c", last=0)),
        ],
        "rollout pay b",
        "c",
    ),
    Case(
        "a restart, then a mending",
        [
            *(step(700, "b", "a"), fault(690, template="b", last=510)),
            *(step(500, "r", "b", **{details.RESTART: "1"}), fault(490, template="r", last=410)),
            *(step(400, "c", "b"), fault(390, template="c", last=0)),
        ],
        "rollout pay b",
        "r c",
    ),
    Case(
        "one step back of two, to what failed before",
        [
            *(step(700, "b", "a"), BAD, step(400, "c", "b"), fault(390, template="c", last=110)),
            *(step(100, "b", "c"), fault(90, template="b", last=0)),
        ],
        "rollout pay b",
        "c b",
    ),
    Case(
        "a mending after the alert",
        [step(100, "b", "a"), fault(90, template="b", last=-20), step(-30, "c", "b"), fault(-40, template="c")],
        "rollout pay b",
        "c",
    ),
    Case(
        "a version that failed was gone before the next one failed",
        [
            *(step(700, "b", "a"), BAD, step(400, "a", "b")),
            *(step(200, "c", "a"), fault(190, template="c", last=0)),
        ],
        "rollout pay c",
    ),
    Case(
        "a version whose pods exited once as they started, and ran then, is no failing one",
        [
            *(step(400, "b", "a"), fault(395, "Error", "b", facts=ONCE)),
            *(step(100, "c", "b"), fault(90, template="c", last=0)),
        ],
        "rollout pay c",
    ),
    Case(
        "what fails after a return as well is no version's",
        [step(700, "b", "a"), BAD, step(400, "a", "b"), fault(390, template="a", last=0)],
        "crash_loop pay",
    ),
    Case(
        "a restart whose pods crash, then a rollout whose pods crash: something outside both",
        [
            *(step(700, "r", "a", **{details.RESTART: "1"}), fault(690, template="r", last=0)),
            *(step(400, "c", "r"), fault(390, template="c", last=0)),
        ],
        "crash_loop pay",
    ),
]


@pytest.mark.parametrize("case", ROWS, ids=[case.sentence for case in ROWS])
def test_of_versions_that_fail_in_a_row_the_first_is_blamed(case: Case) -> None:
    diagnosis = diagnose(case.events)
    change = diagnosis.causes[0].change
    row = change.details.get(details.ROW, "") if change is not None else ""
    assert (named(diagnosis), row) == (case.blamed, case.row)
    assert tells_what_goes_on(diagnosis)


def tells_what_goes_on(diagnosis: Diagnosis) -> bool:
    """Tell whether a fault that goes on is told: never are all rollouts ruled out while pods fail, and no more said."""
    return any(fault.last >= ONSET for cause in diagnosis.causes for fault in cause.faults)


def test_the_first_of_a_row_is_as_likely_as_a_single_bad_rollout() -> None:
    single = diagnose([step(700, "b", "a"), fault(690, template="b", last=0)])
    assert diagnose(ROWS[0].events).causes[0].score == single.causes[0].score
    assert counts_as_likely(single.causes[0])


def test_a_late_alert_is_about_a_row_that_a_third_version_ended() -> None:
    events = [*ROWS[0].events[:-1], fault(390, template="c", last=110), step(100, "d", "c")]
    assert named(diagnose(events, [pod("d")])) == "rollout pay b"


def test_what_fails_with_old_pods_alike_is_at_most_possible() -> None:
    events = [step(120, "b", "a"), fault(100, template="b", last=0), fault(60, template="a", pod=1, last=0)]
    alike, later, over = (
        diagnose(told, pods).causes[0]
        for told, pods in (
            (events, both(ready=False)),
            ([*events[:2], fault(-30, template="a", pod=1, last=-60)], both(ready=False)),
            (events, both(ready=True)),
        )
    )
    assert [cause.kind for cause in (alike, later, over)] == [CauseKind.ROLLOUT] * 3
    assert [len(cause.faults) for cause in (alike, later, over)] == [2, 1, 1]
    assert [counts_as_likely(each) for each in (alike, later, over)] == [False, True, True]


def both(*, ready: bool) -> list[PodView]:
    """Build a failing pod of the new version and one of the old, which failed and may be ready again."""
    old = pod("a", 1, ready=ready, restarts=1, ready_changed_at=ONSET + (1 if ready else -60))
    return [pod("b", ready=False, restarts=2), old]


MIGRATED = [step(900, "b", "a"), *(fault(860, template="a", pod=number, last=0) for number in (1, 2))]
UNDONE = [*MIGRATED, step(500, "a", "b"), fault(495, template="a", pod=3, last=0)]
AFTER_UNDO = "since 40 s after a rollout, and after its undo too"
ONLY_OLD = "since 40 s after a rollout; only old pods fail"
LOOP = "its container exits again and again"


def failing(*numbers: int, age: float = 86_400) -> list[PodView]:
    """Build pods of the old version that fail."""
    return [pod("a", n, ready=False, created_at=ONSET - age, ready_changed_at=ONSET - 1, restarts=5) for n in numbers]


def asides(diagnosis: Diagnosis) -> dict[str, str]:
    return {each.change.details[details.TEMPLATE_HASH]: each.why for each in diagnosis.set_aside}


def test_an_undo_that_does_not_help_is_no_cause_and_what_it_undid_stays_possible() -> None:
    found = diagnose(UNDONE, [*failing(1, 2), *failing(3, age=498)])
    first, second = found.causes
    assert (named(found), first.why, first.faults[0].first) == ("crash_loop pay", AFTER_UNDO, ONSET - 860)
    assert (second.kind, second.why) == (CauseKind.ROLLOUT, "pods of the version before it fail since")
    assert asides(found) == {"a": "the fault began 6 min before it"}
    assert not any(counts_as_likely(cause) for cause in found.causes)


def test_old_pods_that_fail_after_a_return_to_their_version_are_not_its_own() -> None:
    events = [step(900, "b", "a"), step(500, "a", "b"), fault(480, template="a", pod=1, last=0)]
    seen = [diagnose(events, failing(1, age=age)) for age in (86_400, 498)]
    assert [named(each) for each in seen] == ["crash_loop pay", "rollout pay a"]


@pytest.mark.parametrize(
    ("events", "ready", "why"),
    [
        (MIGRATED, True, ONLY_OLD),
        ([*MIGRATED, step(100, "c", "b")], True, ONLY_OLD),
        ([*MIGRATED, fault(850, "ImagePullBackOff", "b", last=0)], False, LOOP),
        ([step(1200, "b", "a"), *MIGRATED[1:]], True, LOOP),
    ],
    ids=["its own are ready", "another one came since", "its own fail as well", "it came long before"],
)
def test_of_old_pods_that_fail_since_a_rollout_it_is_said(events: list[ContextEvent], ready: bool, why: str) -> None:
    found = diagnose(events, [*failing(1, 2), pod("b", age=890, ready=ready)], minimum_score=0.0)
    assert [cause.why for cause in ranked(found) if cause.kind is CauseKind.FAULT] == [why]
    assert "b" in [cause.change.details[details.TEMPLATE_HASH] for cause in ranked(found) if cause.change is not None]


def test_what_fails_in_another_way_after_a_return_is_no_versions_either() -> None:
    events = [step(250, "b", "a"), fault(240, template="b", last=0), step(150, "a", "b"), fault(20, "OOMKilled", "a")]
    found = diagnose(events, [pod("b", ready=False, restarts=9), pod("a", ready=False, created_at=ONSET - 90)])
    assert asides(found) == dict.fromkeys("ab", "the version before it fails as well")


def test_a_return_is_at_most_possible_where_older_pods_of_its_version_fail_in_another_way() -> None:
    events = [step(900, "b", "a"), step(180, "a", "b"), fault(20, template="a", pod=3, last=0)]
    old = fault(25, "OOMKilled", "a", pod=1, last=0)
    seen = [diagnose([*events, *more], [*failing(1), *failing(3, age=170)]) for more in ([], [old])]
    assert [named(each) for each in seen] == ["rollout pay a"] * 2
    assert [counts_as_likely(each.causes[0]) for each in seen] == [True, False]


def test_what_old_pods_suffer_only_after_an_undo_is_not_told_as_since_the_rollout() -> None:
    events = [step(120, "b", "a"), step(72, "a", "b"), fault(20, template="a", pod=1, last=0)]
    found = diagnose(events, [*failing(1), pod("a", 2)])
    assert [cause.why for cause in found.causes if cause.kind is CauseKind.FAULT] == [LOOP]


@pytest.mark.parametrize("readiness_fails_at", [None, 90])
def test_pods_of_an_undo_that_only_start_acquit_the_bad_version_of_nothing(readiness_fails_at: float | None) -> None:
    events = [step(600, "b", "a"), fault(590, template="b", last=110), step(100, "a", "b")]
    if readiness_fails_at is not None:
        events.append(fault(readiness_fails_at, "Unhealthy", "a", facts={details.PROBE: "readiness"}, last=10))
    starting = pod("a", ready=False, age=98, created_at=ONSET - 98)
    assert named(diagnose(events, [starting])) == "rollout pay b"


LEFT = [step(250, "b", "a"), fault(240, template="b", last=110), step(100, "a", "b")]
CANARY_LEFT = [rollout(250, "b"), fault(240, template="b", last=110), scaling(100, "1", "0")]


@pytest.mark.parametrize(
    ("events", "ready_at", "is_likely"),
    [
        (LEFT, -90, False),
        ([*LEFT[:2], step(100, "c", "b")], -90, False),
        (CANARY_LEFT, -900, False),
        (LEFT, -50, True),
        (LEFT, 10, True),
        (LEFT, -ONSET, True),
        ([LEFT[0], fault(240, template="b", last=-20), LEFT[2]], -90, True),
    ],
    ids=[
        "rolled back",
        "mended",
        "taken away",
        "just before",
        "not ready at the alert",
        "since nobody knows when",
        "went on",
    ],
)
def test_what_was_left_and_well_again_before_the_alert_is_at_most_possible(
    events: list[ContextEvent], ready_at: float, *, is_likely: bool
) -> None:
    workload = "web" if events is CANARY_LEFT else "pay"
    now = [pod("a", number, workload=workload, ready_changed_at=ONSET + ready_at, service="pay") for number in (0, 1)]
    found = diagnose(events, now)
    assert (named(found), counts_as_likely(found.causes[0])) == ("rollout pay b", is_likely)
