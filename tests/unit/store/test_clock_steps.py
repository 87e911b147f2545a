"""A clock that was ahead is set back: what was put off meanwhile is due, in one life of the store or over a restart."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from noctuary.common import clock
from noctuary.common.errors import PagerDutyError, RevisionConflict
from noctuary.incidents.failures import failure_state
from noctuary.incidents.trust.refusals import Refusals
from noctuary.models.incident import NoteRow
from noctuary.store.changes import (
    Mutation,
    RetryWebhook,
    SaveIntegrationState,
    SaveNote,
    ScheduleRecheck,
    ScheduleVisit,
)
from noctuary.store.rows import IntegrationState, NewWebhook
from noctuary.store.sqlite.store import SqliteStore
from noctuary.store.sqlite.work import clock_steps

NOW = 1_800_000_000.0
AHEAD_S = [60.0, 400.0, 3600.0, 3 * 86_400.0]
WAIT_S = 5.0
SetClock = Callable[[float], None]
Opens = Callable[[], Awaitable[SqliteStore]]


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Set our clock."""
    return lambda at: monkeypatch.setattr(clock, "now", lambda: at)


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Opens]:
    """Open the store; what was opened before is closed first."""
    opened: list[SqliteStore] = []

    async def reopen() -> SqliteStore:
        for store in opened:
            await store.close()
        opened.append(await SqliteStore.open(tmp_path))
        return opened[-1]

    yield reopen
    for store in opened:
        await store.close()


def note(incident_id: str, due_at: float) -> NoteRow:
    return NoteRow(
        account="a", incident_id=incident_id, integration_id="i", marker="m", text="t", next_attempt_at=due_at
    )


def put_off(number: int, at: float) -> list[Mutation]:
    """Return one of each kind of work that is put off until a time."""
    name = f"P{number}"
    return [
        SaveNote(note(name, at)),
        ScheduleRecheck("i", name, at),
        ScheduleVisit("i", name, at),
        RetryWebhook(number + 1, at, "failed"),
    ]


async def due(store: SqliteStore, now: float) -> list[int]:
    """Return how much of each kind is claimed now."""
    return [
        len(await claim(2_000, 60, now))
        for claim in (store.claim_webhooks, store.claim_notes, store.claim_rechecks, store.claim_visits)
    ]


@pytest.mark.parametrize("ahead_s", AHEAD_S)
@pytest.mark.parametrize("is_restarted", [False, True])
async def test_what_was_put_off_is_due(
    stores: Opens, set_clock: SetClock, ahead_s: float, *, is_restarted: bool
) -> None:
    set_clock(NOW + ahead_s)
    store = await stores()
    await store.add_webhook(NewWebhook("i", "w", "", NOW, b"{}"))
    await store.commit(*put_off(0, NOW + ahead_s + WAIT_S))
    await store.probe()
    assert await due(store, NOW + ahead_s) == [0, 0, 0, 0]
    set_clock(NOW)
    store = await stores() if is_restarted else store
    assert await due(store, NOW) == [1, 1, 1, 1]


async def test_however_much_was_put_off_is_due(stores: Opens, set_clock: SetClock) -> None:
    set_clock(NOW + 3600)
    store = await stores()
    count = clock_steps.CHUNK + 1
    await store.commit(*(each for n in range(count) for each in put_off(n, NOW + 3605)))
    assert await due(store, NOW + 3600) == [0, 0, 0, 0]
    set_clock(NOW)
    assert await due(store, NOW) == [0, count, count, count]


async def test_whoever_has_read_a_note_before_puts_it_off_no_more(stores: Opens, set_clock: SetClock) -> None:
    set_clock(NOW + 3600)
    store = await stores()
    await store.commit(*put_off(0, NOW + 3605))
    read = await store.note("a", "P0")
    await due(store, NOW + 3600)
    set_clock(NOW)
    await due(store, NOW)
    assert read is not None
    with pytest.raises(RevisionConflict):
        await store.commit(SaveNote(read))


async def test_what_was_reckoned_before_the_step_and_written_after_it_is_due_a_little_later(
    stores: Opens, set_clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_steps, "LATE_S", 0.0)
    set_clock(NOW + 3600)
    store = await stores()
    await due(store, NOW + 3600)
    set_clock(NOW)
    await store.claim_notes(1, 60, NOW)
    await store.commit(*put_off(0, NOW + 3605))
    assert await due(store, NOW) == [0, 1, 1, 1]


async def test_a_clock_that_is_moved_a_little_or_ahead_hastens_nothing(stores: Opens, set_clock: SetClock) -> None:
    set_clock(NOW)
    store = await stores()
    await store.commit(*put_off(0, NOW + 60))
    for at in (NOW, NOW - clock_steps.SLACK_S, NOW + 50):
        set_clock(at)
        assert await due(store, at) == [0, 0, 0, 0]


@pytest.mark.parametrize("is_refused_last", [True, False])
async def test_whether_a_refusal_holds_is_the_same_after_the_step(
    stores: Opens, set_clock: SetClock, *, is_refused_last: bool
) -> None:
    set_clock(NOW + 3600)
    store = await stores()
    refused_at, written_at = (NOW + 3599, NOW + 3598) if is_refused_last else (NOW + 3598, NOW + 3599)
    refused = failure_state("i", PagerDutyError("No", 403), refused_at)
    await store.commit(SaveIntegrationState(refused))
    await store.commit(SaveIntegrationState(IntegrationState(id="i", last_note_at=written_at)))
    await due(store, NOW + 3600)
    set_clock(NOW)
    await due(store, NOW)
    state = await store.integration_state("i")
    assert state is not None
    assert (state.last_failure_at, state.last_note_at) == (refused_at - 3600, written_at - 3600)
    assert (Refusals().current(state) is not None) is is_refused_last
