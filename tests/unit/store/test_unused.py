"""What was once told of and no event is about any more: bounded for each namespace, and nobody else's concern."""

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from noctuary.common import clock
from noctuary.models.context_event import ContextEvent, ObjectRef
from noctuary.store.limits import Quota, StoreLimits
from noctuary.store.queries import EventQuery
from noctuary.store.sqlite.bounds import check
from noctuary.store.sqlite.events import unused
from noctuary.store.sqlite.store import SqliteStore
from testbed.posted_events import context_event as posted

NOW = 1_800_000_000.0
HOUR_S = 3_600.0
LIMITS = StoreLimits(tenant_events=1_000, tenant_event_bytes=16 * 20_000)
UNUSED = "SELECT workload FROM subjects WHERE subject_id NOT IN (SELECT subject_id FROM sightings) ORDER BY 1"
UNMARKED = UNUSED.replace("WHERE", "WHERE unused_at IS NULL AND")
WEIGHT = "SELECT coalesce(sum(size), 0) FROM subjects WHERE subject_id NOT IN (SELECT subject_id FROM sightings)"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(tmp_path, LIMITS)
    yield store
    await store.close()


async def table(store: SqliteStore, question: str) -> list[Any]:
    return await store._database.read(lambda c: c.execute(question).fetchall())


def asked() -> EventQuery:
    return EventQuery(tenants=["shop"], services=["cart"], since=NOW - HOUR_S, until=NOW + HOUR_S, now=NOW)


def rewritten(n: int) -> list[ContextEvent]:
    """Tell the same event of another entity."""
    return [posted("one", entity=f"e{n:04}", last_seen=NOW + n)]


def passed_over(n: int) -> list[ContextEvent]:
    """Tell one event of ten entities at once."""
    return [posted(f"k{n}", entity=f"e{n:03}{part}", last_seen=NOW + part) for part in range(10)]


def expired(n: int) -> list[ContextEvent]:
    """Tell an event again after it has expired, of another entity."""
    return [posted("one", entity=f"e{n:04}", timestamp=NOW + 10 * n, last_seen=NOW + 10 * n, ttl_seconds=5)]


def pushed_out(n: int) -> list[ContextEvent]:
    """Tell the cluster's own events of one pod after another, more than are kept."""
    ref = ObjectRef("Pod", "shop", f"e{n}", workload_name=f"e{n:04}")
    return [posted(f"{n}-{part}", source="kubernetes", object=ref, last_seen=NOW + n) for part in range(20)]


@pytest.mark.parametrize(
    ("told", "quota"),
    [
        (rewritten, Quota.SUBJECTS),
        (passed_over, Quota.SUBJECTS),
        (expired, Quota.SUBJECTS),
        (pushed_out, Quota.BYTES),
    ],
)
async def test_names_that_no_event_bears_are_bounded_in_the_transaction_that_would_keep_more(
    store: SqliteStore, told: Callable[[int], list[ContextEvent]], quota: Quota, tmp_path: Path
) -> None:
    for n in range(200):
        await store.add_events(told(n))
        assert (await table(store, WEIGHT))[0][0] <= LIMITS.unused_subject_bytes
    assert await table(store, UNMARKED) == []
    assert {tenant: met.quota for tenant, met in store.quotas_met(clock.now()).items()} == {"shop": quota}
    assert await inspected(store, tmp_path) == []


async def test_of_names_that_no_event_bears_those_seen_least_lately_go_and_of_other_namespaces_none(
    store: SqliteStore,
) -> None:
    await store.add_events([posted("one", entity=name, tenant="else") for name in ("a", "b")])
    for n in range(100):
        await store.add_events(rewritten(n))
    kept = [name for (name,) in await table(store, UNUSED)]
    assert kept == ["a", *(f"e{n:04}" for n in range(100 - len(kept), 99))]


async def test_a_name_that_was_forgotten_is_made_anew_and_found(store: SqliteStore) -> None:
    for n in [*range(100), 0]:
        await store.add_events([posted("one", entity=f"e{n:04}", last_seen=NOW + 100 + (n or 100))])
    assert (await store.select(asked())).events[0].entity == "e0000"
    await store.add_events([posted("two", entity="e0001", last_seen=NOW + 300)])
    assert [each.dedup_key for each in (await store.select(asked())).events] == ["two", "one"]


async def test_a_name_that_is_told_again_stays_however_many_go(store: SqliteStore) -> None:
    await store.add_events([posted("one", entity="again")])
    await store.add_events(rewritten(0))
    await store.add_events([posted("two", entity="again")])
    for n in range(100):
        await store.add_events(rewritten(n))
    assert await table(store, "SELECT unused_at FROM subjects WHERE workload = 'again'") == [(None,)]
    assert {each.dedup_key for each in (await store.select(asked())).events} == {"one", "two"}


async def test_what_expires_leaves_names_within_the_share_after_a_sweep(store: SqliteStore) -> None:
    await store.add_events([posted(f"k{n}", entity=f"e{n}") for n in range(500)])
    while await store.sweep(NOW + 2 * HOUR_S, 100):
        pass
    assert 0 < (await table(store, WEIGHT))[0][0] <= LIMITS.unused_subject_bytes
    while await store.sweep(NOW + unused.KEEP_S + HOUR_S, 100):
        pass
    assert await table(store, "SELECT workload FROM subjects") == []
    assert await table(store, "SELECT unused_bytes FROM tenants") == [(0,)]


async def test_a_transaction_that_leaves_more_names_than_one_may_forget_is_caught_up_with(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unused, "MAX_PUSHED_OUT", 5)
    await store.add_events([posted("one", entity=f"e{n:03}") for n in range(100)])
    for _ in range(20):
        await store.sweep(NOW, 100)
    assert (await table(store, WEIGHT))[0][0] <= LIMITS.unused_subject_bytes


async def test_names_beyond_the_share_are_met_after_a_restart_too(store: SqliteStore, tmp_path: Path) -> None:
    for n in range(100):
        await store.add_events(rewritten(n))
    await store.close()
    again = await SqliteStore.open(tmp_path, LIMITS)
    met = again.quotas_met(clock.now())
    await again.close()
    assert {tenant: (each.quota, each.limit) for tenant, each in met.items()} == {
        "shop": (Quota.SUBJECTS, LIMITS.tenant_event_bytes)
    }


@pytest.mark.parametrize(
    ("statement", "arguments"), [(unused.OLDEST, ("shop", 1)), (unused.STALE, (NOW, 1))], ids=["oldest", "stale"]
)
async def test_whoever_looks_for_names_that_no_event_bears_reads_no_others(
    store: SqliteStore, statement: str, arguments: tuple[object, ...]
) -> None:
    plan = await store._database.read(lambda c: c.execute(f"EXPLAIN QUERY PLAN {statement}", arguments).fetchall())
    [step] = [text for *_, text in plan if "subjects" in text]
    assert re.match(r"SEARCH subjects USING (COVERING )?INDEX subjects_unused \(tenant=\?", step)


async def inspected(store: SqliteStore, directory: Path) -> list[str]:
    await store.close()
    return check.inspect(directory)[1]
