import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from noctuary.models.context_event import ContextEvent, ObjectRef
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.store.changes import (
    DropBaseline,
    FinishWebhook,
    RetryWebhook,
    SaveBaseline,
    SaveIncident,
    SaveIntegrationState,
    SaveNote,
)
from noctuary.store.interface import Store
from noctuary.store.queries import EventQuery
from noctuary.store.rows import Baseline, IntegrationState, NewWebhook
from noctuary.store.sqlite.store import SqliteStore
from testbed.posted_events import context_event as event

NOW = 1_800_000_000.0


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await SqliteStore.open(tmp_path)
    yield store
    await store.close()


def webhook(webhook_id: str = "w1", integration: str = "i1", at: float = NOW) -> NewWebhook:
    return NewWebhook(integration, webhook_id, "hash", at, b'{"event": 1}')


def query(**changes: object) -> EventQuery:
    plain = EventQuery(tenants=["shop"], services=["cart"], since=NOW - 3600, until=NOW + 60, now=NOW + 60)
    changed: EventQuery = msgspec.structs.replace(plain, **changes)
    return changed


def note(incident: str = "P1", **changes: object) -> NoteRow:
    plain = NoteRow(account="a", incident_id=incident, integration_id="i1", marker="m", text="t")
    changed: NoteRow = msgspec.structs.replace(plain, **changes)
    return changed


# The inbox


async def test_a_second_delivery_of_the_same_webhook_is_stored_once(store: Store) -> None:
    assert [await store.add_webhook(webhook()) for _ in range(2)] == [True, False]
    assert len(await store.claim_webhooks(10, 30, NOW)) == 1


async def test_two_integrations_may_have_webhooks_of_the_same_id(store: Store) -> None:
    assert await store.add_webhook(webhook(integration="i1"))
    assert await store.add_webhook(webhook(integration="i2"))


async def test_webhooks_are_claimed_oldest_first_with_what_was_sent(store: Store) -> None:
    for name, at in (("late", NOW - 1), ("early", NOW - 2)):
        await store.add_webhook(webhook(name, at=at))
    rows = await store.claim_webhooks(10, 30, NOW)
    assert [(row.webhook_id, row.body, row.attempts) for row in rows] == [
        ("early", b'{"event": 1}', 1),
        ("late", b'{"event": 1}', 1),
    ]


async def test_a_claimed_webhook_is_not_claimed_again_before_its_lease_ends(store: Store) -> None:
    await store.add_webhook(webhook())
    await store.claim_webhooks(10, 30, NOW)
    assert await store.claim_webhooks(10, 30, NOW + 29) == []
    assert [row.webhook_id for row in await store.claim_webhooks(10, 30, NOW + 30)] == ["w1"]


async def test_an_unfinished_claim_comes_back_after_a_restart(tmp_path: Path) -> None:
    first = await SqliteStore.open(tmp_path)
    await first.add_webhook(webhook())
    await first.claim_webhooks(10, 3600, NOW)
    await first.close()
    second = await SqliteStore.open(tmp_path)
    assert len(await second.claim_webhooks(10, 30, NOW)) == 1
    await second.close()


async def test_a_finished_webhook_never_comes_back_and_its_event_is_known(store: Store) -> None:
    await store.add_webhook(webhook())
    [row] = await store.claim_webhooks(10, 30, NOW)
    await store.commit(FinishWebhook(row.id, "i1", "E1"))
    assert await store.claim_webhooks(10, 30, NOW + 1e6) == []
    assert await store.is_event_known("i1", "E1")
    assert not await store.is_event_known("i2", "E1")


async def test_a_finished_webhook_is_still_recognised_when_it_is_delivered_again(store: Store) -> None:
    await store.add_webhook(webhook())
    [row] = await store.claim_webhooks(10, 30, NOW)
    await store.commit(FinishWebhook(row.id, "i1", None))
    assert not await store.add_webhook(webhook())


async def test_a_webhook_given_back_comes_again_when_its_time_has_come(store: Store) -> None:
    await store.add_webhook(webhook())
    [row] = await store.claim_webhooks(10, 30, NOW)
    await store.commit(RetryWebhook(row.id, NOW + 100, "PagerDuty is away"))
    assert await store.claim_webhooks(10, 30, NOW + 99) == []
    assert len(await store.claim_webhooks(10, 30, NOW + 100)) == 1


# Events


async def test_an_event_is_read_as_it_was_written(store: Store) -> None:
    whole = event(old_value="1", new_value="2", object=ObjectRef("Pod", "shop", "p"), details={"reason": "x"})
    assert await store.add_events([whole]) == [True]
    assert await store.window(query()) == [whole]


async def test_a_repeated_event_is_counted_and_lives_longer(store: Store) -> None:
    await store.add_events([event()])
    again = event(id="other", timestamp=NOW + 30, last_seen=NOW + 30)
    assert await store.add_events([again]) == [False]
    [stored] = await store.window(query())
    assert (stored.id, stored.count, stored.timestamp, stored.last_seen) == ("id-k", 2, NOW, NOW + 30)
    assert len(await store.window(query(now=NOW + 3629))) == 1


async def test_the_same_occurrence_told_twice_is_not_counted(store: Store) -> None:
    assert await store.add_events([event(), event()]) == [True, False]
    assert [found.count for found in await store.window(query())] == [1]


async def test_a_repeated_event_tells_what_was_seen_last(store: Store) -> None:
    first = {"reason": "Error", "restarts": "1", "exit_code": "3"}
    await store.add_events([event(details=first, new_value="Error")])
    later = event(details={"reason": "CrashLoopBackOff", "restarts": "4"}, new_value="CrashLoopBackOff")
    await store.add_events([msgspec.structs.replace(later, last_seen=NOW + 9), event(details={"restarts": "2"})])
    [stored] = await store.window(query())
    assert stored.details == {"reason": "CrashLoopBackOff", "restarts": "4", "exit_code": "3"}
    assert (stored.new_value, stored.timestamp, stored.last_seen) == ("CrashLoopBackOff", NOW, NOW + 9)


async def test_what_is_told_of_the_same_second_adds_what_is_not_known(store: Store) -> None:
    probe = event(details={"reason": "Unhealthy", "message": "statuscode: 500"}, new_value="Unhealthy")
    killed = event(details={"reason": "Killing", "killed": "1"}, new_value="Killing")
    await store.add_events([probe, killed, event(timestamp=NOW - 1, last_seen=NOW - 1, details={"node": "n"})])
    [stored] = await store.window(query())
    assert stored.details == {"reason": "Unhealthy", "message": "statuscode: 500", "killed": "1", "node": "n"}
    assert (stored.new_value, stored.count) == ("Unhealthy", 1)


async def test_a_count_kept_by_the_source_is_taken_over(store: Store) -> None:
    await store.add_events([event(count=3), event(count=7, last_seen=NOW + 1)])
    assert [found.count for found in await store.window(query())] == [7]


@pytest.mark.parametrize("swept", [True, False])
async def test_an_event_that_returns_after_its_expiry_is_a_new_one(store: Store, swept: bool) -> None:
    later = NOW + 4000
    await store.add_events([event()])
    if swept:
        await store.sweep(later, 200)
    assert await store.add_events([event(id="new", timestamp=later, last_seen=later)]) == [True]
    [stored] = await store.window(query(since=NOW - 10, until=later, now=later))
    assert (stored.id, stored.count, stored.timestamp) == ("new", 1, later)


async def test_an_expired_event_is_in_no_window_although_nobody_swept(store: Store) -> None:
    await store.add_events([event(ttl_seconds=10)])
    assert len(await store.window(query(now=NOW + 9))) == 1
    assert await store.window(query(now=NOW + 10)) == []


async def test_an_event_that_goes_on_is_in_the_window_although_it_began_before(store: Store) -> None:
    await store.add_events([event(timestamp=NOW - 9000, last_seen=NOW)])
    assert len(await store.window(query())) == 1


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, ["b", "a"]),
        ({"services": ["cart", "db"]}, ["b", "d", "a"]),
        ({"services": None}, ["b", "d", "a"]),
        ({"tenants": ["other"]}, ["c"]),
        ({"tenants": ["shop", "other"], "services": None}, ["c", "b", "d", "a"]),
        ({"until": NOW - 3}, ["a"]),
        ({"since": NOW - 3}, ["b"]),
        ({"change_limit": 1}, ["b"]),
        ({"services": []}, []),
    ],
)
async def test_a_window_holds_what_was_asked_for_newest_first(
    store: Store, changes: dict[str, Any], found: list[str]
) -> None:
    await store.add_events(
        [
            event("a", timestamp=NOW - 4, last_seen=NOW - 4),
            event("b", timestamp=NOW - 2, last_seen=NOW - 2),
            event("c", tenant="other", timestamp=NOW - 1, last_seen=NOW - 1),
            event("d", service_name="db", timestamp=NOW - 2.5, last_seen=NOW - 2.5),
        ]
    )
    assert [each.dedup_key for each in await store.window(query(**changes))] == found


async def test_that_a_service_was_ever_seen_outlives_its_events(store: Store) -> None:
    await store.add_events([event(ttl_seconds=1)])
    await store.sweep(NOW + 100, 200)
    assert await store.last_event_at(["shop"], ["cart"]) == NOW
    assert await store.last_event_at(["shop"], None) == NOW
    assert await store.last_event_at(["shop"], ["db"]) is None
    assert await store.last_event_at(["other"], ["cart"]) is None


async def test_the_sweep_deletes_in_chunks_and_only_what_nobody_can_see(store: Store) -> None:
    await store.add_events([event(f"old-{i}", ttl_seconds=1) for i in range(5)] + [event("young")])
    assert [await store.sweep(NOW + 100, 3) for _ in range(3)] == [3, 2, 0]
    assert [each.dedup_key for each in await store.window(query(now=NOW + 100))] == ["young"]


async def test_the_sweep_forgets_processed_webhooks_after_their_keeping_time(store: Store) -> None:
    await store.add_webhook(webhook("worked"))
    [row] = await store.claim_webhooks(1, 30, NOW)
    await store.add_webhook(webhook("waiting"))
    await store.commit(FinishWebhook(row.id, "i1", "E1"))
    assert await store.sweep(NOW + 1e9, 200) == 1
    assert [each.webhook_id for each in await store.claim_webhooks(9, 30, NOW)] == ["waiting"]


# Incidents and notes


async def test_an_incident_is_read_as_it_was_written(store: Store) -> None:
    row = IncidentRow(account="a", incident_id="P1", integration_id="i1", title="Ünruhe", diagnosis=b"\x00\xff")
    await store.commit(SaveIncident(row))
    assert await store.incident("i1", "P1") == msgspec.structs.replace(row, revision=1)
    assert await store.incident("b", "P1") is None


async def test_resolved_incidents_are_known_but_not_open(store: Store) -> None:
    for name, status in (("P1", "triggered"), ("P2", "resolved"), ("P3", "acknowledged")):
        row = IncidentRow(account="a", incident_id=name, integration_id="i1", status=status)
        await store.commit(SaveIncident(row))
    assert set(await store.open_incident_ids(["i1"])) == {("i1", "P1"), ("i1", "P3")}
    assert [await store.incident("i1", name) is not None for name in ("P1", "P2", "P9")] == [True, True, False]


@pytest.mark.parametrize(
    ("changes", "is_due"),
    [
        ({}, True),
        ({"sent_rev": 1}, False),
        ({"rev": 2, "sent_rev": 1}, True),
        ({"next_attempt_at": NOW + 1}, False),
        ({"next_attempt_at": NOW}, True),
        ({"sent_rev": 1, "check_at": NOW}, True),
        ({"sent_rev": 1, "check_at": NOW + 1}, False),
        ({"sent_rev": 1, "check_at": NOW - 1, "next_attempt_at": NOW + 1}, False),
    ],
)
async def test_a_note_is_due_when_it_is_unsent_or_to_be_checked(
    store: Store, changes: dict[str, Any], is_due: bool
) -> None:
    row = note(**changes)
    await store.commit(SaveNote(row))
    stored = msgspec.structs.replace(row, revision=1)
    assert await store.claim_notes(10, 30, NOW) == [stored] * is_due
    assert await store.note("a", "P1") == stored


async def test_notes_that_were_due_first_come_first(store: Store) -> None:
    await store.commit(
        SaveNote(note("P1", next_attempt_at=3.0)),
        SaveNote(note("P2", sent_rev=1, check_at=2.0)),
        SaveNote(note("P3", next_attempt_at=1.0)),
    )
    assert [row.incident_id for row in await store.claim_notes(2, 30, NOW)] == ["P3", "P2"]


# States, baselines, depths


async def test_states_are_merged_and_numbered_by_change(store: Store) -> None:
    await store.commit(SaveIntegrationState(IntegrationState(id="i1", last_note_at=1.0)))
    await store.commit(SaveIntegrationState(IntegrationState(id="i2", last_note_at=2.0)))
    await store.commit(SaveIntegrationState(IntegrationState(id="i1", compared_until=3.0)))
    changed = await store.integration_states_since(0)
    assert [(row.id, row.last_note_at, row.compared_until) for row in changed] == [("i2", 2.0, None), ("i1", 1.0, 3.0)]
    assert await store.integration_states_since(changed[0].seq) == [await store.integration_state("i1")]
    assert await store.integration_state("i3") is None


async def test_a_stored_webhook_sets_when_the_last_one_came(store: Store) -> None:
    await store.add_webhook(webhook(at=NOW))
    state = await store.integration_state("i1")
    assert state is not None
    assert state.last_webhook_at == NOW


async def test_baselines_are_replaced_and_dropped(store: Store) -> None:
    old = Baseline(uid="u", kind="Deployment", namespace="n", name="d", template_hash="1", state=b"{}", seen_at=1.0)
    new = msgspec.structs.replace(old, template_hash="2")
    await store.commit(SaveBaseline(old), SaveBaseline(new))
    assert await store.baselines() == [new]
    await store.commit(DropBaseline("u"))
    assert await store.baselines() == []


async def test_depths_tell_what_waits_and_how_long(store: Store) -> None:
    await store.add_webhook(webhook(at=NOW - 7))
    await store.commit(SaveNote(note()))
    depths = await store.depths(NOW)
    assert (depths.inbox, depths.notes, depths.oldest_inbox_s) == (1, 1, 7.0)


async def test_changes_of_one_commit_happen_all_or_none(store: Store) -> None:
    bad = IncidentRow(account="a", incident_id=None, integration_id="i1")  # type: ignore[arg-type]  # breaks NOT NULL
    with pytest.raises(Exception, match="NOT NULL"):
        await store.commit(SaveNote(note()), SaveIncident(bad))
    assert await store.note("a", "P1") is None


async def test_writes_made_at_the_same_time_are_all_kept(store: Store) -> None:
    await asyncio.gather(*(store.add_webhook(webhook(f"w{i}")) for i in range(500)))
    assert (await store.depths(NOW)).inbox == 500


# What the writer remembers of subjects


def of_pod(key: str, app: str, **changes: object) -> ContextEvent:
    return event(key, object=ObjectRef("Pod", "shop", key, key, "Deployment", app, "", {"app": app}), **changes)


async def found(store: Store, app: str) -> list[str]:
    window = await store.select(query(services=[app], workloads=[app]))
    return [each.dedup_key for each in window.events]


async def test_a_subject_that_was_swept_is_made_anew(store: Store) -> None:
    await store.add_events([of_pod("a", "web", timestamp=NOW - 9e5, last_seen=NOW - 9e5)])
    while await store.sweep(NOW, 100):
        pass
    await store.add_events([of_pod("other", "db")])  # takes the id that is free now
    await store.add_events([of_pod("b", "web")])
    assert (await found(store, "web"), await found(store, "db")) == (["b"], ["other"])


async def test_subjects_of_a_job_that_was_undone_are_made_anew(store: Store) -> None:
    broken = of_pod("b", "db", timestamp=None)
    with pytest.raises((sqlite3.Error, TypeError)):
        await store.add_events([of_pod("a", "web"), broken])
    await store.add_events([of_pod("c", "db")])
    await store.add_events([of_pod("d", "web")])
    assert (await found(store, "web"), await found(store, "db")) == (["d"], ["c"])


async def test_an_event_that_moves_to_another_workload_is_found_there_only(store: Store) -> None:
    await store.add_events([of_pod("a", "web")])
    await store.add_events([of_pod("a", "db", last_seen=NOW + 1)])
    assert (await found(store, "web"), await found(store, "db")) == ([], ["a"])
