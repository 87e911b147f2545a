"""What a namespace may keep beside its events, however many integrations it has, and who gives way in a full store."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from noctuary.common import clock
from noctuary.common.errors import QuotaExceeded
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.store.changes import FinishWebhook, ParkWebhook, SaveIncident, SaveIntegrationState, SaveNote
from noctuary.store.limits import KEPT_ROW_BYTES, WEBHOOK_ROW_BYTES, Quota, StoreLimits
from noctuary.store.rows import IntegrationState, NewWebhook
from noctuary.store.sqlite.bounds import check, volume
from noctuary.store.sqlite.store import FILE_NAME, SqliteStore
from testbed.posted_events import context_event

FIXTURE = Path(__file__).parent / "fixtures" / "release-0.2.0.sqlite"
BODY = b"x" * 10_000
EVIDENCE = b"e" * 20_000
LIMITS = StoreLimits(tenant_webhook_bytes=100_000, tenant_incident_bytes=100_000, tenant_finished_webhooks=5)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(tmp_path, LIMITS)
    yield store
    await store.close()


def webhook(name: str, integration: str, tenant: str) -> NewWebhook:
    return NewWebhook(integration, name, "hash", clock.now(), BODY, tenant)


def incident(name: str, integration: str = "i0", status: str = "triggered", evidence: bytes = EVIDENCE) -> IncidentRow:
    row = IncidentRow(incident_id=name, integration_id=integration, account="a", status=status, diagnosis=evidence)
    row.triggered_at = clock.now()
    return row


def note(name: str, *, is_sent: bool) -> NoteRow:
    return NoteRow(account="a", incident_id=name, integration_id="i0", marker="m", text="t", sent_rev=int(is_sent))


async def table(store: SqliteStore, question: str) -> list[Any]:
    return await store._database.read(lambda c: c.execute(question).fetchall())


async def incidents(store: SqliteStore) -> set[str]:
    return {name for (name,) in await table(store, "SELECT incident_id FROM incidents")}


async def fill_webhooks(store: SqliteStore, tenant: str) -> int:
    """Send webhooks of ten integrations of a namespace in turn until one is refused; return how many were taken."""
    for number in range(1_000):
        try:
            await store.add_webhook(webhook(f"w{number}", f"{tenant}-{number % 10}", tenant))
        except QuotaExceeded as error:
            assert (error.holder, error.quota, error.http_status) == (tenant, "webhook_bytes", 503)
            return number
    raise AssertionError("nothing was refused")


async def learn(store: SqliteStore, **tenants: str) -> None:
    await store.retain(clock.now(), 10, tenants)


async def inspect(store: SqliteStore, directory: Path) -> list[str]:
    await store.close()
    return check.inspect(directory)[1]


async def test_webhooks_of_all_integrations_of_a_namespace_are_bounded_and_no_other_namespace_notices(
    store: SqliteStore,
) -> None:
    assert await fill_webhooks(store, "loud") == 100_000 // (len(BODY) + WEBHOOK_ROW_BYTES)
    assert await store.add_webhook(webhook("w", "quiet-1", "quiet"))
    met = store.quotas_met(clock.now())
    assert {tenant: (each.quota, each.limit) for tenant, each in met.items()} == {"loud": (Quota.WEBHOOKS, 100_000)}


async def test_parked_webhooks_count_and_worked_ones_make_room(store: SqliteStore) -> None:
    await fill_webhooks(store, "loud")
    [row] = await store.claim_webhooks(1, 30, clock.now())
    await store.commit(ParkWebhook(row.id, clock.now() + 1e6, "suspended"))
    with pytest.raises(QuotaExceeded):
        await store.add_webhook(webhook("more", "loud-1", "loud"))
    await store.commit(FinishWebhook(row.id, row.integration_id, None))
    assert await store.add_webhook(webhook("more", "loud-1", "loud"))


async def test_a_restart_changes_nothing_of_what_counts(store: SqliteStore, tmp_path: Path) -> None:
    taken = await fill_webhooks(store, "loud")
    await store.close()
    again = await SqliteStore.open(tmp_path, LIMITS)
    with pytest.raises(QuotaExceeded):
        await again.add_webhook(webhook("more", "loud-11", "loud"))
    assert await table(again, "SELECT tenant, waiting FROM holdings") == [("loud", taken)]
    assert await inspect(again, tmp_path) == []


async def test_for_a_new_incident_the_oldest_closed_ones_of_the_namespace_go(store: SqliteStore) -> None:
    await store.commit(SaveIncident(incident("open")), SaveIncident(incident("theirs", "other", "resolved")))
    for name, integration in (("closed1", "i1"), ("closed2", "i2"), ("closed3", "i1")):
        await store.commit(SaveIncident(incident(name, integration, "resolved")))
    await learn(store, i0="shop", i1="shop", i2="shop", other="else")
    await store.commit(SaveIncident(incident("new")))
    assert await incidents(store) == {"open", "closed2", "closed3", "new", "theirs"}
    assert store.quotas_met(clock.now())["shop"].quota is Quota.INCIDENTS


async def test_where_none_is_closed_a_new_incident_is_refused_and_of_another_namespace_none(store: SqliteStore) -> None:
    await store.commit(*(SaveIncident(incident(f"open{n}", f"i{n}")) for n in range(4)))
    await learn(store, i0="shop", i1="shop", i2="shop", i3="shop", i4="shop", other="else")
    await store.commit(
        SaveIntegrationState(IntegrationState(id="i4")), SaveIncident(incident("last", "i4", "triggered", b""))
    )
    await learn(store, i4="shop", other="else")
    with pytest.raises(QuotaExceeded, match="none is closed"):
        await store.commit(SaveIncident(incident("new", "i4")))
    await store.commit(SaveIncident(incident("new", "other")))
    assert await incidents(store) == {"open0", "open1", "open2", "open3", "last", "new"}


async def test_a_namespace_at_its_limit_may_close_what_is_open(store: SqliteStore) -> None:
    await store.commit(*(SaveIncident(incident(f"open{n}")) for n in range(4)))
    await store.commit(SaveIncident(incident("large", evidence=b"e" * 13_000)))
    row = await store.incident("i0", "open1")
    assert row is not None
    await store.commit(SaveIncident(msgspec.structs.replace(row, status="resolved", title="t" * 2_000)))
    await store.commit(SaveIncident(incident("new")))
    assert await incidents(store) == {"open0", "open2", "open3", "large", "new"}


async def test_evidence_of_a_known_incident_counts_and_is_refused_too(store: SqliteStore) -> None:
    await store.commit(*(SaveIncident(incident(f"open{n}")) for n in range(4)))
    row = await store.incident("i0", "open1")
    assert row is not None
    with pytest.raises(QuotaExceeded):
        await store.commit(SaveIncident(msgspec.structs.replace(row, diagnosis=EVIDENCE * 2)))
    assert await table(store, "SELECT max(length(diagnosis)) FROM incidents") == [(len(EVIDENCE),)]


async def test_a_closed_incident_whose_note_is_not_sent_stays(store: SqliteStore) -> None:
    for name in ("unsent", "sent"):
        saved = note(name, is_sent=name == "sent")
        await store.commit(SaveIncident(incident(name, status="resolved")), SaveNote(saved))
    for name in ("open1", "open2", "new"):
        await store.commit(SaveIncident(incident(name)))
    assert await incidents(store) == {"unsent", "open1", "open2", "new"}
    assert await store.note("a", "sent") is None


async def test_ids_of_worked_webhooks_are_bounded_by_namespace_too(store: SqliteStore) -> None:
    for number in range(8):
        await store.add_webhook(webhook(f"w{number}", f"i{number % 3}", "shop"))
        [row] = await store.claim_webhooks(1, 30, clock.now())
        await store.commit(FinishWebhook(row.id, row.integration_id, None))
    for _ in range(3):
        await store.sweep(clock.now(), 100)
    assert await table(store, "SELECT sum(finished) FROM holders") == [(5,)]
    assert await table(store, "SELECT tenant, finished FROM holdings") == [("shop", 5)]


async def test_of_integrations_that_are_gone_nothing_is_counted_for_ever(store: SqliteStore) -> None:
    for number in range(300):
        await store.add_webhook(NewWebhook(f"i{number}", "w", "hash", clock.now(), b"{}", f"tenant{number}"))
    while rows := await store.claim_webhooks(100, 30, clock.now()):
        await store.commit(*(FinishWebhook(row.id, row.integration_id, None) for row in rows))
    late = clock.now() + 30 * 86_400.0
    await store.sweep(late, 1_000)
    await store.retain(late, 100, {})
    left = await table(store, "SELECT (SELECT count(*) FROM holders), (SELECT count(*) FROM holdings)")
    assert left == [(1, 1)]  # the state with the highest number stays


async def test_an_old_store_counts_what_it_holds(tmp_path: Path) -> None:
    shutil.copy(FIXTURE, tmp_path / FILE_NAME)
    store = await SqliteStore.open(tmp_path)
    names = [name for (name,) in await table(store, "SELECT integration_id FROM holders")]
    assert len(names) > 1
    await store.retain(1_790_000_000.0, 10, dict.fromkeys(names, "shop"))
    held = "SELECT tenant, waiting, kept, kept_bytes FROM holdings WHERE waiting + kept > 0"
    true = (
        "SELECT 'shop', (SELECT count(*) FROM inbox WHERE finished_at IS NULL), count(*), sum(bytes) FROM ("
        "SELECT length(incident) + coalesce(length(diagnosis), 0) AS bytes FROM incidents"
        " UNION ALL SELECT length(note) FROM notes"
        " UNION ALL SELECT coalesce(length(last_failure_reason), 0) FROM facts)"
    )
    assert await table(store, held) == await table(store, true)
    assert (await table(store, held))[0][2] > 3
    assert await inspect(store, tmp_path) == []


async def test_the_counters_are_those_of_the_rows_whatever_was_written(store: SqliteStore, tmp_path: Path) -> None:
    await fill_webhooks(store, "shop")
    for number in range(8):
        name = f"Q{number}"
        state = IntegrationState(id=f"i{number}", last_failure_reason="r" * number, last_failure_at=1.0)
        await store.commit(
            SaveIncident(incident(name, status="resolved")), SaveNote(note(name, is_sent=number % 2 == 0))
        )
        await store.commit(
            SaveIntegrationState(state), SaveIntegrationState(IntegrationState(id="i0", last_failure_reason="x"))
        )
    await learn(store, i0="shop", i1="other")
    assert await inspect(store, tmp_path) == []


# All namespaces together


def posted(key: str, tenant: str) -> ContextEvent:
    return context_event(key, clock.now(), tenant=tenant, raw_line="x" * 4_000)


def seen(key: str, tenant: str) -> ContextEvent:
    ref = ObjectRef("Pod", tenant, key, workload_name="cart")
    changed: ContextEvent = msgspec.structs.replace(
        posted(key, tenant), source="kubernetes", object=ref, event_type=EventType.RESTART
    )
    return changed


@pytest.fixture
async def full(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """Yield a store of which "loud" has taken nearly all, and "quiet" has a little."""
    store = await SqliteStore.open(tmp_path, StoreLimits(store_bytes=4_000_000))
    for name in ("loud", "quiet"):
        await store.add_webhook(webhook("first", f"{name}-1", name))
    await store.add_events([posted("first", "quiet")])
    for number in range(200):
        await store.commit(SaveIncident(incident(f"Q{number}", "loud-1", "resolved")))
    yield store
    await store.close()


async def test_events_are_refused_first_and_only_of_who_keeps_most(full: SqliteStore) -> None:
    assert await full.add_events([posted("more", "loud"), posted("more", "quiet")]) == [Quota.STORE, True]
    assert full.quotas_met(clock.now()).keys() == {"loud"}


async def test_the_clusters_own_events_replace_each_other(full: SqliteStore) -> None:
    full._limits = msgspec.structs.replace(full._limits, store_bytes=10**9)
    full._events._limits = full._limits
    await full.add_events([seen(f"k{n}", "loud") for n in range(5)])
    full._events._limits = msgspec.structs.replace(full._limits, store_bytes=4_000_000)
    assert await full.add_events([seen("new", "loud")]) == [True]
    [(count,)] = await table(full, "SELECT count(*) FROM events WHERE tenant = 'loud'")
    assert count == 5


async def test_in_a_full_store_webhooks_of_who_keeps_most_are_refused_and_nobody_elses(full: SqliteStore) -> None:
    with pytest.raises(QuotaExceeded) as refused:
        for number in range(20):
            await full.add_webhook(webhook(f"w{number}", "loud-2", "loud"))
    assert (refused.value.quota, refused.value.retry_after_s) == ("store_bytes", 60.0)
    for number in range(20):
        assert await full.add_webhook(webhook(f"w{number}", "quiet-1", "quiet"))
    await full.commit(SaveIncident(incident("theirs", "quiet-1")))


async def test_the_sweep_makes_room_in_a_full_store_and_then_all_are_served_again(full: SqliteStore) -> None:
    for _ in range(10):
        await full.sweep(clock.now(), 100)
    assert not await full._database.read(lambda c: volume.tenants_above(c, full._limits))
    assert await full.add_webhook(webhook("w", "loud-2", "loud"))
    assert await full.add_webhook(webhook("w", "quiet-1", "quiet"))


async def test_what_a_row_weighs_is_counted_with_its_texts(store: SqliteStore) -> None:
    for number in range(200):
        try:
            await store.commit(SaveIncident(incident(f"Q{number}", evidence=b"")))
        except QuotaExceeded:
            break
    assert number < 100_000 // KEPT_ROW_BYTES
