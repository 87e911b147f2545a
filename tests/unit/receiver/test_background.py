import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from webhook_receiver.background import TaskEnded, next_chunk, supervise


async def forever(cancelled: list[str]) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(3600)
    cancelled.append("cancelled")


async def returns() -> None:
    await asyncio.sleep(0)


async def raises() -> None:
    await asyncio.sleep(0)
    raise ValueError("a bug")


async def test_tasks_are_cancelled_when_told_to_stop() -> None:
    cancelled: list[str] = []
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, stop.set)
    await supervise({"a": forever(cancelled), "b": forever(cancelled)}, stop)
    assert len(cancelled) == 2


@pytest.mark.parametrize("ending", [returns, raises])
async def test_a_task_that_ends_by_itself_ends_the_others_and_is_named(
    ending: Callable[[], Coroutine[Any, Any, None]],
) -> None:
    cancelled: list[str] = []
    with pytest.raises(TaskEnded, match="the worker"):
        await supervise({"the worker": ending(), "other": forever(cancelled)}, asyncio.Event())
    assert cancelled == ["cancelled"]


@pytest.mark.parametrize(
    ("rows", "took_s", "expected"),
    [(400, 0.01, 800), (1600, 0.01, 1600), (800, 0.03, 800), (800, 0.2, 400), (400, 9, 400)],
)
def test_as_many_rows_are_swept_at_once_as_are_quick(rows: int, took_s: float, expected: int) -> None:
    assert next_chunk(rows, took_s) == expected
