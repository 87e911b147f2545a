"""Slots are given by turns, whoever has how many waiting."""

import asyncio

from noctuary.common.turns import TurnSlots
from noctuary.pagerduty.budget import MAX_CALLS_AT_ONCE, Budget, Need


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def calls_before(budget: Budget, tenant: str, loud: int) -> int:
    """Return how many of another tenant's calls end before the one of a tenant that came after all of them."""
    ended: list[str] = []

    async def call(of: str) -> None:
        async with budget.call(Need.NOTE, of):
            await asyncio.sleep(0)
        ended.append(of)

    calls = [asyncio.create_task(call("loud")) for _ in range(loud)]
    await asyncio.sleep(0)
    await asyncio.gather(call(tenant), *calls)
    return ended.index(tenant)


async def test_a_thousand_calls_delay_those_of_another_tenant_of_the_token_by_one_turn() -> None:
    assert await calls_before(Budget(), "quiet", 1_000) <= 3 * MAX_CALLS_AT_ONCE


async def test_whoever_is_cancelled_while_waiting_leaves_its_slot_to_others() -> None:
    slots = TurnSlots(1)
    done: list[str] = []

    async def hold(name: str, ends: asyncio.Event) -> None:
        async with slots.hold(name):
            await ends.wait()
            done.append(name)

    first, free = asyncio.Event(), asyncio.Event()
    free.set()
    tasks = [asyncio.create_task(hold(name, first if name == "a" else free)) for name in ("a", "b", "c")]
    await settle()
    tasks[1].cancel()
    await settle()
    first.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert done == ["a", "c"]
    assert not slots._waiting


async def test_who_is_cancelled_just_when_it_was_given_a_slot_gives_it_back() -> None:
    slots = TurnSlots(1)
    given = slots.hold("a")
    await given.__aenter__()
    waiting = asyncio.create_task(slots.hold("b").__aenter__())
    await settle()
    await given.__aexit__(None, None, None)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(5), slots.hold("c"):
        assert slots._free == 0
    assert slots._free == 1


async def test_one_owner_leaves_a_slot_to_whoever_comes_and_takes_no_more_when_others_end() -> None:
    slots = TurnSlots(2, 1)
    held = [slots.hold("loud") for _ in range(3)]
    loud = [asyncio.create_task(each.__aenter__()) for each in held]
    await settle()
    async with asyncio.timeout(5), slots.hold("quiet"):
        assert ([task.done() for task in loud], slots._free) == ([True, False, False], 0)
    await settle()
    assert ([task.done() for task in loud], slots._free) == ([True, False, False], 1)
    for task in loud[1:]:
        task.cancel()


async def test_of_one_owners_own_that_wait_each_goes_when_the_one_before_ends() -> None:
    slots = TurnSlots(2, 1)
    order: list[int] = []

    async def hold(number: int) -> None:
        async with slots.hold("loud"):
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*map(hold, range(5)))
    assert (order, slots._free, slots._waiting, dict(slots._held)) == ([0, 1, 2, 3, 4], 2, {}, {})


def told(remaining: int, reset_s: int = 60) -> dict[str, str]:
    return {"ratelimit-remaining": str(remaining), "ratelimit-reset": str(reset_s)}


async def use_up(budget: Budget, tenant: str) -> int:
    """Call until the budget refuses; return how many calls there were."""
    for number in range(2_000):
        if budget.wait_s(Need.NOTE, tenant):
            return number
        async with budget.call(Need.NOTE, tenant):
            pass
    raise AssertionError("nothing was refused")


async def test_of_a_tokens_minute_a_tenant_leaves_another_that_calls_its_part() -> None:
    budget = Budget()
    budget.learn(told(960))
    async with budget.call(Need.NOTE, "quiet"):
        pass
    assert await use_up(budget, "loud") == 480
    assert await use_up(budget, "quiet") == 479


async def test_a_tenant_that_has_a_token_for_itself_has_all_of_its_minute() -> None:
    now = 0.0
    budget = Budget(lambda: now)
    budget.learn(told(960))
    async with budget.call(Need.NOTE, "gone"):
        pass
    for minute in (61.0, 122.0):  # who called in the last minute has a part still, and then no more
        now = minute
        budget.learn(told(960))
    assert await use_up(budget, "alone") == 960
