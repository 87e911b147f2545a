"""Pods that are replaced when somebody deletes them: the steps of one revision are one rollout."""

import msgspec
import pytest

from noctuary.common.clock import parse_time
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.kinds.controller_revisions import ControllerRevision, view_controller_revision
from noctuary.sources.kubernetes.kinds.daemon_sets import DaemonSet, view_daemon_set
from noctuary.sources.kubernetes.live import stored_revisions
from noctuary.sources.kubernetes.rollouts.dating import Clock
from noctuary.sources.kubernetes.rollouts.differences import WorkloadState, difference
from noctuary.sources.kubernetes.rollouts.revisions import Revision
from noctuary.sources.kubernetes.rollouts.workloads import WorkloadView
from tests.unit.sources.cases.controller_revisions import controller_revision
from tests.unit.sources.cases.daemon_sets import REVISIONS, daemon_set
from tests.unit.sources.watched_case import Manifest

BEGIN = parse_time("2026-11-21T11:00:00Z")


def seen(manifest: Manifest) -> WorkloadView:
    return view_daemon_set(msgspec.json.decode(msgspec.json.encode(manifest), type=DaemonSet))


def held(manifests: list[Manifest]) -> list[Revision]:
    views = [
        view_controller_revision(msgspec.json.decode(msgspec.json.encode(each), type=ControllerRevision))
        for each in manifests
    ]
    return [each.revision for each in views if each is not None]


def told(updates: list[tuple[float, int]], known: WorkloadState | None = None) -> list[ContextEvent]:
    """Return what is told of DaemonSet agent when so many pods run its second template, at so many seconds."""
    state, events = known, list[ContextEvent]()
    for after, updated in updates:
        shown = seen(daemon_set(2, "agent:2", strategy="OnDelete", updated=updated))
        found = difference(shown, held(REVISIONS), state, Clock(BEGIN + after, is_live=True))
        assert found is not None
        state, events = found.state, [*events, *found.events]
    return events


def known() -> WorkloadState:
    found = difference(
        seen(daemon_set(1, "agent:1", strategy="OnDelete", updated=3)),
        held(REVISIONS[:1]),
        None,
        Clock(BEGIN, is_live=True),
    )
    assert found is not None
    return found.state


@pytest.mark.parametrize(
    ("updates", "rollouts"),
    [
        ([(0, 0), (10, 1), (11, 2), (12, 3)], 1),
        ([(0, 0), (10, 1), (800, 2), (1600, 3)], 1),
        ([(0, 0), (10, 1), (7200, 2), (7210, 3)], 2),
        ([(0, 0), (86_400, 3)], 1),
        ([(0, 0)], 0),
    ],
)
def test_pods_that_are_deleted_one_soon_after_the_other_are_one_rollout(
    updates: list[tuple[float, int]], rollouts: int
) -> None:
    found = [event for event in told(updates, known()) if event.event_type == "deploy"]
    assert len({event.dedup_key for event in found}) == rollouts
    assert [event.timestamp for event in found] == [BEGIN + after for after, _ in updates[1:]]
    staged = [f"{pods} of 3 pods; pods are replaced when they are deleted" for _, pods in updates[1:]]
    assert [event.details[details.STAGED] for event in found] == staged


def test_its_revisions_tell_that_pods_are_replaced_when_they_are_deleted() -> None:
    strategies = ("OnDelete", "RollingUpdate")
    shown = [seen(daemon_set(2, "agent:2", strategy=each, updated=3)) for each in strategies]
    assert [one.on_delete for each in shown for one in stored_revisions(each, held(REVISIONS))] == [True, False]


def test_a_restart_keeps_the_content_of_a_revision() -> None:
    first, restarted = (controller_revision(number, "agent:1", kind="DaemonSet", name="agent") for number in (1, 2))
    marks = {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}
    restarted["data"]["spec"]["template"] |= marks
    (shown,) = stored_revisions(seen(daemon_set(1, "agent:1")), held([first, restarted, REVISIONS[1]]))
    contents = [each.content for each in shown.revisions]
    assert len(set(contents)) == 2
    assert all(contents)
