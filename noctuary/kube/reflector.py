"""List and watch one resource: decode into typed objects, survive everything an API server does to a watch."""

import asyncio
import time
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol, TypeVar

import aiohttp
import msgspec
import structlog

from noctuary.common.backoff import Backoff
from noctuary.common.errors import KubernetesError, KubernetesUnavailable, is_refusal
from noctuary.kube.client import JSON, KubeClient
from noctuary.kube.decoding import decode, named, understand
from noctuary.kube.listing import list_objects
from noctuary.kube.odd import ODD, ODD_OBJECTS

log = structlog.get_logger()

WATCH_TIMEOUT_S = 30
"""The server ends each watch after this; opening the next one proves that the stream is alive."""
STALL_GRACE_S = 10
"""A watch that is silent this long after its own end is dead: a proxy swallowed it."""
SHORTEST_WATCH_S = 0.5
"""A watch that ends before this without a word is a failure: else a broken proxy would be asked without a pause."""
RETRY = Backoff(first_s=0.2, longest_s=15.0)
"""Between attempts: a blip costs no time, an API server that is away for long is not pressed."""
MAX_LINE_BYTES = 8 * 1024 * 1024
"""An object is at most 1.5 MiB in etcd; managed fields and escapes can make its JSON longer."""
SELDOM_S = 300.0
"""What no CRD defines is asked for again after this, where it is known that it may be so."""
REFUSALS_BEFORE_LIST = 3
"""After so many failed attempts a fresh LIST is tried: etcd may have been restored to an older state."""

T = TypeVar("T")
ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]


class _Line(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _Version(msgspec.Struct, rename="camel"):
    resource_version: str = ""


class _Versioned(msgspec.Struct):
    metadata: _Version


class _Failure(msgspec.Struct):
    code: int = 0
    reason: str = ""
    message: str = ""


class Sink(Protocol[T]):
    """What receives the objects: called in the event loop, must not block."""

    def on_list(self, objects: list[T]) -> None:
        """Handle the complete state, as a LIST gave it."""

    def on_event(self, change: ChangeType, obj: T) -> None:
        """Handle one change, as the watch gave it."""


@dataclass
class Health:
    """What the watch lag metrics and readiness read; times are monotonic seconds."""

    synced: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it was listed, or once the API server said that we may not, or that there is no such kind."""
    confirmed_at: float = 0.0
    lists: int = 0
    restarts: int = 0
    last_error: KubernetesError | None = None

    def confirm(self) -> None:
        """Note that the state is known to be current now."""
        self.confirmed_at = time.monotonic()
        self.last_error = None

    @property
    def is_absent(self) -> bool:
        """Whether the API server does not know the resource now."""
        return self.last_error is not None and self.last_error.not_found

    def age_s(self) -> float:
        """Return the seconds since the state was last known to be current."""
        return time.monotonic() - self.confirmed_at if self.confirmed_at else float("inf")


class Reflector(Generic[T]):
    """Keeps a sink in step with one resource; `run` ends only by cancellation, or by raising an answer of `ends_on`."""

    def __init__(
        self,
        client: KubeClient,
        path: str,
        kind: type[T],
        sink: Sink[T],
        *,
        label_selector: str = "",
        field_selector: str = "",
        accept: str = JSON,
        list_accept: str = JSON,
        watch_timeout_s: int = WATCH_TIMEOUT_S,
        stall_grace_s: float = STALL_GRACE_S,
        ends_on: Collection[int] = (),
        health: Health | None = None,
    ) -> None:
        self._client = client
        self._path = path
        self._sink = sink
        self._selectors = {
            name: value
            for name, value in (("labelSelector", label_selector), ("fieldSelector", field_selector))
            if value
        }
        self._accept = accept
        self._list_accept = list_accept
        self._watch_timeout_s = watch_timeout_s
        self._stall_grace_s = stall_grace_s
        self._ends_on = ends_on
        self._kind = kind
        self._object = msgspec.json.Decoder(kind)
        self._line = msgspec.json.Decoder(_Line)
        self._versioned = msgspec.json.Decoder(_Versioned)
        self._version: str | None = None
        self._progressed = False
        self._may_be_absent = False
        self.health = health if health is not None else Health()

    def expect_absence(self) -> None:
        """Ask again only after `SELDOM_S` where the API server does not know the resource: it may never do so."""
        self._may_be_absent = True

    async def list_once(self) -> None:
        """List once, without a watch. Raises KubernetesError."""
        await self._list()

    async def run(self) -> None:
        """List, watch, and begin again wherever that breaks."""
        failures = 0
        while True:
            self._progressed = False
            try:
                if failures and self._version is not None:
                    await self._check_history(self._version)
                if self._version is None:
                    self._version = await self._list()
                await self._watch(self._version)
                failures = 0
            except KubernetesError as error:
                if error.status in self._ends_on:
                    self._version = None
                    raise
                failures = 1 if self._progressed else failures + 1
                self._after(error, failures)
                await self._rest(error, failures)

    async def _rest(self, error: KubernetesError, failures: int) -> None:
        """Wait before the next attempt: longer for a CRD that may never come."""
        pause_s = RETRY.pause_s(failures)
        await asyncio.sleep(max(pause_s, SELDOM_S) if error.not_found and self._may_be_absent else pause_s)

    def _after(self, error: KubernetesError, failures: int) -> None:
        self.health.last_error = error
        self.health.restarts += 1
        if error.not_found or is_refusal(error):
            self.health.answered.set()
        log.info("Watch failed, retrying", path=self._path, status=error.status, error=str(error), failures=failures)
        if error.status in (410, 400) or failures >= REFUSALS_BEFORE_LIST:
            self._version = None

    async def _check_history(self, version: str) -> None:
        """List again when the server's history ends before ours: etcd was restored to an older state.

        The server would accept the watch and stay silent until its counter has caught up with ours.
        """
        timeout = aiohttp.ClientTimeout(total=self._stall_grace_s)
        async with self._client.stream(
            "GET", self._path, query={"limit": 1}, accept=self._list_accept, timeout=timeout
        ) as response:
            answer = await response.read()
        try:
            current = decode(self._versioned, answer).metadata.resource_version
        except msgspec.DecodeError as error:
            raise KubernetesUnavailable(0, "BrokenList", "a list is not what its kind promises") from error
        if current.isdecimal() and version.isdecimal() and int(current) < int(version):
            log.warning("The history of the API server went back", path=self._path, ours=version, theirs=current)
            self._version = None

    async def _list(self) -> str:
        found = await list_objects(
            self._client, self._path, self._kind, selectors=self._selectors, accept=self._list_accept
        )
        self._sink.on_list(found.objects)
        self.health.lists += 1
        self.health.confirm()
        self.health.synced.set()
        self.health.answered.set()
        return found.resource_version

    async def _watch(self, version: str) -> None:
        query: dict[str, str | int] = {
            **self._selectors,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": self._watch_timeout_s,
        }
        limit_s = self._watch_timeout_s + self._stall_grace_s
        timeout = aiohttp.ClientTimeout(total=limit_s, sock_connect=self._stall_grace_s)
        async with self._client.stream(
            "GET", self._path, query=query, accept=self._accept, timeout=timeout
        ) as response:
            self.health.confirm()
            opened_at = time.monotonic()
            async for raw in read_lines(response.content):
                self._version = self._handle_line(raw) or self._version
                self._progressed = True
                self.health.confirm()
        if not self._progressed and time.monotonic() - opened_at < SHORTEST_WATCH_S:
            raise KubernetesUnavailable(0, "EndedAtOnce", "a watch ended as soon as it was opened")
        self.health.confirm()

    def _handle_line(self, raw: bytes) -> str:
        try:
            line = decode(self._line, raw)
            if line.type == "ERROR":
                failure = msgspec.json.decode(line.object, type=_Failure)
                raise KubernetesError(failure.code, failure.reason, failure.message)
            if line.type != "BOOKMARK":
                self._hand_over(line)
            return decode(self._versioned, line.object).metadata.resource_version
        except msgspec.DecodeError as error:
            raise KubernetesUnavailable(0, "BrokenLine", "a watch line is not what its kind promises") from error

    def _hand_over(self, line: _Line) -> None:
        """Give an object to the sink; one that cannot be understood is left out, and the next lines are read."""
        obj = understand(self._object, line.object)
        if obj is None:
            return
        try:
            self._sink.on_event(line.type, obj)  # type: ignore[arg-type]  # one of three
        except ODD as error:
            ODD_OBJECTS.leave_out(named(line.object), error)


async def read_lines(stream: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Split a stream into whole lines; a torn last line is dropped, one over the limit raises."""
    rest = b""
    async for chunk in stream.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line:
                yield line
        if len(rest) > MAX_LINE_BYTES:
            raise KubernetesUnavailable(0, "LineTooLong", "a watch line is longer than any object can be")
