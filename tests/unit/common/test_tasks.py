"""Tasks beside each other: the first end ends all, an error is not lost, and waiting for ends is bounded."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from noctuary.common import tasks
from noctuary.common.tasks import cancel, finish_unless_stopped, run_until_first_ends


async def forever() -> None:
    await asyncio.sleep(3600)


async def returns() -> None:
    await asyncio.sleep(0)


async def fails() -> None:
    await asyncio.sleep(0)
    raise ValueError("a bug")


async def ignores_its_cancellation() -> None:
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(3600)
    await asyncio.sleep(3600)


@pytest.mark.parametrize("ending", [returns, fails])
async def test_the_first_task_that_ends_is_returned_and_ends_the_others(
    ending: Callable[[], Awaitable[None]],
) -> None:
    first, other = asyncio.ensure_future(ending()), asyncio.create_task(forever())
    stop = asyncio.Event()
    assert isinstance(first, asyncio.Task)
    assert await run_until_first_ends([other, first], stop) is first
    assert (other.cancelled(), stop.is_set()) == (True, True)


async def test_stop_ends_all_tasks_and_none_ended_unasked() -> None:
    running, stop = [asyncio.create_task(forever()) for _ in range(2)], asyncio.Event()
    asyncio.get_running_loop().call_soon(stop.set)
    assert await run_until_first_ends(running, stop) is None
    assert all(task.cancelled() for task in running)


@pytest.mark.parametrize(("ending", "is_returned"), [(returns, False), (fails, True)])
async def test_only_an_error_counts_in_the_moment_of_the_stop(
    ending: Callable[[], Awaitable[None]], is_returned: bool
) -> None:
    task, stop = asyncio.ensure_future(ending()), asyncio.Event()
    assert isinstance(task, asyncio.Task)
    await asyncio.wait([task])
    stop.set()
    assert await run_until_first_ends([task], stop) is (task if is_returned else None)


async def test_work_is_finished_unless_stopped() -> None:
    stop = asyncio.Event()
    assert await finish_unless_stopped(asyncio.gather(returns(), returns()), stop)
    with pytest.raises(ValueError, match="a bug"):
        await finish_unless_stopped(fails(), stop)
    stop.set()
    assert not await finish_unless_stopped(forever(), stop)


async def test_a_task_that_does_not_end_is_not_waited_for_without_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "END_WITHIN_S", 0.05)
    late, prompt = asyncio.create_task(ignores_its_cancellation()), asyncio.create_task(forever())
    await asyncio.sleep(0)
    await cancel([late, prompt])
    assert (late.done(), prompt.cancelled()) == (False, True)
    late.cancel()
