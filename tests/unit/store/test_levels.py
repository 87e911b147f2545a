"""A store that is nearly full: only who is above the level is refused, and gives way first."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import msgspec
import pytest

from noctuary.common import clock
from noctuary.common.errors import QuotaExceeded
from noctuary.models.context_event import ContextEvent
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.store.changes import SaveIncident, SaveNote
from noctuary.store.limits import Quota
from noctuary.store.rows import NewWebhook
from noctuary.store.sqlite.bounds import volume
from noctuary.store.sqlite.store import SqliteStore
from testbed.posted_events import context_event


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(tmp_path)
    yield store
    await store.close()


async def take(store: SqliteStore, tenant: str, webhooks: int, size: int = 10_000) -> None:
    for number in range(webhooks):
        await store.add_webhook(NewWebhook(tenant, f"w{number}", "hash", clock.now(), b"x" * size, tenant))


def event(key: str, tenant: str) -> ContextEvent:
    return context_event(key, clock.now(), tenant=tenant, raw_line="x" * 4_000)


async def limit_to(store: SqliteStore, used_share: float) -> None:
    """Have so much of the store's limit used now."""
    used = await store._database.read(volume.used_bytes)
    limits = msgspec.structs.replace(store._limits, store_bytes=int(used / used_share))
    store._limits = store._events._limits = store._upkeep._limits = limits


async def refused(store: SqliteStore, tenants: list[str]) -> list[str]:
    found = []
    for tenant in tenants:
        try:
            await store.add_webhook(NewWebhook(tenant, "next", "hash", clock.now(), b"{}", tenant))
        except QuotaExceeded:
            found.append(tenant)
    return found


@pytest.mark.parametrize(
    ("sizes", "room", "level"),
    [
        ([], 0, float("inf")),
        ([0, 0], 0, float("inf")),
        ([10, 20], 30, float("inf")),
        ([10, 20], 29, 19),
        ([100], 60, 60),
        ([10, 10, 10], 27, 9),
        ([1_000, *[3] * 300], 1_800, 900),
        ([1_000, 50, *[1] * 300], 1_300, 950),
        ([100, 90, 10], 150, 70),
    ],
)
def test_what_is_kept_fills_the_room_when_it_is_cut_to_the_level(sizes: list[int], room: int, level: float) -> None:
    assert volume.level(sizes, room) == level
    assert level == float("inf") or sum(min(size, level) for size in sizes) == room


async def test_beside_a_giant_and_many_tiny_ones_those_above_the_average_are_not_refused(store: SqliteStore) -> None:
    mediums, tinies = [f"medium-{n}" for n in range(20)], [f"tiny-{n}" for n in range(100)]
    await take(store, "giant", 300)
    for each in mediums:
        await take(store, each, 6)
    for each in tinies:
        await take(store, each, 1, 1_000)
    await limit_to(store, 0.96)
    assert await refused(store, ["giant", *mediums, *tinies, "new"]) == ["giant"]


async def test_beside_a_giant_none_of_three_hundred_others_is_refused(store: SqliteStore) -> None:
    others = [f"other-{n}" for n in range(300)]
    await take(store, "giant", 200)
    for each in others:
        await take(store, each, 1)
    await limit_to(store, 0.96)
    assert await refused(store, ["giant", *others]) == ["giant"]


async def test_of_tenants_that_keep_the_same_all_are_refused_and_one_that_keeps_less_is_not(store: SqliteStore) -> None:
    same = [f"same-{n}" for n in range(20)]
    for each in same:
        await take(store, each, 5)
    await take(store, "less", 1)
    await limit_to(store, 0.96)
    assert await refused(store, [*same, "less"]) == same


async def test_a_tenant_alone_is_refused_while_the_store_is_nearly_full(store: SqliteStore) -> None:
    await take(store, "alone", 50)
    await limit_to(store, 0.96)
    assert await refused(store, ["alone"]) == ["alone"]
    await limit_to(store, 0.90)
    assert await refused(store, ["alone"]) == []


async def test_a_tenant_without_webhooks_is_refused_events_by_the_same_rule(store: SqliteStore) -> None:
    await store.add_events([event(f"k{n}", "posts") for n in range(200)])
    await take(store, "receives", 10)
    await limit_to(store, 0.81)
    added = await store.add_events([event("next", "posts"), event("next", "receives"), event("next", "new")])
    assert added == [Quota.STORE, True, True]


async def test_the_level_is_not_worked_out_for_each_webhook(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await take(store, "giant", 300)
    await limit_to(store, 0.96)
    looks: list[float] = []
    work_out = volume.level

    def counted(sizes: Iterable[int], room: float) -> float:
        looks.append(room)
        return work_out(sizes, room)

    monkeypatch.setattr(volume, "level", counted)
    assert len(await refused(store, ["giant"] * 50)) == 50
    assert len(looks) == 1


async def test_room_is_made_of_who_is_above_the_level_although_another_has_more_events(store: SqliteStore) -> None:
    await store.add_events([event(f"k{n}", "posts") for n in range(50)])
    for number in range(100):
        row = IncidentRow(incident_id=f"Q{number}", integration_id="giant", account="a", status="resolved")
        row.diagnosis = b"e" * 20_000
        await store.commit(SaveIncident(row))
    await limit_to(store, 0.96)
    for _ in range(10):
        await store.sweep(clock.now(), 100)
    rows = "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM incidents)"
    [(events, incidents)] = await store._database.read(lambda c: c.execute(rows).fetchall())
    assert events == 50
    assert incidents < 100


def closed(name: str, tenant: str) -> SaveIncident:
    row = IncidentRow(
        account="a",
        incident_id=name,
        integration_id=tenant,
        status="resolved",
        triggered_at=clock.now(),
        updated_at=clock.now(),
        diagnosis=b"e" * 20_000,
    )
    return SaveIncident(row)


async def test_where_nothing_of_who_keeps_most_may_go_the_sweep_makes_room_with_the_next(store: SqliteStore) -> None:
    for number in range(100):
        unsent = NoteRow(account="a", incident_id=f"U{number}", integration_id="most", marker="m", text="t")
        await store.commit(closed(f"U{number}", "most"), SaveNote(unsent), closed(f"N{number}", "next"))
    await limit_to(store, 0.98)
    await store.sweep(clock.now(), 100)
    ids = await store._database.read(lambda c: c.execute("SELECT incident_id FROM incidents").fetchall())
    left = {name for (name,) in ids}
    assert {f"U{number}" for number in range(100)} < left
    assert ("N0" in left, "N99" in left) == (False, True)
