"""What an incident's window holds, and what its note says was cut."""

import time

import msgspec
import pytest

from noctuary.models.context_event import ContextEvent, EventType
from noctuary.models.routing_record import ServiceMapping
from testbed.cluster_events import fault, kubernetes_event, rollout
from testbed.scene import Scene
from testbed.told import without_percent

LABELS = {"app": "ledger"}


@pytest.fixture
async def mapped(scene: Scene) -> Scene:
    """The scene with a service that is mapped by labels in a busy namespace."""
    scene.route(services=[ServiceMapping("accounts", scene.service, LABELS, ["prod"])])
    await scene.subscribe()
    return scene


def of_ledger(at: float, count: int = 1) -> list[ContextEvent]:
    return [fault(at + n / 1000, pod=n, workload="ledger", namespace="prod", labels=LABELS) for n in range(count)]


async def test_the_rollout_is_blamed_although_other_pods_warned_a_hundred_times_more(mapped: Scene) -> None:
    now = time.time()
    noise = [
        fault(now - 5 - n / 1000, pod=n, workload=f"job-{n % 40}", namespace="prod", labels={"app": f"job-{n % 40}"})
        for n in range(2_000)
    ]
    own = rollout(now - 120, workload="ledger", namespace="prod", labels=LABELS)
    await mapped.store.add_events([own, *of_ledger(now - 100), *noise])
    mapped.start()
    incident = mapped.pd.trigger(mapped.service, "Errors")
    await mapped.until(lambda: mapped.text(incident.id))
    assert mapped.words(incident.id).startswith("Likely cause: ledger was rolled out to 2.4.1")
    assert "the oldest" not in mapped.text(incident.id)


async def test_what_was_cut_of_its_own_warnings_is_said(mapped: Scene) -> None:
    now = time.time()
    own = rollout(now - 120, workload="ledger", namespace="prod", labels=LABELS)
    await mapped.store.add_events([own, *of_ledger(now - 100, 520)])
    mapped.start()
    incident = mapped.pd.trigger(mapped.service, "Errors")
    await mapped.until(lambda: mapped.text(incident.id))
    assert "Not looked at: the oldest 220 of 520 warnings of accounts since" in mapped.text(incident.id)
    assert mapped.words(incident.id).startswith("Likely cause: ledger was rolled out to 2.4.1")


def posted_flood(at: float, ttl: int, tenant: str = "payments") -> list[ContextEvent]:
    """Return 100 deploys and 300 faults of as many things, posted by one sender of the service."""
    plain = kubernetes_event("Pod", "x", EventType.SATURATION, at, {}, namespace=tenant, service="accounts")
    kinds = [EventType.DEPLOY] * 100 + [EventType.SATURATION] * 300
    return [
        msgspec.structs.replace(
            plain,
            source="api",
            object=None,
            vendor="v",
            entity=f"x{n}",
            dedup_key=f"x{n}",
            event_type=kind,
            ttl_seconds=ttl,
        )
        for n, kind in enumerate(kinds)
    ]


async def first_note(scene: Scene) -> str:
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(incident.id))
    return scene.text(incident.id)


async def test_posts_that_expired_leave_the_rollout_and_no_word(mapped: Scene) -> None:
    now = time.time()
    own = rollout(now - 120, workload="ledger", namespace="prod", labels=LABELS)
    await mapped.store.add_events([own, *of_ledger(now - 100), *posted_flood(now - 3, 1)])
    note = await first_note(mapped)
    assert without_percent(note).startswith("Likely cause: ledger was rolled out to 2.4.1")
    assert "the oldest" not in note


async def test_what_another_tenant_posts_in_a_mapped_namespace_takes_nobodys_place(mapped: Scene) -> None:
    now = time.time()
    flags = [
        msgspec.structs.replace(each, vendor="launchdarkly", event_type=EventType.FLAG_CHANGE, new_value="on")
        for each in posted_flood(now - 240, 7200)[:1]
    ]
    invented = [
        msgspec.structs.replace(each, vendor=f"v{n}", timestamp=now - 60, last_seen=now - 60)
        for n, each in enumerate(posted_flood(now - 60, 7200, "prod"))
    ]
    await mapped.store.add_events([*flags, *invented])
    note = await first_note(mapped)
    assert "flag x0" in note.partition("\n")[0]
    assert "the oldest" not in note


async def test_a_flood_of_posts_leaves_the_rollout_and_is_said(mapped: Scene) -> None:
    now = time.time()
    own = rollout(now - 120, workload="ledger", namespace="prod", labels=LABELS)
    await mapped.store.add_events([own, *of_ledger(now - 100, 20), *posted_flood(now - 60, 7200)])
    note = await first_note(mapped)
    assert "ledger was rolled out to 2.4.1" in note
    assert "Not looked at: the oldest 1 of 101 changes of accounts since" in note
    assert "UTC, 20 of them posted." in note


@pytest.mark.parametrize(("age_s", "told"), [(7200, True), (60, False)])
async def test_the_last_event_is_told_when_it_was_before_what_was_looked_at(
    mapped: Scene, age_s: int, *, told: bool
) -> None:
    expired = msgspec.structs.replace(fault(time.time() - age_s, service="accounts", namespace="prod"), ttl_seconds=1)
    await mapped.store.add_events([expired])
    assert ("the last event was 2 h before the alert" in await first_note(mapped)) is told


async def test_ignored_reasons_are_no_gap_and_no_event(mapped: Scene) -> None:
    mapped.ignored_reasons = ("PolicyViolation",)
    now = time.time()
    audits = [
        fault(now - 10 - n / 1000, "PolicyViolation", pod=n, workload="ledger", namespace="prod", labels=LABELS)
        for n in range(520)
    ]
    await mapped.store.add_events(audits)
    note = await first_note(mapped)
    assert "Looked at: 0 events of accounts" in note
    assert "the oldest" not in note
    assert "the last event" not in note
