"""A server on loopback that says exactly what a test wants, and a client whose names lead where a test wants."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx

from noctuary.common.egress.policy import EgressPolicy
from noctuary.common.egress.proxies import Proxies
from noctuary.common.egress.transport import GuardedTransport

ANYWHERE = EgressPolicy(("*",), private_hosts=("*",), plain_http=True)
Say = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """What came in, in which connection."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.heads: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def serving(answer: bytes | Say, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Serve on loopback: each request gets the answer, or the connection is spoken to by a function."""
    server = Server()
    tasks: list[asyncio.Task[object]] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        if (task := asyncio.current_task()) is not None:
            tasks.append(task)
        try:
            if not isinstance(answer, bytes):
                await answer(reader, writer)
                return
            while True:
                server.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
                writer.write(answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went, or the test is over
        finally:
            writer.close()

    listening = await asyncio.start_server(speak, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Names:
    """Where each name leads, answer by answer, the last for ever; who was asked for."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def __call__(self, host: str, _port: int) -> list[str]:
        self.asked.append(host)
        answers = self.answers.get(host.partition(".")[0], [["127.0.0.1"]])
        return answers.pop(0) if len(answers) > 1 else answers[0]


@asynccontextmanager
async def asking(
    policy: EgressPolicy, names: Names | None = None, trust: ssl.SSLContext | None = None, **proxies: str
) -> AsyncIterator[httpx.AsyncClient]:
    """Make a client over the guarded transport."""
    context = trust or ssl.create_default_context()
    transport = GuardedTransport(policy, context, Proxies(proxies, context), names or Names())
    async with httpx.AsyncClient(transport=transport, trust_env=False, timeout=httpx.Timeout(2.0)) as client:
        yield client
