"""Both ports of a receiver on real sockets, and senders that send whatever bytes they are told to."""

import asyncio
import contextlib
import hashlib
import hmac
from collections.abc import AsyncIterator
from pathlib import Path

from noctuary.common.metrics import Metrics
from noctuary.incidents.unread import Unread
from noctuary.models.routing_record import (
    RoutingRecord,
    SigningSecret,
    encode_record,
    record_secret_name,
)
from noctuary.routing.operator_token import OperatorToken
from noctuary.routing.record_secrets import Secret, SecretMeta
from noctuary.routing.table import RoutingTable
from noctuary.serving.connections import Connections
from noctuary.serving.internal_port import make_internal_server
from noctuary.serving.server import make_server
from noctuary.store.rows import InboxRow
from noctuary.store.sqlite.store import SqliteStore
from testbed.polling import until
from testbed.routing_records import routing_record
from webhook_receiver.app import create_app
from webhook_receiver.deps import Deps
from webhook_receiver.reports import ReportLog
from webhook_receiver.routes.internal import create_internal_app
from webhook_receiver.servers import BACKLOG, bind
from webhook_receiver.token_proofs import TokenProofs

SECRET = "signing-secret"
BODY = b'{"event":{"id":"01E"}}'
ANSWER_WITHIN_S = 30.0
"""Generous: nothing here measures time."""


class Sender:
    """One connection to the public port."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Send bytes; a connection that was cut meanwhile is no error."""
        with contextlib.suppress(OSError, RuntimeError):  # uvloop's word for a connection that is closed
            self._writer.write(data)
            await self._writer.drain()

    async def ask(self, data: bytes) -> tuple[int, bytes]:
        """Send bytes and return the status and the body of the answer; status 0: cut without one."""
        await self.send(data)
        return await self.answer()

    async def answer(self) -> tuple[int, bytes]:
        """Read one answer."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                head = await self._reader.readuntil(b"\r\n\r\n")
                lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                body = await self._reader.readexactly(int(lengths[0].split(b":")[1])) if lengths else b""
                return int(head.split()[1]), body
        except (asyncio.IncompleteReadError, OSError):
            return 0, b""

    def end(self) -> None:
        """Say that nothing more comes."""
        with contextlib.suppress(OSError, RuntimeError):
            self._writer.write_eof()

    async def is_cut(self) -> bool:
        """Wait until the other side ends the connection; what it still says is dropped."""
        async with asyncio.timeout(ANSWER_WITHIN_S):
            with contextlib.suppress(OSError):
                while await self._reader.read(65536):
                    pass
        return True

    async def close(self) -> None:
        """End the connection."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


class Door:
    """A receiver whose ports are open."""

    def __init__(self, deps: Deps, public: Connections, port: int, internal_port: int) -> None:
        self.deps = deps
        self.public = public
        self.port = port
        self._internal_port = internal_port
        self._senders: list[Sender] = []

    async def sender(self, address: str = "127.0.0.1") -> Sender:
        """Connect from an address of the loopback network."""
        return await self._connect(self.port, address)

    async def internal_sender(self) -> Sender:
        """Connect to the internal port."""
        return await self._connect(self._internal_port, "127.0.0.1")

    async def _connect(self, port: int, address: str) -> Sender:
        sender = Sender(*await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0)))
        self._senders.append(sender)
        return sender

    async def is_healthy(self) -> bool:
        """Whether health and readiness answer well on the internal port."""
        sender = await self.internal_sender()
        answers = [await sender.ask(b"GET /%s HTTP/1.1\r\nhost: x\r\n\r\n" % path) for path in (b"healthz", b"readyz")]
        await sender.close()
        return answers == [(200, b"ok")] * 2

    async def open_connections(self, count: int) -> None:
        """Wait until the public port has so many connections."""

        await until("so many connections are open", lambda: len(self.public), lambda found: found == count)

    def met(self, limit: str) -> float:
        """How often a limit was met."""
        return self.deps.metrics.registry.get_sample_value("noctuary_limits_met_total", {"limit": limit}) or 0.0

    async def stored(self) -> list[InboxRow]:
        """Return the webhooks that were stored."""
        return await self.deps.store.claim_webhooks(1000, 0, 4e9)

    async def close_senders(self) -> None:
        """End all connections that were made."""
        for sender in self._senders:
            await sender.close()


def record(identity: str = "a") -> RoutingRecord:
    """Return the record of an integration with the token `token-ID` and the ingest key `key-ID`."""
    return routing_record(identity, namespace=f"team-{identity}", signing_secrets=[SigningSecret(SECRET)])


def signature_of(body: bytes) -> str:
    """Return the signature header of a body."""
    return f"v1={hmac.digest(SECRET.encode(), body, hashlib.sha256).hex()}"


def webhook(identity: str = "a", body: bytes = BODY, *, length: int | None = None, more: bytes = b"") -> bytes:
    """Return the bytes of a signed webhook; `length` is announced instead of the real one."""
    announced = len(body) if length is None else length
    signature = signature_of(body)
    return (
        f"POST /webhooks/pagerduty/token-{identity} HTTP/1.1\r\nhost: x\r\nx-pagerduty-signature: {signature}\r\n"
        f"content-length: {announced}\r\n"
    ).encode() + more + b"\r\n" + body  # fmt: skip


def events(body: bytes, identity: str = "a", *, length: int | None = None) -> bytes:
    """Return the bytes of a request that posts events."""
    announced = len(body) if length is None else length
    head = f"POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer key-{identity}\r\n"
    return f"{head}content-length: {announced}\r\n\r\n".encode() + body


@contextlib.asynccontextmanager
async def open_door(directory: Path, *, connections: int = 100) -> AsyncIterator[Door]:
    """Open a receiver of two integrations, `a` and `b`, on free ports."""
    store = await SqliteStore.open(directory)
    routing = RoutingTable()
    routing.on_list([Secret(SecretMeta(record_secret_name(each)), encode_record(record(each))) for each in "ab"])
    routing.health.confirm()
    metrics = Metrics()
    deps = Deps(store, routing, OperatorToken(), metrics, TokenProofs(), ReportLog(routing, Unread(metrics, routing)))
    public = Connections(deps.metrics, "public", connections)
    ports = bind("127.0.0.1", 0, 0)
    servers = [
        make_server(create_app(deps), public, BACKLOG),
        make_internal_server(create_internal_app(deps), metrics, "internal", 40),
    ]
    serving = [asyncio.create_task(server.serve([sock])) for server, sock in zip(servers, ports, strict=True)]
    numbers = [sock.getsockname()[1] for sock in ports]
    await until("both listen", lambda: all(server.started for server in servers), bool)
    door = Door(deps, public, *numbers)
    try:
        yield door
    finally:
        await door.close_senders()
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*serving)
        await store.close()
