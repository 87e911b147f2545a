"""Whose turn it is: one integration's backlog takes nobody's place."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from noctuary.incidents.slots import Slots
from noctuary.models.incident import NoteRow
from noctuary.store.changes import ParkWebhook, RetryWebhook, SaveNote, ScheduleVisit
from noctuary.store.rows import NewWebhook
from noctuary.store.shares import Share, Work
from noctuary.store.sqlite import incidents
from noctuary.store.sqlite.store import SqliteStore
from noctuary.store.sqlite.work import notes, webhooks
from noctuary.store.sqlite.work.turns import LOOK, OWNERS_AT_ONCE, Asked, Looker

NOW = 1_800_000_000.0
DAY_S = 86_400.0
KINDS = ["webhooks", "notes"]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(tmp_path)
    yield store
    await store.close()


async def fill(store: SqliteStore, kind: str, integration_id: str, count: int, due_at: float = NOW) -> None:
    """Have so many of an integration due at a time."""

    def work(connection: sqlite3.Connection) -> None:
        for number in range(count):
            if kind == "webhooks":
                connection.execute(
                    "INSERT INTO inbox (integration_id, webhook_id, token_sha256, received_at, body, due_at)"
                    " VALUES (?, ?, '', ?, x'7b7d', ?)",
                    (integration_id, f"w{number}", due_at, due_at),
                )
            else:
                note = NoteRow(
                    account="a",
                    incident_id=f"{integration_id}-{number}",
                    integration_id=integration_id,
                    marker="m",
                    text="t",
                    next_attempt_at=due_at,
                )
                incidents.save_note(connection, note)

    await store._database.write(work)


async def claimed(store: SqliteStore, kind: str, limit: int, share: Share, now: float = NOW) -> Counter[str]:
    """Claim and count by integration."""
    rows = await (store.claim_webhooks if kind == "webhooks" else store.claim_notes)(limit, 60, now, share)
    return Counter(row.integration_id for row in rows)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("backlog", [20, LOOK * 3])
async def test_each_integration_has_its_turn_beside_a_backlog(store: SqliteStore, kind: str, backlog: int) -> None:
    await fill(store, kind, "busy", backlog, NOW - 60)
    for name in ("a", "z"):
        await fill(store, kind, name, 1)
    assert await claimed(store, kind, 8, Share(4)) == {"busy": 4, "a": 1, "z": 1}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("backlog", [20, LOOK * 3])
async def test_who_works_on_its_whole_share_is_passed_by(store: SqliteStore, kind: str, backlog: int) -> None:
    await fill(store, kind, "busy", backlog, NOW - 60)
    await fill(store, kind, "other", 1)
    assert await claimed(store, kind, 8, Share(4, {"busy": 4})) == {"other": 1}


@pytest.mark.parametrize("kind", KINDS)
async def test_turns_go_round_all_that_have_a_backlog(store: SqliteStore, kind: str) -> None:
    names = [f"i{n}" for n in range(6)]
    for name in names:
        await fill(store, kind, name, LOOK // 3)
    turns = [await claimed(store, kind, 2, Share(1)) for _ in range(6)]
    assert sum(turns, Counter()) == dict.fromkeys(names, 2)


@pytest.mark.parametrize("kind", KINDS)
async def test_one_due_beyond_thousands_that_wait_is_found_at_once(store: SqliteStore, kind: str) -> None:
    await fill(store, kind, "busy", LOOK + 1)
    for number in range(OWNERS_AT_ONCE * 2):
        await fill(store, kind, f"waits {number}", 1, NOW + 60)
    await fill(store, kind, "zzz", 1)
    assert await claimed(store, kind, 8, Share(4, {"busy": 4})) == {"zzz": 1}


@pytest.mark.parametrize(("kind", "looker"), [("webhooks", webhooks.LOOKER), ("notes", notes.LOOKER)])
async def test_a_look_costs_no_more_for_fifty_thousand_due(store: SqliteStore, kind: str, looker: Looker) -> None:
    def steps(connection: sqlite3.Connection) -> int:
        ticks: list[None] = []
        connection.set_progress_handler(lambda: ticks.append(None), 100)
        looker.look(connection, Asked(NOW, 32, Share(8), frozenset(), ""))
        connection.set_progress_handler(None, 0)
        return len(ticks) * 100

    await fill(store, kind, "busy", LOOK * 2)
    few = await store._database.read(steps)
    await fill(store, kind, "huge", 50_000)
    many = await store._database.read(steps)
    assert many < few * 2


async def park(store: SqliteStore, count: int) -> None:
    """Have so many webhooks come, one a second, and be put aside."""
    for number in range(count):
        await store.add_webhook(NewWebhook("i", f"w{number}", "", NOW + number, b"{}"))
    rows = await store.claim_webhooks(count, 60, NOW + count)
    await store.commit(*(ParkWebhook(row.id, row.received_at + DAY_S, "suspended") for row in rows))


async def test_parked_webhooks_are_not_claimed_until_they_are_woken_the_newest_first(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    await park(store, 5)
    await store.close()
    store = await SqliteStore.open(tmp_path)
    assert await store.claim_webhooks(9, 60, NOW + 99) == []
    assert await store.integrations_with_parked_webhooks() == ["i"]
    assert [await store.wake_webhooks("i", 3) for _ in range(3)] == [3, 2, 0]
    assert [row.webhook_id for row in await store.claim_webhooks(9, 60, NOW + 99)] == ["w4", "w3", "w2", "w1", "w0"]
    assert await store.integrations_with_parked_webhooks() == []
    await store.close()


async def test_parked_webhooks_are_due_when_they_waited_as_long_as_they_may(store: SqliteStore) -> None:
    await park(store, 2)
    assert await store.claim_webhooks(9, 60, NOW + DAY_S - 1) == []
    assert [row.webhook_id for row in await store.claim_webhooks(9, 60, NOW + DAY_S)] == ["w0"]


async def test_of_woken_notes_only_those_that_wait_are_due_at_once(store: SqliteStore) -> None:
    await fill(store, "notes", "mine", 3, NOW + 3600)
    await fill(store, "notes", "another", 1, NOW + 3600)
    assert await store.integrations_with_notes_due() == ["another", "mine"]
    assert [await store.wake_notes("mine", NOW, 2) for _ in range(3)] == [2, 1, 0]
    assert await claimed(store, "notes", 9, Share(9)) == {"mine": 3}


async def test_a_claim_of_a_clock_that_was_ahead_holds_nothing(store: SqliteStore) -> None:
    await fill(store, "notes", "i", 1)
    assert await claimed(store, "notes", 1, Share(1), NOW + 3 * DAY_S) == {"i": 1}
    assert await claimed(store, "notes", 1, Share(1), NOW) == {"i": 1}


async def test_what_many_workers_claim_side_by_side_is_handed_out_once(store: SqliteStore) -> None:
    await fill(store, "notes", "busy", LOOK * 2)
    rounds = await asyncio.gather(*(store.claim_notes(9, 60, NOW + n / 10) for n in range(8)))
    names = [row.incident_id for rows in rounds for row in rows]
    assert len(names) == len(set(names)) > 9


async def test_a_claim_may_end_later_than_its_work(store: SqliteStore) -> None:
    await fill(store, "notes", "i", 1)
    await claimed(store, "notes", 1, Share(1))
    await store.release(Work.NOTE, "a", "i-0", until=NOW + 5)
    assert [await claimed(store, "notes", 1, Share(1), NOW + wait_s) for wait_s in (4, 5)] == [{}, {"i": 1}]


async def test_large_webhooks_are_claimed_a_few_at_a_time(store: SqliteStore) -> None:
    for number in range(12):
        await store.add_webhook(NewWebhook("i", f"w{number}", "", NOW, b"x" * 2_000_000))
    sizes = [len(await store.claim_webhooks(12, 60, NOW)) for _ in range(3)]
    assert sizes == [5, 5, 2]


@pytest.mark.parametrize(("kind", "is_due"), [("retry", True), ("park", False)])
async def test_a_woken_webhook_that_fails_waits_as_any_other(store: SqliteStore, kind: str, is_due: bool) -> None:
    await park(store, 1)
    await store.wake_webhooks("i", 9)
    [row] = await store.claim_webhooks(9, 60, NOW + 9)
    again = RetryWebhook(row.id, NOW + 20, "no") if kind == "retry" else ParkWebhook(row.id, NOW + DAY_S, "again")
    await store.commit(again)
    assert [await store.claim_webhooks(9, 60, NOW + 19) == [], bool(await store.claim_webhooks(9, 60, NOW + 20))] == [
        True,
        is_due,
    ]


async def test_a_sent_note_has_no_turn(store: SqliteStore) -> None:
    sent = NoteRow(account="a", incident_id="P", integration_id="i", marker="m", text="t", sent_rev=1)
    await store.commit(SaveNote(sent))
    assert await store.integrations_with_notes_due() == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("backlog", [9, LOOK])
async def test_a_hundred_integrations_of_one_tenant_take_no_slot_that_another_needs(
    store: SqliteStore, kind: str, backlog: int
) -> None:
    for number in range(100):
        await fill(store, kind, f"greedy/{number}", backlog if number == 0 else 9, NOW - 60)
    await fill(store, kind, "victim/1", 1)
    slots = Slots(64, 16, lambda each: each.partition("/")[0])
    begun: Counter[str] = Counter()
    for _ in range(20):
        found = await claimed(store, kind, slots.free, slots.share())
        begun += found
        for name in found.elements():
            slots.take(name)
    assert begun["victim/1"] == 1
    assert begun.total() - 1 <= 32


async def test_visits_of_one_tenant_take_no_slot_that_another_needs(store: SqliteStore) -> None:
    greedy = [ScheduleVisit(f"greedy/{number % 50}", f"P{number}", NOW - 60) for number in range(LOOK * 3)]
    await store.commit(*greedy, ScheduleVisit("victim/1", "P1", NOW))
    slots = Slots(16, 16, lambda each: each.partition("/")[0])
    begun: Counter[str] = Counter()
    for _ in range(12):
        for name, _ in await store.claim_visits(1, 60, NOW, slots.share()):
            begun[name.partition("/")[0]] += 1
            slots.take(name)
    assert begun == {"greedy": 8, "victim": 1}
