"""Work on long bodies, beside the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

LONG_BYTES = 64 * 1024
"""Checked or parsed within a millisecond; handing less to a thread costs more than it frees."""


class LongWork:
    """One thread for all long bodies: the event loop gets its turn between any two steps of Python."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="bodies")

    async def run(self, size_bytes: int, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do the work on a body of this size, in the thread when it is long. Raises what the work raises."""
        if size_bytes <= LONG_BYTES:
            return work(*args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(*args, **kwargs))
