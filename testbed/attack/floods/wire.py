"""Raw connections for floods: what is sent is exactly what a rule-breaking client sends."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable

from testbed.attack.floods.target import Target

ANSWER_TIMEOUT_S = 60.0
"""A flooder waits long for an answer: that it gets one late is for the second tenant's figures to tell."""
READ_BYTES = 65536


@contextlib.asynccontextmanager
async def connected(target: Target) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open one connection and cut it at the end."""
    reader, writer = await asyncio.open_connection(target.host, target.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def read_status(reader: asyncio.StreamReader) -> str:
    """Read one answer with its body; return its status, or how the connection ended."""
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").lower().split("\r\n")
            lengths = [int(line.partition(":")[2]) for line in lines if line.startswith("content-length:")]
            await reader.readexactly(lengths[0] if lengths else 0)
            return lines[0].split(" ")[1]
    except (asyncio.IncompleteReadError, OSError):
        return "closed"
    except TimeoutError:
        return "no answer"


async def send_all(target: Target, requests: Iterable[bytes], connections: int) -> Counter[str]:
    """Send requests one after the other on each of some connections, until all are sent or the time is over."""
    answers: Counter[str] = Counter()
    queue = iter(requests)
    end = asyncio.get_running_loop().time() + target.seconds

    async def one_sender() -> None:
        while asyncio.get_running_loop().time() < end:
            with contextlib.suppress(OSError):
                async with connected(target) as (reader, writer):
                    await _send_on(queue, reader, writer, answers, end)
                    return
            answers["refused connection"] += 1
            await asyncio.sleep(0.05)

    await asyncio.gather(*(one_sender() for _ in range(connections)))
    return answers


async def _send_on(
    queue: Iterable[bytes],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    answers: Counter[str],
    end: float,
) -> None:
    for request in queue:
        writer.write(request)
        await writer.drain()
        status = await read_status(reader)
        answers[status] += 1
        if status in ("closed", "no answer"):
            raise OSError(status)
        if asyncio.get_running_loop().time() >= end:
            return
