"""What one tenant or integration may keep, who goes first, and what is done with damaged rows."""

import asyncio
import sqlite3
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog

from noctuary.common import clock
from noctuary.common.errors import QuotaExceeded, StoreUnavailable
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.store.changes import FinishWebhook, SaveBaseline, SaveIncident, SaveIntegrationState, SaveNote
from noctuary.store.limits import Quota, StoreLimits
from noctuary.store.queries import LONG_AGO, EventQuery
from noctuary.store.rows import Baseline, IntegrationState, NewWebhook
from noctuary.store.sqlite import database
from noctuary.store.sqlite.events import reading, services, subjects, sweeping
from noctuary.store.sqlite.events import rows as event_rows
from noctuary.store.sqlite.store import FILE_NAME, SqliteStore
from testbed.posted_events import context_event as posted

NOW = 1_800_000_000.0
DAY_S = 86_400.0
LIMITS = StoreLimits(
    tenant_events=20,
    tenant_event_bytes=20_000,
    tenant_services=5,
    incidents_per_integration=4,
    waiting_webhooks=3,
    waiting_webhook_bytes=1_000,
    finished_webhooks=2,
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(tmp_path, LIMITS)
    yield store
    await store.close()


def seen(key: str, **changes: object) -> ContextEvent:
    ref = ObjectRef("Pod", "shop", key, workload_name="cart")
    return posted(key, source="kubernetes", object=ref, event_type=EventType.RESTART, **changes)


def window(**changes: object) -> EventQuery:
    plain = EventQuery(tenants=["shop"], services=["cart"], since=NOW - 3600, until=NOW + 60, now=NOW + 60)
    changed: EventQuery = msgspec.structs.replace(plain, **changes)
    return changed


def webhook(name: str, integration: str = "one", body: bytes = b"{}") -> NewWebhook:
    return NewWebhook(integration, name, "hash", NOW, body)


def incident(name: str, at: float = NOW, status: str = "resolved", integration: str = "one") -> IncidentRow:
    return IncidentRow(
        account="a", incident_id=name, integration_id=integration, status=status, triggered_at=at, updated_at=at
    )


def note(name: str, integration: str = "one") -> NoteRow:
    return NoteRow(account="a", incident_id=name, integration_id=integration, marker="m", text="t")


def baseline(uid: str) -> Baseline:
    return Baseline(uid=uid, kind="Deployment", namespace="n", name=uid, template_hash="1", state=b"{}", seen_at=1.0)


async def table(store: SqliteStore, question: str) -> list[Any]:
    return await store._database.read(lambda c: c.execute(question).fetchall())


async def counters_differ(store: SqliteStore) -> list[Any]:
    """Return the owners whose numbers are not those of their rows."""
    counted = "SELECT tenant, source, count(*), sum(length(event)) FROM events GROUP BY 1, 2"
    return await table(store, f"SELECT tenant, source, events, bytes FROM owners WHERE events > 0 EXCEPT {counted}")  # noqa: S608 - constants


# Quotas


async def test_what_is_posted_beyond_the_quota_is_refused_and_no_other_tenant_is(store: SqliteStore) -> None:
    added = await store.add_events([posted(f"k{n}") for n in range(25)])
    assert added == [True] * 20 + [Quota.EVENTS] * 5
    assert await store.add_events([posted("k", tenant="other")]) == [True]
    assert store.quotas_met(NOW).keys() <= {"shop"}


@pytest.mark.parametrize(
    ("kept", "quota"),
    [
        ([posted(f"k{n}") for n in range(25)], Quota.EVENTS),
        ([posted(f"k{n}", new_value="x" * 4_000) for n in range(10)], Quota.BYTES),
        ([posted(f"k{n}", service_name=f"name-{n}") for n in range(7)], Quota.SERVICES),
        ([posted(f"k{n}") for n in range(10)], None),
    ],
    ids=["events", "bytes", "services", "none"],
)
async def test_a_quota_that_was_met_before_a_restart_is_met_after_it(
    tmp_path: Path, kept: list[ContextEvent], quota: Quota | None
) -> None:
    store = await SqliteStore.open(tmp_path, LIMITS)
    await store.add_events([*kept, posted("k", tenant="other")])
    await store.close()
    again = await SqliteStore.open(tmp_path, LIMITS)
    met = again.quotas_met(clock.now())
    await again.close()
    assert {tenant: each.quota for tenant, each in met.items()} == ({} if quota is None else {"shop": quota})


async def test_a_repetition_is_counted_up_although_the_quota_is_met(store: SqliteStore) -> None:
    await store.add_events([posted(f"k{n}") for n in range(20)])
    assert await store.add_events([posted("k3", last_seen=NOW + 1), posted("new")]) == [
        False,
        Quota.EVENTS,
    ]


async def test_the_bytes_of_a_tenant_are_bounded(store: SqliteStore) -> None:
    added = await store.add_events([posted(f"k{n}", new_value="x" * 4_000) for n in range(10)])
    assert added == [True] * 4 + [Quota.BYTES] * 6


async def test_a_repetition_may_not_swell_beyond_the_quota_either(store: SqliteStore) -> None:
    await store.add_events([posted(f"k{n}") for n in range(10)])
    swollen = [posted(f"k{n}", new_value="x" * 4_000, last_seen=NOW + 1) for n in range(10)]
    await store.add_events(swollen)
    assert (await table(store, "SELECT sum(bytes) FROM owners"))[0][0] <= LIMITS.tenant_event_bytes


async def test_the_clusters_own_events_push_out_those_that_expire_first(store: SqliteStore) -> None:
    await store.add_events([seen(f"k{n}", last_seen=NOW + n) for n in range(20)])
    assert await store.add_events([seen("new", last_seen=NOW + 50)]) == [True]
    kept = {key for (key,) in await table(store, "SELECT dedup_key FROM events")}
    assert ("k0" in kept, "k19" in kept, "new" in kept, len(kept)) == (False, True, True, 20)


@pytest.mark.parametrize(("flood", "other", "share"), [(posted, seen, 10), (seen, posted, 10)])
async def test_a_flood_leaves_the_other_kind_its_half(
    store: SqliteStore, flood: Callable[..., ContextEvent], other: Callable[..., ContextEvent], share: int
) -> None:
    await store.add_events([flood(f"flood{n}") for n in range(40)])
    assert await store.add_events([other(f"own{n}") for n in range(share)]) == [True] * share
    assert await store.add_events([flood(f"more{n}") for n in range(40)])
    assert len(await table(store, "SELECT 1 FROM events WHERE dedup_key LIKE 'own%'")) == share
    assert len(await table(store, "SELECT 1 FROM events")) <= LIMITS.tenant_events


async def test_a_service_beyond_the_quota_is_refused_and_the_known_ones_go_on(store: SqliteStore) -> None:
    added = await store.add_events([posted(f"k{n}", service_name=f"s{n}") for n in range(7)])
    assert added == [True] * 5 + [Quota.SERVICES] * 2
    assert await store.add_events([posted("again", service_name="s0")]) == [True]


async def test_of_services_that_were_pushed_out_nobody_says_that_nothing_was_ever_seen(store: SqliteStore) -> None:
    await store.add_events([seen(f"k{n}", service_name=f"s{n}", last_seen=NOW + n) for n in range(7)])
    assert [await store.last_event_at(["shop"], [name]) for name in ("s0", "s6")] == [LONG_AGO, NOW + 6]
    assert await store.last_event_at(["other"], ["s0"]) is None
    assert len(await table(store, "SELECT 1 FROM services WHERE service_name <> ''")) == LIMITS.tenant_services


async def test_services_of_which_nothing_was_seen_for_long_make_room(store: SqliteStore) -> None:
    await store.add_events([posted(f"k{n}", service_name=f"s{n}") for n in range(5)])
    await store.sweep(NOW + services.KEEP_S + 1, 100)
    later = NOW + services.KEEP_S + 1
    assert await store.add_events([posted("k", service_name="new", timestamp=later, last_seen=later)]) == [True]
    assert await store.last_event_at(["shop"], ["s0"]) == LONG_AGO


async def test_a_namespace_of_which_nothing_was_seen_for_very_long_leaves_no_row(store: SqliteStore) -> None:
    await store.add_events([posted(f"k{n}", service_name=f"s{n}") for n in range(3)])
    gone_at = NOW + services.KEEP_FORGOTTEN_S + 10
    await store.add_events([posted("k", tenant="living", service_name="s", last_seen=gone_at, timestamp=gone_at)])
    for _ in range(3):
        while await store.sweep(gone_at, 100):
            pass
        await store.retain(gone_at, 100, {})
    assert await table(store, "SELECT tenant FROM tenants UNION ALL SELECT tenant FROM services") == [("living",)] * 2
    assert await table(store, "SELECT tenant FROM subjects UNION SELECT tenant FROM owners") == [("living",)]
    assert await counters_differ(store) == []


@pytest.mark.parametrize(
    ("integrations", "is_service_known", "told"),
    [({}, False, None), ({}, True, LONG_AGO), ({"i": "shop"}, False, LONG_AGO), ({"i": "other"}, False, None)],
)
async def test_a_namespace_that_is_there_keeps_that_services_of_it_were_forgotten(
    store: SqliteStore, integrations: dict[str, str], is_service_known: bool, told: float | None
) -> None:
    await store.add_events([posted("k", service_name="s0")])
    later = NOW + services.KEEP_FORGOTTEN_S + 10
    if is_service_known:
        await store.add_events([posted("l", service_name="s1", timestamp=later, last_seen=later)])
    for _ in range(3):
        while await store.sweep(later, 100):
            pass
        await store.retain(later, 100, integrations)
    assert await store.last_event_at(["shop"], ["s0"]) == told


async def test_the_counters_are_those_of_the_rows_after_all_that_can_happen(store: SqliteStore) -> None:
    for n in range(60):
        event = (posted, seen)[n % 2](f"k{n % 27}", last_seen=NOW + n, ttl_seconds=5 + n % 40, new_value="x" * (n * 7))
        await store.add_events([event, posted(f"b{n % 5}", tenant="other", last_seen=NOW + n)])
        if n % 10 == 9:
            await store.sweep(NOW + n, 3)
    assert await counters_differ(store) == []
    assert len(await table(store, "SELECT 1 FROM expiries")) == len(await table(store, "SELECT 1 FROM events"))


async def test_the_counters_are_right_after_a_transaction_that_was_undone(store: SqliteStore) -> None:
    def fails(connection: sqlite3.Connection) -> None:
        sweeping.delete(connection, sweeping.find(connection, NOW + DAY_S, 100), NOW + DAY_S)
        raise ValueError("a bug")

    await store.add_events([posted(f"k{n}") for n in range(5)])
    with pytest.raises(ValueError, match="a bug"):
        await store._database.write(fails)
    assert await counters_differ(store) == []
    assert await table(store, "SELECT events FROM owners") == [(5,)]


# What the writer remembers


async def test_what_was_remembered_of_a_transaction_that_was_undone_is_forgotten(store: SqliteStore) -> None:
    def fails(connection: sqlite3.Connection) -> None:
        event_rows.add(connection, [posted("undone")], store._events._remembered, LIMITS, store._levels)
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        await store._database.write(fails)
    assert await store.add_events([posted("k")]) == [True]
    assert [event.dedup_key for event in await store.window(window())] == ["k"]
    assert await store.last_event_at(["shop"], ["cart"]) == NOW


async def test_a_later_time_that_was_undone_is_written_again(store: SqliteStore) -> None:
    later = posted("k", last_seen=NOW + 50)

    def fails(connection: sqlite3.Connection) -> None:
        event_rows.add(connection, [later], store._events._remembered, LIMITS, store._levels)
        raise ValueError("a bug")

    await store.add_events([posted("k")])
    with pytest.raises(ValueError, match="a bug"):
        await store._database.write(fails)
    await store.add_events([later])
    assert [event.dedup_key for event in await store.window(window(since=NOW + 40))] == ["k"]
    assert await store.last_event_at(["shop"], ["cart"]) == NOW + 50


async def test_a_subject_and_a_service_that_were_swept_are_made_anew(store: SqliteStore) -> None:
    await store.add_events([posted("k")])
    later = NOW + services.KEEP_S + 10
    while await store.sweep(later, 100):
        pass
    assert await table(store, "SELECT subject_id FROM subjects") == []
    await store.add_events([posted("k", timestamp=later, last_seen=later)])
    found = await store.window(window(since=later - 60, until=later, now=later))
    assert [event.dedup_key for event in found] == ["k"]
    assert await store.last_event_at(["shop"], ["cart"]) == later


async def test_of_a_stream_the_latest_is_found_and_the_last_time_is_told_to_a_second(store: SqliteStore) -> None:
    for n in range(20):
        await store.add_events([posted(f"k{n}", last_seen=NOW + n * 0.3)])
        found = await store.window(window(since=NOW + n * 0.3))
        assert [event.dedup_key for event in found] == [f"k{n}"]
    told = await store.last_event_at(["shop"], ["cart"])
    assert told is not None
    assert NOW + 19 * 0.3 - 1 < told <= NOW + 19 * 0.3


async def test_a_stream_with_an_ignored_reason_is_never_told_as_the_last_event(store: SqliteStore) -> None:
    await store.add_events([posted("k", last_seen=NOW - 900)])
    for n in range(20):
        event = seen(f"k{n}", last_seen=NOW + n * 0.7, details={"reason": "PolicyViolation"})
        await store.add_events([event])
        assert await store.last_event_at(["shop"], ["cart"], ["PolicyViolation"]) == NOW - 900


# Windows


async def test_the_largest_texts_of_a_window_are_shortened_and_counted(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_WINDOW_BYTES", 6_000)
    await store.add_events([posted("large", new_value="x" * 9_000), posted("small", new_value="2.4.1")])
    found = await store.select(window())
    texts = {event.dedup_key: event.new_value or "" for event in found.events}
    assert texts["small"] == "2.4.1"
    assert (texts["large"][-1], len(texts["large"]) < 6_000) == (reading.MORE, True)
    assert found.texts_cut == 1


async def test_a_window_looks_at_a_bounded_number_of_subjects(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subjects, "MAX_FOUND", 3)
    await store.add_events([posted(f"k{n}", vendor=f"v{n}", last_seen=NOW + n) for n in range(9)])
    assert [event.dedup_key for event in await store.window(window())] == ["k8", "k7", "k6"]


async def test_who_invents_subjects_of_one_kind_pushes_out_none_of_the_other(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subjects, "MAX_FOUND", 3)
    await store.add_events([posted("deploy", last_seen=NOW - 9)])
    full = EventType.SATURATION
    await store.add_events([posted(f"k{n}", vendor=f"v{n}", event_type=full, last_seen=NOW + n) for n in range(9)])
    assert [event.dedup_key for event in await store.window(window())] == ["k8", "k7", "k6", "deploy"]
    monkeypatch.setattr(subjects, "MAX_LOOKED_AT", 9)
    assert "deploy" not in [event.dedup_key for event in await store.window(window())]


# Lanes


def _note_end(order: list[str], name: str, _: object) -> None:
    order.append(name)


async def test_webhooks_go_before_events_that_wait_already(store: SqliteStore) -> None:
    order: list[str] = []
    gate = threading.Event()
    held = asyncio.ensure_future(store._database.write(lambda _: gate.wait(30)))
    await asyncio.sleep(0.05)
    events = [[posted(f"{part}-{n}", tenant=f"t{part}") for n in range(20)] for part in range(50)]
    waiting = [asyncio.ensure_future(store.add_events(each)) for each in events]
    await asyncio.sleep(0)
    first = asyncio.ensure_future(store.add_webhook(webhook("w")))
    for name, task in [("webhook", first), *(("events", task) for task in waiting[20:])]:
        task.add_done_callback(partial(_note_end, order, name))
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(held, first, *waiting)
    assert order[0] == "webhook"


async def test_a_sweep_goes_before_events_that_wait_already(store: SqliteStore) -> None:
    order: list[str] = []
    await store.add_events([posted(f"k{n}") for n in range(5)])
    gate = threading.Event()
    held = asyncio.ensure_future(store._database.write(lambda _: gate.wait(30)))
    waiting = [asyncio.ensure_future(store.add_events([posted(f"{n}", tenant=f"t{n}")] * 200)) for n in range(20)]
    sweep = asyncio.ensure_future(store._upkeep._write(lambda c: note_sweep(c, order), 500))
    await asyncio.sleep(0)
    for task in waiting[1:]:
        task.add_done_callback(partial(_note_end, order, "events"))
    gate.set()
    await asyncio.gather(held, sweep, *waiting)
    assert order[0] == "sweep"


def note_sweep(connection: sqlite3.Connection, order: list[str]) -> int:
    order.append("sweep")
    return sweeping.delete(connection, sweeping.find(connection, NOW + DAY_S, 100), NOW + DAY_S)


async def test_events_are_refused_early_when_too_many_wait_and_webhooks_are_not(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "MAX_WAITING_ROWS", 10)
    gate = threading.Event()
    held = asyncio.ensure_future(store._database.write(lambda _: gate.wait(30)))
    waiting = asyncio.ensure_future(store.add_events([posted(f"k{n}") for n in range(10)]))
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable, match="Too many events wait") as refused:
        await store.add_events([posted("more")])
    assert refused.value.retry_after_s == 1
    accepted = asyncio.ensure_future(store.add_webhook(webhook("w")))
    gate.set()
    assert (await held, await accepted, await waiting) == (True, True, [True] * 10)
    assert await store.add_events([posted("k", tenant="other")]) == [True]


async def test_a_few_posts_of_one_transaction_are_answered_in_a_turn_of_the_event_loop(store: SqliteStore) -> None:
    held = threading.Event()
    holding = asyncio.ensure_future(store._database.write(lambda _: held.wait()))
    turn, answered = 0, Counter[int]()
    adding = [asyncio.ensure_future(store.add_events([posted(str(number))])) for number in range(40)]
    for each in adding:
        each.add_done_callback(lambda _: answered.update([turn]))
    await asyncio.sleep(0)
    held.set()
    while answered.total() < len(adding):
        await asyncio.sleep(0)
        turn += 1
    await holding
    assert max(answered.values()) <= database.BULK_ANSWERS_PER_TURN


async def test_events_of_one_transaction_are_answered_each_for_itself(store: SqliteStore) -> None:
    gate = threading.Event()
    held = asyncio.ensure_future(store._database.write(lambda _: gate.wait(30)))
    writes = [store.add_events([posted(key)]) for key in ("a", "b", "a")]
    bad = store.add_events([posted("bad", ttl_seconds="no number")])
    waiting = [asyncio.ensure_future(write) for write in (*writes, bad)]
    await asyncio.sleep(0)
    gate.set()
    *answers, error = await asyncio.gather(*waiting, return_exceptions=True)
    assert (await held, answers, type(error)) == (True, [[True], [True], [False]], TypeError)


# The inbox


async def test_a_worked_webhook_keeps_its_id_and_not_its_body(store: SqliteStore) -> None:
    await store.add_webhook(webhook("w", body=b"x" * 500))
    [row] = await store.claim_webhooks(1, 30, NOW)
    await store.commit(FinishWebhook(row.id, "one", "E1"))
    assert await table(store, "SELECT length(body) FROM inbox") == [(0,)]
    assert not await store.add_webhook(webhook("w"))


@pytest.mark.parametrize("bodies", [[b"{}"] * 4, [b"x" * 600] * 2], ids=["rows", "bytes"])
async def test_an_integration_whose_webhooks_wait_is_asked_to_retry_and_no_other_is(
    store: SqliteStore, bodies: list[bytes]
) -> None:
    for number, body in enumerate(bodies[:-1]):
        assert await store.add_webhook(webhook(f"w{number}", body=body))
    with pytest.raises(QuotaExceeded, match="of this integration wait"):
        await store.add_webhook(webhook("last", body=bodies[-1]))
    assert await store.add_webhook(webhook("last", "two", bodies[-1]))
    [row] = await store.claim_webhooks(1, 30, NOW)
    await store.commit(FinishWebhook(row.id, "one", None))
    assert await store.add_webhook(webhook("last", body=bodies[-1]))


async def test_ids_of_worked_webhooks_beyond_the_share_go_oldest_first(store: SqliteStore) -> None:
    for number in range(5):
        await store.add_webhook(webhook(f"w{number}"))
        [row] = await store.claim_webhooks(1, 30, NOW)
        await store.commit(FinishWebhook(row.id, "one", None))
    await store.sweep(clock.now(), 100)
    assert await table(store, "SELECT webhook_id FROM inbox ORDER BY id") == [("w3",), ("w4",)]
    assert await table(store, "SELECT waiting, waiting_bytes, finished FROM holders") == [(0, 0, 2)]


# Retention


async def test_closed_incidents_go_with_their_notes_when_their_time_is_over(store: SqliteStore) -> None:
    rows = [incident("old"), incident("new", NOW + 50 * DAY_S), incident("open", status="triggered")]
    await store.commit(*map(SaveIncident, rows), *(SaveNote(note(row.incident_id)) for row in rows))
    assert await store.retain(NOW + 91 * DAY_S, 10, {"one": "shop"}) == 1
    assert {row.incident_id for row in rows if await store.incident("one", row.incident_id)} == {"new", "open"}
    assert {row.incident_id for row in rows if await store.note("a", row.incident_id)} == {"new", "open"}


async def test_another_integrations_note_of_the_same_incident_stays(store: SqliteStore) -> None:
    rows = [incident("old"), msgspec.structs.replace(incident("old", status="triggered"), account="b")]
    theirs = msgspec.structs.replace(rows[1], integration_id="another")
    await store.commit(SaveIncident(rows[0]), SaveIncident(theirs), SaveNote(note("old", integration="another")))
    await store.retain(NOW + 91 * DAY_S, 10, {"one": "shop", "another": "shop"})
    assert await store.note("a", "old") is not None


async def test_a_note_whose_incident_is_gone_goes_when_it_is_old(store: SqliteStore) -> None:
    rows = [incident("here", status="triggered")]
    notes = [note("here"), note("gone"), msgspec.structs.replace(note("new"), created_at=NOW + 50 * DAY_S)]
    await store.commit(*map(SaveIncident, rows), *map(SaveNote, notes))
    assert await store.retain(NOW + 91 * DAY_S, 10, None) == 1
    assert {each.incident_id for each in notes if await store.note("a", each.incident_id)} == {"here", "new"}


async def test_open_incidents_of_an_integration_that_is_gone_go_in_their_time(store: SqliteStore) -> None:
    await store.commit(SaveIncident(incident("open", status="triggered")))
    assert await store.retain(NOW + 91 * DAY_S, 10, None) == 0
    assert await store.retain(NOW + 91 * DAY_S, 10, {"two": "shop"}) == 1


async def test_beyond_an_integrations_share_closed_incidents_go_first_the_oldest_first(store: SqliteStore) -> None:
    names = [("open1", "triggered"), ("closed1", "resolved"), ("closed2", "resolved"), ("open2", "triggered")]
    more = [("closed3", "resolved"), ("open3", "triggered")]
    for name, status in names + more:
        await store.commit(SaveIncident(incident(name, status=status)))
    await store.commit(SaveIncident(incident("other", integration="two")))
    await store.retain(NOW, 10, None)
    left = {name for (name,) in await table(store, "SELECT incident_id FROM incidents")}
    assert left == {"open1", "open2", "closed3", "open3", "other"}


async def test_an_integration_keeps_its_share_however_many_more_it_was_told_of(store: SqliteStore) -> None:
    told = [incident(f"Q{number}", status="triggered") for number in range(1_200)]
    await store.commit(*map(SaveIncident, told), SaveIncident(incident("other", integration="two")))
    await store.retain(NOW, 10, None)
    left = [name for (name,) in await table(store, "SELECT incident_id FROM incidents ORDER BY rowid")]
    assert left == ["Q1196", "Q1197", "Q1198", "Q1199", "other"]


async def test_states_of_integrations_that_are_gone_go_and_numbers_go_on(store: SqliteStore) -> None:
    for name in ("gone", "here", "last"):
        await store.commit(SaveIntegrationState(IntegrationState(id=name, last_webhook_at=NOW)))
    await store.retain(NOW + 8 * DAY_S, 10, {"here": "shop"})
    assert [state.id for state in await store.integration_states_since(0)] == ["here", "last"]
    await store.commit(SaveIntegrationState(IntegrationState(id="new")))
    assert [state.id for state in await store.integration_states_since(3)] == ["new"]


async def test_a_release_that_keeps_bodies_and_uncounted_events_is_caught_up_with(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "COUNTED_ROWS", 4)
    await store.add_events([posted(f"k{n}") for n in range(10)])
    await store.add_webhook(webhook("w"))
    await store.close()
    with sqlite3.connect(tmp_path / FILE_NAME) as old:
        old.execute("DELETE FROM owners")
        old.execute("DELETE FROM expiries")
        old.execute("INSERT INTO uncounted SELECT 1, 0, max(row_id) FROM events")
        old.execute("UPDATE inbox SET finished_at = ?, body = x'abcd'", (NOW,))
    old.close()
    again = await SqliteStore.open(tmp_path, LIMITS)
    await again.add_events([posted("k3", last_seen=NOW + 5), posted("new")])
    while await again.sweep(NOW, 100) == 100:
        pass
    assert await counters_differ(again) == []
    assert await table(again, "SELECT sum(events) FROM owners") == [(11,)]
    assert await table(again, "SELECT length(body) FROM inbox") == [(0,)]
    assert await again.sweep(NOW + DAY_S, 100) == 11
    await again.close()


# Damaged rows


@pytest.mark.parametrize("content", [b"\x00\xff{", b'{"incident_id": 5}', "text that is no JSON", None])
async def test_a_damaged_row_is_set_aside_counted_and_told_and_the_others_are_read(
    store: SqliteStore, content: bytes | str | None
) -> None:
    await store.commit(*(SaveIncident(incident(name, status="triggered")) for name in ("bad", "good")))
    await store.commit(SaveNote(note("bad")), SaveNote(note("good")))
    await store.add_events([posted("bad"), posted("good")])
    for of, column, key in (("incidents", "incident", "incident_id"), ("notes", "note", "incident_id")):
        await spoil(store, f"UPDATE {of} SET {column} = ? WHERE {key} = 'bad'", content)  # noqa: S608 - constants
    await spoil(store, "UPDATE events SET event = ? WHERE dedup_key = 'bad'", content)
    with structlog.testing.capture_logs() as logs:
        assert [*await store.known_incidents([("one", "bad"), ("one", "good")])] == [("one", "good")]
        assert [row.incident_id for row in await store.claim_notes(10, 60, NOW)] == ["good"]
        assert [event.dedup_key for event in await store.window(window())] == ["good"]
    told = [(line["table"], line["key"]) for line in logs if line["event"] == "Damaged row set aside"]
    assert told == [("incidents", "bad"), ("notes", "bad"), ("events", "shop/bad")]
    assert await table(store, "SELECT from_table FROM damaged") == [("incidents",), ("notes",), ("events",)]
    assert await table(store, "SELECT events FROM owners") == [(1,)]


TEXT_OF_NO_ENCODING = "CAST(x'ff41' AS TEXT)"


@pytest.mark.parametrize(
    ("of", "change"),
    [
        ("inbox", "body = 'a text'"),
        ("inbox", f"webhook_id = {TEXT_OF_NO_ENCODING}"),
        ("inbox", f"integration_id = {TEXT_OF_NO_ENCODING}"),
        ("facts", "last_webhook_at = 'yesterday'"),
        ("facts", f"last_failure_reason = {TEXT_OF_NO_ENCODING}"),
        ("baselines", "state = x'007b'"),
        ("baselines", f"name = {TEXT_OF_NO_ENCODING}"),
        ("baselines", f"uid = {TEXT_OF_NO_ENCODING}"),
        ("baselines", "seen_at = 'yesterday'"),
    ],
)
async def test_a_damaged_webhook_state_or_baseline_is_set_aside_and_the_others_are_read(
    store: SqliteStore, of: str, change: str
) -> None:
    for name in ("bad", "good"):
        await store.add_webhook(webhook(name, name))
        await store.commit(SaveBaseline(baseline(name)))
    key = {"inbox": "integration_id", "facts": "id", "baselines": "uid"}[of]
    await spoil(store, f"UPDATE {of} SET {change} WHERE {key} = 'bad' AND ? = ''", "")  # noqa: S608 - constants
    with structlog.testing.capture_logs() as logs:
        rows = await store.claim_webhooks(10, 30, NOW)
        assert {row.integration_id for row in rows} == {"good"} | ({"bad"} if of != "inbox" else set())
        states = await store.integration_states_since(0)
        assert {state.id for state in states} == {"good"} | ({"bad"} if of != "facts" else set())
        assert {each.uid for each in await store.baselines()} == {"good"} | ({"bad"} if of != "baselines" else set())
    assert [line["table"] for line in logs if line["event"] == "Damaged row set aside"] == [of]
    assert await table(store, "SELECT from_table FROM damaged") == [(of,)]


async def test_an_integration_whose_state_was_damaged_begins_anew(store: SqliteStore) -> None:
    await store.commit(SaveIntegrationState(IntegrationState(id="one", last_note_at=NOW)))
    await spoil(store, "UPDATE facts SET seq = 'x' WHERE ? = ''", "")
    assert await store.integration_state("one") is None
    await store.commit(SaveIntegrationState(IntegrationState(id="one", last_note_at=NOW)))
    assert [state.seq for state in await store.integration_states_since(0)] == [1]


async def spoil(store: SqliteStore, statement: str, content: bytes | str | None) -> None:
    kept = content if content is not None else b""
    await store._database.write(lambda c: c.execute(statement, (kept,)).rowcount)


async def test_an_event_whose_row_is_damaged_is_told_anew(store: SqliteStore) -> None:
    await store.add_events([posted("k")])
    await spoil(store, "UPDATE events SET event = CAST(zeroblob(length(event)) AS BLOB) WHERE ? = ''", "")
    assert await store.add_events([posted("k", last_seen=NOW + 1)]) == [True]
    assert [event.dedup_key for event in await store.window(window())] == ["k"]
    assert await counters_differ(store) == []
