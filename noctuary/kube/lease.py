"""One holder at a time: a Lease of coordination.k8s.io, acquired before work begins and renewed while it goes on."""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog

from noctuary.common.backoff import Backoff
from noctuary.common.errors import KubernetesError
from noctuary.kube.client import KubeClient

log = structlog.get_logger()

DURATION_S = 15
"""After so long without a renewal another process may take over: short enough for a restart, long for a slow API."""
RENEW_S = 4
"""Three renewals fit into the duration, so two may fail."""
ACQUIRE_JITTER = 0.2
"""Two processes that wait for the same Lease should not ask in the same moment."""
CONFLICT = 409


class _Spec(msgspec.Struct, rename="camel", omit_defaults=True):
    holder_identity: str = ""
    lease_duration_seconds: int = DURATION_S
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int = 0


class _Lease(msgspec.Struct):
    metadata: dict[str, Any]
    spec: _Spec


class Lease:
    """A Lease to be held by one identity; `lost` is set when another process may hold it."""

    def __init__(
        self,
        client: KubeClient,
        namespace: str,
        name: str,
        identity: str,
        duration_s: float = DURATION_S,
        renew_s: float = RENEW_S,
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._name = name
        self._collection = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._path = f"{self._collection}/{name}"
        self._identity = identity
        self._duration_s = max(1, round(duration_s))
        self._renew_s = renew_s
        self._poll = Backoff(renew_s / 2, renew_s / 2, ACQUIRE_JITTER)
        self._seen: tuple[str, str | None] | None = None
        self._seen_at = 0.0
        self._renewed_at = 0.0
        self._problem: str | None = None
        self._task: asyncio.Task[None] | None = None
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def held(self) -> bool:
        """Whether we hold it now."""
        return self._task is not None and not self.lost.done()

    async def acquire(self) -> None:
        """Wait until we hold it, then keep it renewed in the background."""
        waiting = False
        while not await self._attempt():
            if not waiting and self._seen is not None:
                waiting = True
                log.info("Lease is held by another process, waiting", lease=self._name)
            await asyncio.sleep(self._poll.pause_s(1))
        log.info("Lease acquired", lease=self._name, identity=self._identity)
        self._seen = None
        self._task = asyncio.create_task(self._keep(), name=f"lease {self._name}")

    async def release(self) -> None:
        """Release it so that the next process need not wait; errors are only logged."""
        if self._task is None:
            return
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._task = None
        if self.lost.done():
            return
        try:
            lease = await self._read()
            if lease is not None and lease.spec.holder_identity == self._identity:
                lease.spec.holder_identity = ""
                await self._client.replace(self._path, msgspec.to_builtins(lease))
        except KubernetesError as error:
            log.warning("Lease not released, it will expire", lease=self._name, error=str(error))

    async def _attempt(self) -> bool:
        began = time.monotonic()
        try:
            is_ours = await self._claim()
        except KubernetesError as error:
            if error.status != CONFLICT:
                self._tell(str(error))
            return False
        self._problem = None
        if is_ours:
            self._renewed_at = began
        return is_ours

    def _tell(self, problem: str) -> None:
        """Log what keeps us from the Lease when it appears, not at each attempt."""
        if problem != self._problem:
            log.warning("Lease cannot be read or written", lease=self._name, error=problem)
        self._problem = problem

    async def _claim(self) -> bool:
        lease = await self._read()
        if lease is None:
            await self._client.create(self._collection, self._new())
            return True
        if not self._is_free(lease):
            return False
        if lease.spec.holder_identity != self._identity:
            lease.spec.lease_transitions += 1
            lease.spec.acquire_time = _micro_now()
        lease.spec.holder_identity = self._identity
        lease.spec.lease_duration_seconds = self._duration_s
        lease.spec.renew_time = _micro_now()
        await self._client.replace(self._path, msgspec.to_builtins(lease))
        return True

    def _is_free(self, lease: _Lease) -> bool:
        """Decide by our own clock: a holder that has not renewed while we watched is gone, whatever its clock says."""
        if lease.spec.holder_identity in ("", self._identity):
            return True
        seen = (lease.spec.holder_identity, lease.spec.renew_time)
        if seen != self._seen:
            self._seen, self._seen_at = seen, time.monotonic()
        return time.monotonic() - self._seen_at > lease.spec.lease_duration_seconds

    async def _read(self) -> _Lease | None:
        try:
            return msgspec.json.decode(await self._client.get(self._path), type=_Lease)
        except KubernetesError as error:
            if error.not_found:
                return None
            raise

    def _new(self) -> dict[str, Any]:
        now = _micro_now()
        spec = _Spec(self._identity, self._duration_s, acquire_time=now, renew_time=now)
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self._name, "namespace": self._namespace},
            "spec": msgspec.to_builtins(spec),
        }

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._renew_s)
            left_s = self._renewed_at + self._duration_s - time.monotonic()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(left_s, 0.1)):
                    await self._attempt()
            expired = time.monotonic() - self._renewed_at >= self._duration_s
            if expired or self._seen is not None:  # seen: it names somebody else
                log.error("Lease lost", lease=self._name, identity=self._identity)
                self.lost.set_result(None)
                return


def _micro_now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
