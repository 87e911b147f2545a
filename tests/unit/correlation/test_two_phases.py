"""Pods that failed as they started, ran well, and failed again: a rollout explains only the first phase."""

from typing import NamedTuple

import pytest

from noctuary.correlation.score import counts_as_likely
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, merge_repeated
from noctuary.models.diagnosis import Diagnosis, PodView
from testbed.correlation_world import ONSET, diagnose, fault, named, pod, posted, ranked, rollout

READY = "its pods are ready, so only its behaviour can be wrong"
RAN_WELL = "its pods ran well for 9 min before the fault began"
ROLLOUT, FAULT, SETTING = "rollout pay new", "crash_loop pay", "change pay"
ROTATED = posted(EventType.CONFIG_CHANGE, 60)


def once(at: float, number: int = 0, **facts: str) -> ContextEvent:
    """Build a container that exited once."""
    return fault(at, "Error", pod=number, facts={details.RESTARTS: "1"} | facts)


def loops(at: float = 40, restarts: str = "3") -> list[ContextEvent]:
    return [fault(at, pod=number, facts={details.RESTARTS: restarts}, last=10) for number in (0, 1)]


def pods(turned: float, *, ready: bool = False, age: float = 600) -> list[PodView]:
    """Build the pods of the rollout, which became ready, or ready no more, at one time."""
    made, at = ONSET - age + 2, ONSET - turned
    return [pod("new", n, ready=ready, created_at=made, ready_changed_at=at, restarts=1) for n in (0, 1)]


class Case(NamedTuple):
    sentence: str
    events: list[ContextEvent]
    pods: list[PodView]
    blamed: str
    is_likely: bool = False


CASES = [
    Case(
        "one exit at the start, then ready until a secret was rotated",
        [rollout(600), once(597), ROTATED, *loops()],
        pods(40),
        SETTING,
    ),
    Case("and nothing was changed", [rollout(600), once(597), *loops()], pods(40), FAULT),
    Case("and the last pod is ready for a moment", [rollout(600), once(597), *loops()], pods(5, ready=True), FAULT),
    Case("and a few exits at the start", [rollout(600), fault(597, last=560), *loops()], pods(40), FAULT),
    Case("and it began within minutes of the rollout", [rollout(300), once(297), *loops()], pods(40), ROLLOUT, True),
    Case("and its pods were never ready", [rollout(600), once(597), *loops()], pods(598), ROLLOUT, True),
    Case("and the first pod is gone", [rollout(600), once(597, 7), *loops()], pods(40), ROLLOUT, True),
    Case(
        "a loop that is held back for five minutes, and whose pods are ready for seconds",
        [rollout(900), fault(895, last=360), fault(50, "Error", last=50)],
        pods(50, age=900),
        ROLLOUT,
        is_likely=True,
    ),
    Case(
        "each container exits after minutes, one after the other",
        [rollout(600), once(330), once(120, 1)],
        pods(119, ready=True),
        ROLLOUT,
        is_likely=True,
    ),
    Case("one exit at the start, ready since", [rollout(200), once(196)], pods(170, ready=True, age=200), ROLLOUT),
    Case("and the pod that exited is gone", [rollout(200), once(196, 7)], pods(170, ready=True, age=200), ROLLOUT),
    Case(
        "and another one crashed until a minute ago, and is gone",
        [rollout(300), fault(290, pod=7, last=60)],
        pods(270, ready=True, age=300),
        ROLLOUT,
        is_likely=True,
    ),
    Case("one exit at the start, ready for seconds", [rollout(60), once(40)], pods(39, ready=True), ROLLOUT, True),
    Case(
        "pods that fail now and then, and are ready for less than they failed",
        [rollout(600), fault(590, last=200)],
        pods(190, ready=True),
        ROLLOUT,
        is_likely=True,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.sentence for case in CASES])
def test_a_rollout_explains_what_fails_only_while_its_pods_were_never_well(case: Case) -> None:
    found = diagnose(case.events, case.pods)
    assert (named(found), counts_as_likely(found.causes[0])) == (case.blamed, case.is_likely)


def test_what_an_exit_at_the_start_says_of_a_later_fault_is_what_none_says() -> None:
    seen = [diagnose([rollout(600), *before, ROTATED, *loops()], pods(40)) for before in ([], [once(597)])]
    assert [[aside.why for aside in each.set_aside] for each in seen] == [[RAN_WELL]] * 2
    assert seen[0].causes == seen[1].causes


def test_another_kind_of_fault_after_an_exit_at_the_start_is_none_of_the_rollouts() -> None:
    failing = [fault(35, "Unhealthy", pod=n, facts={details.PROBE: "readiness"}, last=10) for n in (0, 1)]
    found = diagnose([rollout(600), once(597), *failing], pods(30))
    assert (named(found), [aside.why for aside in found.set_aside]) == ("probe pay", [RAN_WELL])


def test_of_pods_that_only_exited_as_they_started_it_is_said_that_they_are_ready() -> None:
    (cause,) = ranked(diagnose([rollout(1200), once(1196)], pods(1170, ready=True, age=1200)))
    assert (cause.why, [each.first for each in cause.faults]) == (READY, [ONSET - 1196])


def test_an_exit_at_the_start_makes_a_rollout_no_more_than_another_change() -> None:
    flag = posted(EventType.FLAG_CHANGE, 60)
    seen = [diagnose([rollout(600), *exits, flag], pods(570, ready=True)) for exits in ([], [once(597)])]
    chances = [[cause.probability for cause in ranked(each)] for each in seen]
    assert chances[0] == chances[1]


def counted_up(**later: str) -> Diagnosis:
    """Diagnose a container that exited as it started and again, of which only one report is kept."""
    again = once(50, 0, **{details.RESTARTS: "2"} | later)
    again.dedup_key = (first := once(597)).dedup_key
    return diagnose([rollout(600), ROTATED, merge_repeated(first, again)], pods(50)[:1])


def test_a_report_that_was_counted_up_after_a_silence_is_of_two_episodes() -> None:
    found = counted_up()
    assert (named(found), [aside.why for aside in found.set_aside]) == (SETTING, [RAN_WELL])


def test_a_report_of_pods_that_were_never_ready_in_between_is_of_one() -> None:
    assert named(counted_up(**{details.NEVER_READY: "1"})) == ROLLOUT


@pytest.mark.parametrize(("again", "told"), [(50, f"{ONSET - 597:.0f} {ONSET - 50:.0f} 1"), (300, None)])
def test_a_silence_is_kept_where_it_is_longer_than_back_off(again: float, told: str | None) -> None:
    assert merge_repeated(once(597), once(again)).details.get(details.SILENCE) == told
