"""Which events go to the store together, and that none pays for another's fault."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from noctuary.common.errors import NotReady, StoreUnavailable
from noctuary.models.context_event import ContextEvent
from noctuary.sources.posted import PostedEvent, to_event
from noctuary.store.limits import Added
from testbed.posted_events import EVENT
from webhook_receiver.gathering import ANSWERS_PER_TURN, BUSY_FROM, GATHERED_EVENTS, Gathering


class Shelf:
    """Keeps events in memory, tells what came together, and can be told to fail."""

    def __init__(self, fails: Callable[[list[ContextEvent]], Exception | None] = lambda _: None) -> None:
        self.fails = fails
        self.together: list[int] = []

    async def add_events(self, events: list[ContextEvent]) -> list[Added]:
        self.together.append(len(events))
        if error := self.fails(events):
            raise error
        return [each.entity != "known" for each in events]


async def post(gathering: Gathering, *entities: str) -> list[Added]:
    posted = [msgspec.convert({**EVENT, "entity": each}, PostedEvent) for each in entities]
    return await gathering.add_events([to_event(each, "team-a", 1e9) for each in posted])


async def test_what_comes_in_one_turn_goes_together_and_each_has_its_own_answer() -> None:
    shelf = Shelf()
    gathering = Gathering(shelf)
    found = await asyncio.gather(post(gathering, "a"), post(gathering, "known", "b"), post(gathering, "known"))
    assert list(found) == [[True], [False, True], [False]]
    assert shelf.together == [4]


async def test_who_posts_alone_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webhook_receiver.gathering.GATHERED_S", 1e6)
    shelf = Shelf()
    gathering = Gathering(shelf)
    for _ in range(3):
        assert await post(gathering, "a") == [True]
    assert shelf.together == [1, 1, 1]


async def test_after_many_together_the_next_wait_for_others_until_they_are_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("webhook_receiver.gathering.GATHERED_S", 1e6)
    shelf = Shelf()
    gathering = Gathering(shelf)
    await asyncio.gather(*(post(gathering, "a") for _ in range(BUSY_FROM)))
    first = asyncio.create_task(post(gathering, "a"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert shelf.together == [BUSY_FROM]
    await asyncio.gather(first, *(post(gathering, "a") for _ in range(GATHERED_EVENTS - 1)))
    assert shelf.together == [BUSY_FROM, GATHERED_EVENTS]


async def test_after_many_together_one_that_stays_alone_is_stored_all_the_same() -> None:
    shelf = Shelf()
    gathering = Gathering(shelf)
    await asyncio.gather(*(post(gathering, "a") for _ in range(BUSY_FROM)))
    await post(gathering, "a")
    assert shelf.together == [BUSY_FROM, 1]


async def test_where_fewer_are_admitted_half_of_those_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webhook_receiver.gathering.GATHERED_S", 1e6)
    shelf = Shelf()
    gathering = Gathering(shelf, lambda: 2 * BUSY_FROM)
    await asyncio.gather(*(post(gathering, "a") for _ in range(2 * BUSY_FROM)))
    assert shelf.together == [BUSY_FROM, BUSY_FROM]


async def test_a_long_batch_goes_by_itself() -> None:
    shelf = Shelf()
    gathering = Gathering(shelf)
    await asyncio.gather(post(gathering, *"a" * GATHERED_EVENTS), post(gathering, "b"))
    assert sorted(shelf.together) == [1, GATHERED_EVENTS]


async def test_what_is_wrong_with_one_request_fails_no_other() -> None:
    shelf = Shelf(lambda events: ValueError() if any(each.entity == "bad" for each in events) else None)
    gathering = Gathering(shelf)
    found = await asyncio.gather(*(post(gathering, each) for each in ("a", "bad", "b")), return_exceptions=True)
    assert [type(each) for each in found] == [list, ValueError, list]


async def test_a_store_that_cannot_commit_is_asked_once_for_all() -> None:
    shelf = Shelf(lambda _: StoreUnavailable("full"))
    gathering = Gathering(shelf)
    found = await asyncio.gather(*(post(gathering, "a") for _ in range(5)), return_exceptions=True)
    assert all(isinstance(each, NotReady) for each in found)
    assert shelf.together == [5]


async def test_a_few_are_answered_in_a_turn() -> None:
    gathering, answered, turn = Gathering(Shelf()), [], 0  # type: tuple[Gathering, list[int], int]

    async def one() -> None:
        await post(gathering, "a")
        answered.append(turn)

    tasks = [asyncio.create_task(one()) for _ in range(GATHERED_EVENTS)]
    while len(answered) < len(tasks):
        await asyncio.sleep(0)
        turn += 1
    assert max(answered.count(each) for each in answered) <= ANSWERS_PER_TURN


async def test_a_request_that_was_given_up_costs_the_others_nothing() -> None:
    gathering = Gathering(Shelf())
    gone, stays = (asyncio.create_task(post(gathering, each)) for each in "ab")
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == [True]
