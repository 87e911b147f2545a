"""What the machine makes wait: a bare program answers single bytes while the second tenant is watched.

It is asked from the process in which PagerDuty is simulated. What delays both of them would delay any receiver; where
it does, the run says nothing of ours.

`python -m testbed.attack.floods.reference` is the bare program; it prints its port.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

EVERY_S = 0.02
LONGEST_PAUSE_S = 0.25
"""An undisturbed note takes 0.3 s: a machine that pauses as long as this makes one late by itself."""


@dataclass
class Pauses:
    """The seconds that single bytes took there and back."""

    seconds: list[float] = field(default_factory=list)

    @property
    def longest_s(self) -> float:
        """The longest pause of the machine."""
        return max(self.seconds, default=0.0)

    @property
    def spoil(self) -> bool:
        """Whether the machine alone could have made a note late."""
        return self.longest_s > LONGEST_PAUSE_S


@contextlib.asynccontextmanager
async def watch_machine() -> AsyncIterator[Pauses]:
    """Ask the bare program all the time; what it took is complete at the end."""
    command = [sys.executable, "-m", "testbed.attack.floods.reference"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    pauses = Pauses()
    try:
        if process.stdout is None:
            raise RuntimeError("the reference has no output")
        port = int(await process.stdout.readline())
        asking = asyncio.create_task(_ask(port, pauses))
        try:
            yield pauses
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
    finally:
        process.kill()
        await process.wait()


async def _ask(port: int, pauses: Pauses) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while True:
            due = time.monotonic() + EVERY_S
            await asyncio.sleep(EVERY_S)
            writer.write(b"?")
            await reader.readexactly(1)
            pauses.seconds.append(time.monotonic() - due)
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while byte := await reader.read(1):
        writer.write(byte)
    writer.close()


async def _serve() -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
