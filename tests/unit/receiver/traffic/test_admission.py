"""Who works at once, and whose turn it is."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from noctuary.common.errors import NotReady
from noctuary.common.metrics import Metrics
from noctuary.serving.limits_met import LimitsMet
from webhook_receiver.traffic.admission import BYTES_PER_SLOT, Admission
from webhook_receiver.traffic.pace import (
    FIRST_GUESS_S,
    MAX_DELAY_S,
    REFUSALS_AT_ONCE,
    REFUSALS_PER_S,
    WINDOW,
    Pace,
    RefusalPace,
)

FOR_EVER_S = 1e6


def admission(slots: int, max_stall_s: float = FOR_EVER_S) -> Admission:
    return Admission(LimitsMet(Metrics()), slots, FOR_EVER_S, max_stall_s)


@contextlib.asynccontextmanager
async def full(places: Admission, slots: int) -> AsyncIterator[None]:
    for _ in range(slots):
        await places.enter("first", 0)
    yield
    for _ in range(slots):
        places.leave(1)


async def work(places: Admission, sender: str, done: list[str], size: int = 0) -> None:
    slots = await places.enter(sender, size)
    done.append(sender)
    await asyncio.sleep(0)
    places.leave(slots)


async def begin(places: Admission, senders: str, done: list[str]) -> "list[asyncio.Task[None]]":
    tasks = [asyncio.create_task(work(places, sender, done)) for sender in senders]
    await asyncio.sleep(0)
    return tasks


async def test_senders_take_turns_however_much_one_of_them_sends() -> None:
    places, done = admission(1), []  # type: tuple[Admission, list[str]]
    async with full(places, 1):
        tasks = await begin(places, "aaaaabbc", done)
    await asyncio.gather(*tasks)
    assert "".join(done) == "abcabaaa"


async def test_no_more_are_worked_at_once_than_there_are_slots() -> None:
    places, at_once, most = admission(4), 0, 0

    async def count(size: int) -> None:
        nonlocal at_once, most
        slots = await places.enter("a", size)
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        places.leave(slots)

    await asyncio.gather(*(count(0) for _ in range(50)))
    assert most == 4
    most = 0
    await asyncio.gather(*(count(BYTES_PER_SLOT) for _ in range(50)))
    assert most == 2


async def test_a_long_body_is_not_overtaken_for_ever_by_short_ones() -> None:
    places, done = admission(4), []  # type: tuple[Admission, list[str]]
    async with full(places, 3):
        long = asyncio.create_task(work(places, "long", done, 3 * BYTES_PER_SLOT))
        await asyncio.sleep(0)
        tasks = await begin(places, "aaa", done)
        assert done == []
    await asyncio.gather(long, *tasks)
    assert done[0] == "long"


async def test_who_would_wait_too_long_is_asked_to_come_again_and_leaves_its_place() -> None:
    places, done = admission(1, 0.01), []  # type: tuple[Admission, list[str]]
    async with full(places, 1):
        found = await asyncio.gather(*(work(places, sender, done) for sender in "aab"), return_exceptions=True)
        assert [type(each) for each in found] == [NotReady] * 3
        assert [each.retry_after_s for each in found if isinstance(each, NotReady)] == [1] * 3
    await work(places, "a", done)
    assert done == ["a"]


async def test_who_goes_away_while_waiting_or_just_admitted_holds_no_slot() -> None:
    places, done = admission(1), []  # type: tuple[Admission, list[str]]
    async with full(places, 1):
        tasks = await begin(places, "ab", done)
        tasks[0].cancel()
    tasks[1].cancel()  # it was given the slot a moment ago
    with pytest.raises(asyncio.CancelledError):
        await asyncio.gather(*tasks)
    await work(places, "c", done)
    assert done == ["c"]


class Clock:
    """Time as the test tells it."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


async def waiting(places: Admission, senders: str) -> "list[asyncio.Task[int]]":
    tasks = [asyncio.create_task(places.enter(sender, 0)) for sender in senders]
    await asyncio.sleep(0)
    return tasks


def refused(places: Admission, sender: str) -> bool:
    return not places.has_room(sender)


async def end(tasks: "list[asyncio.Task[int]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_who_comes_while_slots_are_free_is_never_refused_however_slow_it_went_before() -> None:
    clock = Clock()
    places = Admission(LimitsMet(Metrics()), slots=1, pace=Pace(clock))
    clock.at = 1e6
    assert not refused(places, "a")
    assert await places.enter("a", 0) == 1
    assert not refused(places, "a")  # nobody waits yet


async def test_more_than_is_begun_within_the_bound_is_refused_before_it_waits() -> None:
    clock = Clock()
    places = Admission(LimitsMet(Metrics()), slots=1, max_wait_s=10 * FIRST_GUESS_S, pace=Pace(clock))
    await places.enter("a", 0)
    tasks = await waiting(places, "a" * 10)
    assert not refused(places, "a")
    tasks += await waiting(places, "a")
    assert refused(places, "a")
    await end(tasks)


async def test_the_bound_is_of_time_so_slower_work_refuses_sooner() -> None:
    clock = Clock()
    places = Admission(LimitsMet(Metrics()), slots=1, max_wait_s=10 * FIRST_GUESS_S, pace=Pace(clock))
    await places.enter("a", 0)
    tasks = await waiting(places, "aaa")
    assert not refused(places, "a")
    clock.at = WINDOW * FIRST_GUESS_S * 10  # and nothing was given back meanwhile
    assert refused(places, "a")
    await end(tasks)


async def test_a_sender_that_floods_has_others_refused_for_none_of_its_own() -> None:
    clock = Clock()
    places = Admission(LimitsMet(Metrics()), slots=1, max_wait_s=10 * FIRST_GUESS_S, pace=Pace(clock))
    await places.enter("a", 0)
    tasks = await waiting(places, "a" * 1000)
    assert refused(places, "a")
    assert not refused(places, "b")
    await end(tasks)


async def test_while_some_are_refused_a_quarter_as_many_are_worked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    places = admission(slots=8)
    await places.refuse("flooder")
    assert places.slots_now == 2
    done: list[str] = []
    async with full(places, 2):
        waiting = asyncio.create_task(work(places, "next", done))
        await asyncio.sleep(0)
        assert done == []
    await waiting
    monkeypatch.setattr("webhook_receiver.traffic.admission.CROWDED_FOR_S", -1.0)
    await places.refuse("flooder")
    assert places.slots_now == 8


async def test_a_long_body_is_worked_while_some_are_refused_when_nothing_else_is() -> None:
    places = admission(slots=8)
    await places.refuse("flooder")
    assert await asyncio.wait_for(places.enter("long", 6 * BYTES_PER_SLOT), 5) == 7


async def test_a_refusal_is_counted() -> None:
    metrics = Metrics()
    places = Admission(LimitsMet(metrics), slots=1, max_wait_s=0.0)
    await places.enter("a", 0)
    tasks = await waiting(places, "a")
    assert (await places.refuse("a")).retry_after_s == 1
    assert metrics.registry.get_sample_value("noctuary_limits_met_total", {"limit": "events"}) == 1
    await end(tasks)


def test_the_pace_is_what_was_measured_over_many() -> None:
    clock = Clock()
    pace = Pace(clock)
    clock.at = 0.01
    pace.free(1)
    assert pace.seconds(1) == FIRST_GUESS_S
    clock.at = WINDOW * 0.25
    pace.free(WINDOW - 1)
    assert pace.seconds(4) == pytest.approx(1.0)


def test_refusals_are_told_at_once_up_to_a_number_and_then_a_few_a_millisecond() -> None:
    clock = Clock()
    clock.at = 1000.0
    pace = RefusalPace(clock)
    assert [pace.delay_s() for _ in range(REFUSALS_AT_ONCE)] == [0.0] * REFUSALS_AT_ONCE
    assert [round(pace.delay_s() * REFUSALS_PER_S) for _ in range(5)] == [1, 2, 3, 4, 5]
    clock.at += 1.0
    assert pace.delay_s() == 0.0


def test_no_refusal_is_told_later_than_its_sender_is_asked_to_stay_away() -> None:
    clock = Clock()
    clock.at = 1000.0
    pace = RefusalPace(clock)
    assert max(pace.delay_s() for _ in range(10 * REFUSALS_PER_S)) == MAX_DELAY_S
