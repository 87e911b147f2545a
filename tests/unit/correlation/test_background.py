"""What goes on for days is no cause and acquits nothing."""

import pytest

from noctuary.correlation.score import counts_as_likely
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from testbed.correlation_world import ONSET, diagnose, event, fault, named, pod, posted, rollout

DAY = 86_400.0


def warning(reason: str, first: float, *, history: str = "", last: float = 0) -> ContextEvent:
    """Build a Warning about a healthy pod or its autoscaler, counted 500 times."""
    told = {details.REASON: reason, details.MESSAGE: "policy require-labels: validation rule passed"}
    told |= {details.HISTORY: history} if history else {}
    kind, name = ("HorizontalPodAutoscaler", "pay") if reason.startswith("FailedGet") else ("Pod", "pay-old-0")
    return event(kind, name, EventType.DEPENDENCY_FAILURE, first, told, last=last, count=500)


def rates(*counts: int) -> str:
    """Build a history with one point each five minutes, the last one at the onset."""
    start = ONSET - 300 * (len(counts) - 1)
    return " ".join(f"{start + 300 * i:.0f}:{count}" for i, count in enumerate(counts))


@pytest.mark.parametrize("reason", ["PolicyViolation", "DNSConfigForming", "FailedGetResourceMetric", "Odd"])
def test_a_flag_change_before_the_alert_comes_before_a_warning_of_days(reason: str) -> None:
    diagnosis = diagnose([warning(reason, 3 * DAY), posted(EventType.FLAG_CHANGE, 120)], [pod("old")])
    assert named(diagnosis) == "change pay"
    assert [each.details[details.REASON] for each in diagnosis.background] == [reason]


def test_a_warning_of_days_acquits_no_rollout() -> None:
    diagnosis = diagnose([warning("PolicyViolation", 3 * DAY), rollout(180), fault(170, last=0)], [pod("old")])
    assert (named(diagnosis), diagnosis.set_aside) == ("rollout pay new", [])


def test_a_warning_of_days_whose_rate_rose_at_the_onset_is_no_background() -> None:
    diagnosis = diagnose([warning("FailedSync", 3 * DAY, history=rates(10, 12, 14, 160))], [pod("old", ready=False)])
    assert named(diagnosis) == "other pay"


def test_a_warning_of_days_at_the_same_rate_is_background() -> None:
    diagnosis = diagnose([warning("FailedSync", 3 * DAY, history=rates(10, 20, 30, 40))], [pod("old", ready=False)])
    assert (named(diagnosis), len(diagnosis.background)) == ("nothing_relevant", 1)


def test_a_warning_that_was_made_anew_is_as_old_as_its_history() -> None:
    history = f"{ONSET - 3 * DAY:.0f}:1 {ONSET:.0f}:500"
    diagnosis = diagnose([warning("PolicyViolation", 5, history=history)], [pod("old")])
    assert (named(diagnosis), len(diagnosis.background)) == ("nothing_relevant", 1)


@pytest.mark.parametrize("history", ["", f"{ONSET - 3 * DAY:.0f}:1 {ONSET:.0f}:500"], ids=["none", "one point"])
def test_a_warning_of_days_of_which_no_rate_is_known_is_no_background_beside_pods_that_fail(history: str) -> None:
    diagnosis = diagnose([warning("FailedSync", 3 * DAY, history=history)], [pod("old", ready=False)])
    assert (named(diagnosis), diagnosis.background) == ("other pay", [])


def test_an_unknown_reason_is_never_likely() -> None:
    diagnosis = diagnose([warning("Odd", 100)], [pod("old", ready=False)])
    assert not counts_as_likely(diagnosis.causes[0])


def test_an_unknown_warning_about_ready_pods_comes_after_a_rollout() -> None:
    diagnosis = diagnose([warning("PolicyViolation", 100), rollout(110)], [pod("old"), pod("new")])
    assert named(diagnosis) == "rollout pay new"


@pytest.mark.parametrize("reason", ["Odd", "MissingClusterDNS", "FailedGetResourceMetric"])
@pytest.mark.parametrize("is_ready", [True, False])
def test_a_warning_that_nobody_knows_makes_no_rollout_likely(reason: str, is_ready: bool) -> None:
    told = fault(170, reason, last=0, count=5)
    (cause, *_) = diagnose([warning(reason, 9 * DAY), rollout(180), told], [pod("new", ready=is_ready)]).causes
    assert (cause.kind, not counts_as_likely(cause), bool(cause.faults)) == ("rollout", True, not is_ready)


def test_a_reason_that_the_release_ignores_is_not_told() -> None:
    diagnosis = diagnose([warning("Odd", 100)], [pod("old", ready=False)], ignored_reasons=["Odd"])
    assert (named(diagnosis), diagnosis.background) == ("nothing_relevant", [])


def test_a_stuck_rollout_of_hours_beside_ready_pods_is_background() -> None:
    stuck = fault(3 * 3600, "ImagePullBackOff", "bad", last=0)
    diagnosis = diagnose([stuck], [pod("old"), pod("bad", ready=False)])
    assert (named(diagnosis), diagnosis.background[0].kind) == ("nothing_relevant", "image_pull")


def test_a_stuck_rollout_of_hours_is_possible_when_no_ready_pod_is_left() -> None:
    stuck = fault(3 * 3600, "ImagePullBackOff", "bad", last=0)
    (cause,) = diagnose([stuck], [pod("bad", ready=False)]).causes
    assert (cause.faults[0].kind, not counts_as_likely(cause)) == ("image_pull", True)


def test_pods_that_all_crash_for_hours_are_no_background() -> None:
    diagnosis = diagnose([fault(2 * 3600, template="old", last=0)], [pod("old", ready=False, restarts=30)])
    assert (named(diagnosis), diagnosis.background) == ("crash_loop pay", [])


def test_one_measured_time_before_the_onset_tells_no_rate() -> None:
    after_a_restart = f"{ONSET - 4 * DAY:.0f}:1 {ONSET - 10:.0f}:500"
    diagnosis = diagnose([warning("Odd", 4 * DAY, history=after_a_restart)], [pod("old")])
    assert (named(diagnosis), len(diagnosis.background)) == ("nothing_relevant", 1)


def test_the_message_that_tells_why_is_not_replaced_by_a_later_time_out() -> None:
    attach = fault(60, "FailedAttachVolume", "old", facts={details.MESSAGE: "Multi-Attach error: already used by pod"})
    mount = fault(30, "FailedMount", "old", facts={details.MESSAGE: "timed out waiting for the condition"}, last=0)
    (cause,) = diagnose([attach, mount], [pod("old", ready=False)]).causes
    assert "Multi-Attach" in cause.faults[0].details[details.MESSAGE]
