"""One coalescing work queue: one worker at a time reconciles a key, and retries it after a pause when that failed.

Keys are taken in turns of the namespaces: whoever changes many things all the time waits for himself.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from noctuary.common.backoff import Backoff
from noctuary.common.errors import NoctuaryError
from noctuary_operator.act.turns import Turns
from noctuary_operator.metrics import OperatorMetrics

log = structlog.get_logger()

RETRY = Backoff(0.2, 60.0)
"""Pauses after errors that may pass."""
REFUSED_RETRY = Backoff(30.0, 600.0)
"""Pauses after an error that will not go away by itself; any change of the object ends them."""
DRAIN_S = 5.0
"""How long work in progress may take at the end: below Kubernetes' 30 s of grace with room for the rest."""


class WorkQueue:
    """Keys waiting for work; `work` returns the seconds until it wants to see the key again, None for never."""

    def __init__(
        self,
        work: Callable[[str], Awaitable[float | None]],
        concurrency: int,
        metrics: OperatorMetrics,
        namespace_of: Callable[[str], str] = lambda _: "",
    ) -> None:
        self._work = work
        self._concurrency = concurrency
        self._metrics = metrics
        self._namespace_of = namespace_of
        self._ready = Turns()
        self._queued: set[str] = set()
        self._active: set[str] = set()
        self._again: set[str] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._failures: dict[str, int] = {}
        self._closing = False

    def add(self, key: str) -> None:
        """Have a key reconciled soon; while it waits, further calls change nothing."""
        if key in self._active:
            self._again.add(key)
        elif key not in self._queued:
            self._queued.add(key)
            self._ready.put(self._namespace_of(key), key)
            self._metrics.queue_depth.set(len(self._queued))

    def add_after(self, key: str, delay_s: float) -> None:
        """Have a key reconciled after a pause; replaces the pause set before."""
        self._cancel_timer(key)
        self._timers[key] = asyncio.get_running_loop().call_later(delay_s, self._due, key)

    async def run(self) -> None:
        """Work until cancelled; then work in progress is finished, for a while."""
        workers = [asyncio.create_task(self._worker(), name=f"worker {n}") for n in range(self._concurrency)]
        try:
            await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._closing = True  # whoever is busy finishes; the empty key below wakes one idle worker each
            for key in list(self._timers):
                self._cancel_timer(key)
            for _ in workers[len(self._active) :]:
                self._ready.put("", "")
            await asyncio.wait(workers, timeout=DRAIN_S)
            for worker in workers:
                worker.cancel()

    async def _worker(self) -> None:
        while (key := await self._ready.get()) and not self._closing:
            self._queued.discard(key)
            self._metrics.queue_depth.set(len(self._queued))
            self._active.add(key)
            self._cancel_timer(key)
            try:
                await self._attempt(key)
            finally:
                self._active.discard(key)
                if key in self._again:
                    self._again.discard(key)
                    self.add(key)

    async def _attempt(self, key: str) -> None:
        try:
            with self._metrics.duration.time():
                delay_s = await self._work(key)
        except NoctuaryError as error:
            self._failed(key, retryable=error.retryable, error=str(error))
        except Exception as error:
            log.exception("Reconcile failed by a bug", key=key, exc_info=_without_values(error))
            self._failed(key, retryable=False, error=type(error).__name__)
        else:
            self._failures.pop(key, None)
            self._metrics.reconciles.labels("ok").inc()
            if delay_s is not None:
                self.add_after(key, delay_s)

    def _failed(self, key: str, *, retryable: bool, error: str) -> None:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        pause_s = (RETRY if retryable else REFUSED_RETRY).pause_s(failures)
        self._metrics.reconciles.labels("retry" if retryable else "error").inc()
        log.warning("Reconcile failed", key=key, error=error, failures=failures, retry_in_s=round(pause_s, 1))
        self.add_after(key, pause_s)

    def _due(self, key: str) -> None:
        self._timers.pop(key, None)
        self.add(key)

    def _cancel_timer(self, key: str) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()


def _without_values(error: Exception) -> Exception:
    """Keep the traceback and the type: the text of an unknown exception may quote a Secret."""
    return RuntimeError(f"{type(error).__name__} (text withheld)").with_traceback(error.__traceback__)
