"""When a rollout was replaced: what keeps its image or its template running has not replaced it."""

from typing import Any

import pytest

from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.models.diagnosis import Diagnosis
from testbed.correlation_world import diagnose, fault, named, pod, posted, ranked, rollout

KEPT = {details.PREVIOUS_IMAGE: "pay:2"}
RESTART = KEPT | {details.RESTART: "1"}


def why_not(diagnosis: Diagnosis) -> list[str]:
    return [aside.why for aside in diagnosis.set_aside if aside.change.at < diagnosis.onset - 1000]


@pytest.mark.parametrize("later", [rollout(600, "other", facts=RESTART), rollout(600, "other", facts=KEPT)])
def test_a_restart_or_a_setting_on_top_replaces_no_version(later: ContextEvent) -> None:
    diagnosis = diagnose([rollout(1200, "bad"), later], [pod("other")])
    assert why_not(diagnosis) == []
    told = {cause.change.details[details.TEMPLATE_HASH]: cause.why for cause in ranked(diagnosis) if cause.change}
    assert told["bad"] == "its pods are ready, so only its behaviour can be wrong"


def test_another_setting_replaces_the_setting_before() -> None:
    diagnosis = diagnose([rollout(1200, "bad", facts=KEPT), rollout(600, "other", facts=KEPT)], [pod("other")])
    assert why_not(diagnosis) == ["it was replaced 10 min before the alert"]


def test_more_pods_of_one_template_replace_none() -> None:
    partly = rollout(1200, facts={details.STAGED: "1 of 3 pods; partition=2"})
    assert why_not(diagnose([partly, rollout(600)], [pod("new")])) == []


def test_a_template_that_pods_run_by_now_is_told_by_their_rollout_only() -> None:
    staged = rollout(1200, facts={details.STAGED: "0 of 3 pods; pods are replaced when they are deleted"})
    staged.event_type = EventType.CONFIG_CHANGE
    alone, begun = diagnose([staged], [pod("new")]), diagnose([staged, rollout(600)], [pod("new")])
    assert [aside.why[:18] for aside in alone.set_aside] == ["no pod runs it yet"]
    assert (len(begun.set_aside), len(ranked(begun))) == (0, 1)


@pytest.mark.parametrize(("version", "is_back"), [("1", True), ("3", False)])
def test_a_deploy_that_was_posted_may_be_a_way_back(version: str, is_back: bool) -> None:
    more: dict[str, Any] = {"old_value": "2", "new_value": version}
    diagnosis = diagnose([posted(EventType.DEPLOY, 200), posted(EventType.DEPLOY, 100, **more)])
    told = [aside.why for aside in diagnosis.set_aside]
    assert told == (["it went back to the version before"] if is_back else [])


FIX = {details.PREVIOUS_IMAGE: "pay:2", details.IMAGE: "pay:3"}


@pytest.mark.parametrize("reasons", [("CrashLoopBackOff",) * 2, ("ImagePullBackOff",) * 2])
@pytest.mark.parametrize("at", [100, 400])
def test_a_fix_that_fails_in_the_same_way_leaves_the_first_bad_version_to_blame(
    reasons: tuple[str, str], at: float
) -> None:
    events = [
        rollout(at + 300, "bad"),
        fault(at + 290, reasons[0], "bad", last=at + 10),
        rollout(at, "fix", facts=FIX),
        fault(at - 5, reasons[1], "fix", last=0),
    ]
    diagnosis = diagnose(events)
    assert named(diagnosis) == "rollout pay bad"
    assert [each.template_hash for each in diagnosis.causes[0].faults] == ["bad", "fix"]
