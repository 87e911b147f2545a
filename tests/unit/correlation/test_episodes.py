"""Faults are episodes in time: the same bad version a second time, reports that span both, pods that are gone."""

from noctuary.analyzers.base import wording
from noctuary.analyzers.registry import analyzer_of
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.models.diagnosis import Diagnosis
from testbed.correlation_world import ONSET, diagnose, event, fault, named, pod, rollout

GOOD = {details.IMAGE: "pay:1", details.PREVIOUS_IMAGE: "pay:2", details.PREVIOUS_TEMPLATE_HASH: "bad"}
BAD = {details.PREVIOUS_TEMPLATE_HASH: "good"}


def twice(first_bad: float, undone: float, bad_again: float, reason: str = "ImagePullBackOff") -> list[ContextEvent]:
    """Build a bad version, its undoing, and the same bad version again."""
    return [
        rollout(first_bad, "bad", facts=BAD),
        fault(first_bad - 3, reason, "bad", pod=0, last=undone + 2),
        rollout(undone, "good", facts=GOOD),
        rollout(bad_again, "bad", facts=BAD),
        fault(bad_again - 2, reason, "bad", pod=1, last=0),
    ]


def blamed_at(diagnosis: Diagnosis) -> float:
    change = diagnosis.causes[0].change
    assert change is not None
    return diagnosis.onset - change.at


def test_the_same_bad_version_a_second_time_is_blamed() -> None:
    diagnosis = diagnose(twice(60, 36, 26))
    assert (named(diagnosis), blamed_at(diagnosis)) == ("rollout pay bad", 26)
    assert diagnosis.causes[0].faults[0].pods == ["pay-bad-1"]


def test_the_same_crashing_version_three_quarters_of_an_hour_later_is_blamed() -> None:
    diagnosis = diagnose(twice(45 * 60, 43 * 60, 60, "CrashLoopBackOff"))
    assert blamed_at(diagnosis) == 60
    asides = {diagnosis.onset - aside.change.at: aside.why for aside in diagnosis.set_aside}
    assert asides[45 * 60] == "it was replaced 43 min before the alert"


def test_a_report_that_was_only_counted_up_belongs_to_both_episodes() -> None:
    told = {details.REASON: "FailedCreate", details.TEMPLATE_HASH: "bad"}
    refused = event("ReplicaSet", "pay-bad", EventType.SATURATION, 58, told, last=0)
    rollouts = [each for each in twice(60, 36, 26) if each.event_type == EventType.DEPLOY]
    diagnosis = diagnose([*rollouts, refused])
    assert (blamed_at(diagnosis), diagnosis.causes[0].faults[0].kind) == (26, "refused")


def test_a_bad_version_that_was_rolled_back_just_before_a_late_alert_is_the_cause() -> None:
    events = [
        rollout(120, "bad", facts=BAD),
        fault(110, template="bad", last=60),
        rollout(62, "good", facts=GOOD),
    ]
    diagnosis = diagnose(events, [pod("good", age=62)])
    assert named(diagnosis) == "rollout pay bad"
    assert [aside.why for aside in diagnosis.set_aside] == ["it went back to the version before"]


def test_what_failed_in_pods_that_are_gone_is_over() -> None:
    diagnosis = diagnose([fault(400, "OOMKilled", "old", last=350)], [pod("new", created_at=1.0)])
    (cause,) = diagnosis.causes
    assert (cause.faults[0].is_over, cause.score < 0.7) == (True, True)


def test_a_probe_that_failed_in_pods_that_are_gone_was_no_fault() -> None:
    dying = fault(20, "Unhealthy", "old", facts={details.PROBE: "readiness"})
    assert named(diagnose([dying], [pod("new")])) == "nothing_relevant"


def test_the_next_pod_of_the_same_name_is_another_one() -> None:
    dying = fault(20, "Unhealthy", "new", facts={details.PROBE: "readiness"})
    successor = pod("new", ready=False, created_at=1_800_000_000.0 - 5)
    assert named(diagnose([dying], [successor])) == "nothing_relevant"


def test_a_readiness_that_failed_minutes_after_the_start_and_came_back_is_part_of_the_trouble() -> None:
    onset = 1_800_000_000.0
    flapping = pod("old", created_at=onset - 3600, ready_changed_at=onset - 10)
    failed = fault(60, "Unhealthy", "old", facts={details.PROBE: "readiness"}, last=20)
    assert named(diagnose([failed], [flapping])) == "probe pay"


def test_a_ready_version_that_a_person_left_just_before_a_late_alert_is_possible_and_the_return_is_not() -> None:
    diagnosis = diagnose([rollout(500, "bad", facts=BAD), rollout(60, "good", facts=GOOD)], [pod("good", age=60)])
    assert named(diagnosis) == "rollout pay bad"
    assert [aside.why for aside in diagnosis.set_aside] == ["it went back to the version before"]


def test_a_return_from_a_version_that_ran_for_hours_is_possible_and_marked() -> None:
    events = [rollout(3500, "bad", facts=BAD), rollout(60, "good", facts=GOOD)]
    returns = {
        cause.change.details[details.TEMPLATE_HASH]: cause.change.details.get(details.RETURN)
        for cause in diagnose(events, [pod("good", age=60)]).causes
        if cause.change is not None
    }
    assert returns["good"] == "1"


def test_pods_that_recovered_are_not_counted_with_those_that_fail_still() -> None:
    events = [rollout(300), fault(280, pod=1, last=200), fault(150, pod=0, last=0)]
    pods = [
        pod("new", 1, created_at=ONSET - 290, ready_changed_at=ONSET - 180, restarts=2),
        pod("new", 0, ready=False, created_at=ONSET - 160),
    ]
    found = diagnose(events, pods).causes[0].faults[0]
    assert (found.pods, found.failing_pods, found.is_over) == (["pay-new-0", "pay-new-1"], ["pay-new-0"], False)
    assert analyzer_of(found).sentence(found, wording(found, "pay", 63)).startswith("1 pod of pay")


def test_a_container_that_its_liveness_probe_ended_fails_the_probe_whatever_its_exit_code() -> None:
    killed = {details.PROBE: "liveness", details.KILLED: "1"}
    events = [
        fault(20, "Unhealthy", "old", facts=killed, last=5),
        fault(17, template="old", facts={details.EXIT_CODE: "2"}, last=9),
    ]
    assert named(diagnose(events, [pod("old", restarts=3)])) == "probe pay"
