"""What a call costs around the wire is counted in function calls: a clock on a shared machine says nothing."""

import sys
from types import FrameType
from typing import Any

import httpx

from noctuary.common.http_client import create_client
from testbed.egress import LOOPBACK
from tests.unit.egress.servers import serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CALLS = 20


async def function_calls(client: httpx.AsyncClient, url: str) -> float:
    """Return how many Python functions one call runs, the connection being there."""
    count = 0

    def note(_frame: FrameType, event: str, _arg: Any) -> None:
        nonlocal count
        count += event == "call"

    await client.get(url)
    sys.setprofile(note)
    try:
        for _ in range(CALLS):
            await client.get(url)
    finally:
        sys.setprofile(None)
    return count / CALLS


async def test_a_call_runs_less_than_half_the_functions_that_it_runs_in_plain_httpx() -> None:
    async with serving(OK) as server, create_client(LOOPBACK) as ours, httpx.AsyncClient(trust_env=False) as plain:
        counted = [await function_calls(client, server.url) for client in (ours, plain)]
    assert counted[0] < 0.5 * counted[1], counted


async def test_cookies_of_one_answer_travel_with_no_other_call() -> None:
    sets = b"HTTP/1.1 200 OK\r\nSet-Cookie: tenant=one; Path=/\r\nContent-Length: 2\r\n\r\nok"
    async with serving(sets) as server, create_client(LOOPBACK) as client:
        for _ in range(2):
            await client.get(server.url)
        assert [head for head in server.heads if "cookie" in head.lower()] == []
