"""What every engine promises several workers: claims, and writes with an expected revision."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from noctuary.common.errors import RevisionConflict
from noctuary.incidents.slots import Slots
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.store.changes import (
    FinishRecheck,
    FinishWebhook,
    MoveNote,
    RetryWebhook,
    SaveIncident,
    SaveNote,
    ScheduleRecheck,
    ScheduleVisit,
    VisitRivals,
)
from noctuary.store.interface import Store
from noctuary.store.rows import NewWebhook
from noctuary.store.shares import Work
from noctuary.store.sqlite.store import SqliteStore

NOW = 1_800_000_000.0
ENGINES: dict[str, Callable[[Path], Awaitable[Store]]] = {"sqlite": SqliteStore.open}
"""Each engine, opened in an empty directory."""


@pytest.fixture(params=ENGINES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store = await ENGINES[request.param](tmp_path)
    yield store
    await store.close()


def note(name: str = "P1", revision: int = 0, text: str = "t") -> NoteRow:
    return NoteRow(account="a", incident_id=name, integration_id="i", marker="m", text=text, revision=revision)


def incident(name: str = "P1", revision: int = 0, title: str = "") -> IncidentRow:
    return IncidentRow(account="a", incident_id=name, integration_id="i", title=title, revision=revision)


async def claimed_by_many(claim: Callable[[], Awaitable[list[str]]]) -> list[str]:
    """Claim with eight workers at once, then until nothing is left; return all names, those handed out twice too."""
    found = [name for names in await asyncio.gather(*(claim() for _ in range(8))) for name in names]
    while more := await claim():
        found += more
    return sorted(found)


async def test_each_webhook_is_claimed_by_one_worker(store: Store) -> None:
    names = [f"w{n:02}" for n in range(20)]
    for name in names:
        await store.add_webhook(NewWebhook("i", name, "h", NOW, b"{}"))

    async def claim() -> list[str]:
        return [row.webhook_id for row in await store.claim_webhooks(10, 60, NOW)]

    assert await claimed_by_many(claim) == names


async def test_each_note_is_claimed_by_one_worker(store: Store) -> None:
    names = [f"P{n:02}" for n in range(20)]
    await store.commit(*(SaveNote(note(name)) for name in names))

    async def claim() -> list[str]:
        return [row.incident_id for row in await store.claim_notes(10, 60, NOW)]

    assert await claimed_by_many(claim) == names


async def test_each_recheck_is_claimed_by_one_worker(store: Store) -> None:
    await store.commit(*(ScheduleRecheck("a", f"P{n}", NOW) for n in range(5)), ScheduleRecheck("a", "later", NOW + 1))

    async def claim() -> list[str]:
        return [name for _, name in await store.claim_rechecks(10, 60, NOW)]

    assert await claimed_by_many(claim) == [f"P{n}" for n in range(5)]


async def test_a_backfill_has_one_worker_until_it_is_released_or_its_lease_ends(store: Store) -> None:
    assert await store.claim_backfill("i", 60, NOW)
    assert not await store.claim_backfill("i", 60, NOW + 59)
    assert await store.claim_backfill("other", 60, NOW)
    await store.release(Work.BACKFILL, "i")
    assert await store.claim_backfill("i", 60, NOW)
    assert await store.claim_backfill("i", 60, NOW + 60)


async def test_a_limit_is_filled_with_what_nobody_holds(store: Store) -> None:
    await store.commit(*(SaveNote(note(f"P{n}")) for n in range(6)))
    assert [len(await store.claim_notes(4, 60, NOW)) for _ in range(3)] == [4, 2, 0]


async def test_a_released_note_is_due_as_its_row_says(store: Store) -> None:
    await store.commit(SaveNote(note()))
    [row] = await store.claim_notes(1, 60, NOW)
    await store.release(Work.NOTE, "a", "P1")
    assert await store.claim_notes(1, 60, NOW) == [row]
    await store.commit(SaveNote(msgspec.structs.replace(row, sent_rev=1)))
    await store.release(Work.NOTE, "a", "P1")
    assert await store.claim_notes(1, 60, NOW) == []


async def test_a_claim_comes_back_when_its_lease_is_over(store: Store) -> None:
    await store.commit(SaveNote(note()), ScheduleRecheck("a", "P1", NOW))
    assert len(await store.claim_notes(1, 60, NOW)) == len(await store.claim_rechecks(1, 60, NOW)) == 1
    assert await store.claim_notes(1, 60, NOW + 59) == []
    assert await store.claim_rechecks(1, 60, NOW + 59) == []
    assert len(await store.claim_notes(1, 60, NOW + 60)) == len(await store.claim_rechecks(1, 60, NOW + 60)) == 1


async def test_a_finished_recheck_never_comes_back(store: Store) -> None:
    await store.commit(ScheduleRecheck("a", "P1", NOW))
    await store.claim_rechecks(1, 60, NOW)
    await store.commit(FinishRecheck("a", "P1"))
    assert await store.claim_rechecks(1, 60, NOW + 1e6) == []


async def test_rivals_are_those_whose_own_token_read_the_incident(store: Store) -> None:
    rows = [
        IncidentRow(integration_id=name, incident_id="P1", account=account)
        for name, account in (("i", "a"), ("j", "a"), ("k", ""), ("l", "b"))
    ]
    await store.commit(*(SaveIncident(row) for row in rows))
    assert sorted(await store.confirmed_by("a", "P1")) == ["i", "j"]
    await store.commit(VisitRivals("a", "P1", "i", NOW))
    assert await store.claim_visits(10, 60, NOW) == [("j", "P1")]


async def test_a_record_that_changed_hastens_its_own_visits_only(store: Store) -> None:
    await store.commit(ScheduleVisit("i", "P1", NOW + 600), ScheduleVisit("j", "P1", NOW + 600))
    assert await store.hasten_visits("i", NOW, 10) == 1
    assert await store.claim_visits(10, 60, NOW) == [("i", "P1")]


async def test_visits_are_hastened_some_at_a_time_and_once(store: Store) -> None:
    await store.commit(*(ScheduleVisit("i", f"P{n}", NOW + 600 + n) for n in range(5)))
    assert [await store.hasten_visits("i", NOW, 2) for _ in range(4)] == [2, 2, 1, 0]
    assert await store.integrations_with_visits() == ["i"]


async def test_of_rechecks_each_tenant_has_its_turn(store: Store) -> None:
    await store.commit(*(ScheduleRecheck(f"loud{n % 3}", f"P{n}", NOW - 100) for n in range(1_200)))
    await store.commit(ScheduleRecheck("quiet", "P", NOW - 1))
    slots = Slots(16, 16, lambda each: each.rstrip("012"))
    order = []
    for _ in range(4):
        [key] = await store.claim_rechecks(1, 60, NOW, slots.share())
        slots.take(key[0])
        order.append(key[0].rstrip("012"))
    assert order.index("quiet") <= 3
    assert "loud" in order


async def test_a_note_is_moved_to_its_account_and_never_over_another(store: Store) -> None:
    await store.commit(SaveNote(note("P1")), SaveNote(note("P2")))
    await store.commit(MoveNote("a", "P1", "b"))
    moved = await store.note("b", "P1")
    assert (moved is not None and moved.account, await store.note("a", "P1")) == ("b", None)
    await store.commit(SaveNote(msgspec.structs.replace(note("P2", text="other"), account="b")))
    await store.commit(MoveNote("a", "P2", "b"))
    kept = await store.note("b", "P2")
    assert (kept is not None and kept.text, await store.note("a", "P2") is None) == ("other", False)


async def test_a_retried_webhook_ends_its_claim_and_counts_its_attempt(store: Store) -> None:
    await store.add_webhook(NewWebhook("i", "w", "h", NOW, b"{}"))
    [row] = await store.claim_webhooks(1, 1e6, NOW)
    await store.commit(RetryWebhook(row.id, NOW + 5, "no"))
    assert await store.claim_webhooks(1, 60, NOW + 4) == []
    [again] = await store.claim_webhooks(1, 60, NOW + 5)
    assert (row.attempts, again.attempts) == (1, 2)


async def test_what_was_finished_between_two_looks_is_not_handed_out(store: Store) -> None:
    await store.add_webhook(NewWebhook("i", "w", "h", NOW, b"{}"))
    [row] = await store.claim_webhooks(1, 60, NOW)
    seen = await asyncio.gather(
        store.commit(FinishWebhook(row.id, "i", None)), *(store.claim_webhooks(1, 60, NOW) for _ in range(20))
    )
    assert [rows for rows in seen if rows] == []


@pytest.mark.parametrize("expected", [0, 1, 3])
async def test_a_write_with_another_revision_fails_and_changes_nothing(store: Store, expected: int) -> None:
    await store.commit(SaveIncident(incident(title="first")))
    await store.commit(SaveIncident(incident(title="second", revision=1)))
    with pytest.raises(RevisionConflict):
        await store.commit(SaveNote(note("P2")), SaveIncident(incident(title="lost", revision=expected)))
    stored = await store.incident("i", "P1")
    assert stored is not None
    assert (stored.title, stored.revision, await store.note("a", "P2")) == ("second", 2, None)


async def test_of_writes_at_the_same_revision_one_wins(store: Store) -> None:
    await store.commit(SaveNote(note()))
    writes = (store.commit(SaveNote(note(revision=1, text=f"t{n}"))) for n in range(10))
    results = await asyncio.gather(*writes, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["NoneType", *["RevisionConflict"] * 9]


async def test_a_conflict_asks_to_try_again(store: Store) -> None:
    with pytest.raises(RevisionConflict) as caught:
        await store.commit(SaveNote(note(revision=7)))
    assert caught.value.retryable


async def test_a_change_whose_asker_is_cancelled_ends_its_claim_all_the_same(store: Store) -> None:
    await store.add_webhook(NewWebhook("i", "w", "h", NOW, b"{}"))
    [row] = await store.claim_webhooks(1, 1e6, NOW)
    asker = asyncio.create_task(store.commit(RetryWebhook(row.id, NOW + 5, "no")))
    await asyncio.sleep(0)
    asker.cancel()
    await asyncio.wait([asker])
    await store.commit(SaveNote(note()))
    assert [again.id for again in await store.claim_webhooks(1, 60, NOW + 5)] == [row.id]


async def test_where_what_was_found_is_finished_meanwhile_the_next_is_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await SqliteStore.open(tmp_path)
    await store.commit(*(ScheduleRecheck("a", f"Q{n}", float(n)) for n in range(2)))
    read, reads = store._database.read, []

    async def read_and_be_overtaken(ask: Any) -> Any:
        found = await read(ask)
        reads.append(found)
        if len(reads) == 1:
            await store.commit(FinishRecheck("a", "Q0", NOW))
        return found

    monkeypatch.setattr(store._database, "read", read_and_be_overtaken)
    assert await store.claim_rechecks(1, 60, NOW) == [("a", "Q1")]
    await store.close()
