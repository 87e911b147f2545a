"""What the live view adds to a window: of each service so much is correlated, and what was cut is said."""

import time

import msgspec
import pytest

from noctuary.correlation.observations import gather_observations
from noctuary.incidents.evidence.limits import MAX_SEEN_WARNINGS, within_limits
from noctuary.incidents.evidence.window import MAX_CHANGES, Cut, note_cut
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.models.diagnosis import IncidentContext, Relation, ServiceView
from noctuary.models.live_view import LiveView
from testbed.cluster_events import fault, kubernetes_event, rollout
from testbed.scene import Scene
from tests.unit.call_counts import calls_of

ONSET = 1_790_000_000.0
SINCE = ONSET - 3600
LABELS = {"app": "web"}
WEB = ServiceView("web", Relation.OWN, "shop", ["shop", "evil"], LABELS)
PAYMENTS = ServiceView("payments-api", Relation.DEPENDENCY, "shop", ["shop"])
MANY = 2000


def rollouts(count: int, at: float, workload: str = "web", namespace: str = "shop") -> list[ContextEvent]:
    """Return so many rollouts of one workload, a millisecond apart, the last of them last."""
    made = [rollout(at + n / 1000, workload=workload, namespace=namespace, labels=LABELS) for n in range(count)]
    return [msgspec.structs.replace(each, dedup_key=f"{workload}/{n}/{at}") for n, each in enumerate(made)]


def posted(count: int, at: float) -> list[ContextEvent]:
    """Return flags that other systems turned on for the service."""
    plain = kubernetes_event("Pod", "x", EventType.FLAG_CHANGE, at, {}, namespace="shop", service="web")
    return [
        msgspec.structs.replace(plain, source="api", object=None, vendor="flags", entity=f"f{n}", dedup_key=f"f{n}")
        for n in range(count)
    ]


def context(*events: ContextEvent) -> IncidentContext:
    return IncidentContext([WEB, PAYMENTS], ONSET, 3600.0, list(events))


def test_what_is_within_the_limits_is_left_as_it_is() -> None:
    told = context(*rollouts(MAX_CHANGES, ONSET - 60), *(fault(ONSET - 5, pod=n, labels=LABELS) for n in range(50)))
    assert within_limits(told, SINCE, []) is told


@pytest.mark.parametrize(
    ("kind", "events", "limit"),
    [
        ("changes", rollouts(MANY, ONSET - 60), MAX_CHANGES),
        (
            "warnings",
            [fault(ONSET - 60, pod=n, namespace="shop", labels=LABELS) for n in range(MANY)],
            MAX_SEEN_WARNINGS,
        ),
    ],
    ids=["changes", "warnings"],
)
def test_no_more_of_a_service_is_correlated_than_its_limit(kind: str, events: list[ContextEvent], limit: int) -> None:
    cuts: list[Cut] = []
    assert len(within_limits(context(*events), SINCE, cuts).events) == limit
    assert [each[1:] for each in cuts] == [(kind, SINCE, MANY - limit, limit, 0, False)]


def test_the_newest_rollouts_of_a_workload_stay() -> None:
    made = rollouts(MANY, ONSET - 60)
    assert within_limits(context(*made), SINCE, []).events == made[-MAX_CHANGES:]


@pytest.mark.parametrize(
    ("single", "flood"),
    [
        (rollouts(1, ONSET - 900, "web-worker"), rollouts(300, ONSET - 60)),
        (posted(1, ONSET - 900), rollouts(300, ONSET - 60)),
        (
            rollouts(1, ONSET - 900),
            [each for n in range(300) for each in rollouts(2, ONSET - 60, f"web-{n}", namespace="evil")],
        ),
    ],
    ids=["of another workload", "posted", "of another namespace"],
)
def test_a_flood_pushes_out_no_single_change(single: list[ContextEvent], flood: list[ContextEvent]) -> None:
    assert single[0] in within_limits(context(*single, *flood), SINCE, []).events


def test_posts_leave_half_to_the_cluster_and_are_counted() -> None:
    cuts: list[Cut] = []
    kept = within_limits(context(*rollouts(90, ONSET - 900), *posted(90, ONSET - 60)), SINCE, cuts).events
    assert [each.source for each in kept].count("api") == MAX_CHANGES // 2
    assert [(each.left_out, each.posted) for each in cuts] == [(80, 40)]


def test_what_is_older_than_the_look_is_the_first_to_go_and_no_gap() -> None:
    cuts: list[Cut] = []
    recent = posted(MAX_CHANGES - 10, ONSET - 60)
    kept = within_limits(context(*rollouts(MANY, SINCE - 600), *recent), SINCE, cuts).events
    assert len(kept) == MAX_CHANGES
    assert (kept[-len(recent) :], cuts) == (recent, [])


def test_what_is_of_no_service_takes_no_place_and_stays() -> None:
    node = kubernetes_event("Node", "node-1", EventType.SATURATION, ONSET - 60, {}, namespace="")
    kept = within_limits(context(node, *rollouts(MANY, ONSET - 60)), SINCE, []).events
    assert (kept[0], len(kept)) == (node, MAX_CHANGES + 1)


def test_of_two_cuts_of_the_same_the_larger_is_told() -> None:
    cuts = [Cut("web", "changes", SINCE, 20, 100, 0), Cut("db", "changes", SINCE, 1, 100, 0)]
    for left_out in (10, 300, 30, 0):
        note_cut(cuts, Cut("web", "changes", SINCE, left_out, 100, 0))
    assert [(each.service, each.left_out) for each in cuts] == [("db", 1), ("web", 300)]


def test_a_cut_that_was_not_counted_to_its_end_is_the_larger_one_and_says_so() -> None:
    cuts = [Cut("web", "warnings", SINCE, 9_000, 300, 0)]
    for is_more in (True, False):
        note_cut(cuts, Cut("web", "warnings", SINCE, 4_700, 300, 20, is_more))
    told = "all but 300 of more than 5000 warnings of web since 09:03 UTC, at least 20 of them posted"
    assert [str(each)[:43] for each in cuts] == [told[:43]]
    assert str(cuts[0]).endswith("UTC, at least 20 of them posted")


async def with_live_rollouts(scene: Scene) -> str:
    """Open an incident while the live view shows a workload that was rolled out again and again; return its id."""
    made = [rollout(time.time() - 120 + n / 1000) for n in range(300)]
    made = [msgspec.structs.replace(each, dedup_key=f"live/{n}") for n, each in enumerate(made)]

    async def read(_services: list[ServiceView]) -> LiveView:
        return LiveView(made, [])

    scene.live_reader = read
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(incident.id))
    return incident.id


async def test_the_note_says_what_was_cut_of_the_live_rollouts(scene: Scene) -> None:
    note = scene.text(await with_live_rollouts(scene))
    assert "Not looked at: the oldest 200 of 300 changes of payments-api since" in note


async def test_nothing_is_observed_in_the_event_loop_when_a_note_is_made_or_edited(scene: Scene) -> None:
    with calls_of(gather_observations) as made_here:
        incident = await with_live_rollouts(scene)
        scene.pd.resolve(incident)
        await scene.until(lambda: scene.text(incident).startswith("Resolved"))
    assert made_here == []
