"""Comparisons of many integrations on one token: calls and CPU of one round, beside bare calls in the same run."""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

import httpx
import msgspec

from noctuary.common.metrics import Metrics
from noctuary.incidents.pipeline import IncidentPipeline
from noctuary.models.routing_record import RoutingRecord, Scope
from noctuary.pagerduty.objects import IncidentPage
from noctuary.routing.table import RoutingTable
from noctuary.store.sqlite.store import SqliteStore
from testbed.polling import until

API = "https://api.pagerduty.com"
PAGE = b'{"incidents": [], "limit": 100, "offset": 0, "more": false, "total": null}'
REFERENCE_CALLS = 1_000
ROUNDS = 3


async def measure(count: int) -> None:
    """Compare so many integrations of one token a few times, then make bare calls with the same client."""
    calls: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request.url.path)
        return httpx.Response(200, content=PAGE)

    with tempfile.TemporaryDirectory(prefix="noctuary-bench-") as directory:
        store = await SqliteStore.open(Path(directory))
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            routing = table_of(count)
            pipeline = IncidentPipeline(store, routing, http, Metrics())
            task = asyncio.create_task(pipeline.backfiller.run())
            await until("all are compared", lambda: _compared(store, count, 0.0), bool, timeout_s=600)
            for _ in range(ROUNDS):
                calls.clear()
                cpu_s = await _round_cpu_s(pipeline, routing, store)
                made, bare_s = len(calls), await _bare_call_s(http)
                print(
                    f"{count} integrations of one token compared: {made} calls, {cpu_s:.2f} CPU-s; reference, bare"
                    f" calls of the same client: {bare_s * 1000:.2f} ms CPU each, {bare_s * made:.2f} CPU-s for as many"
                )
            task.cancel()
        await store.close()


async def _round_cpu_s(pipeline: IncidentPipeline, routing: RoutingTable, store: SqliteStore) -> float:
    asked_at, before = time.time(), time.process_time()
    for record in routing:
        pipeline.backfiller.request(record.id)
    await until("all are compared", lambda: _compared(store, len(routing), asked_at), bool, timeout_s=600)
    return time.process_time() - before


def table_of(count: int) -> RoutingTable:
    """Return a routing table of so many integrations, each of a service of its own."""
    routing = RoutingTable()
    for number in range(count):
        record = RoutingRecord(
            id=f"i{number:06}",
            namespace="payments",
            name=f"i{number}",
            created_at=time.time() - 86400,
            generation=1,
            direction="bidirectional",
            api_url=API,
            api_token="token",  # noqa: S106 - nobody is asked
            scope=Scope("service", f"P{number:013}"),
        )
        routing._put(record)  # noqa: SLF001 - without a log line for each
    routing.health.confirm()
    return routing


async def _compared(store: SqliteStore, count: int, since: float) -> bool:
    compared = await store._database.read(  # noqa: SLF001 - counted where it is stored
        lambda c: c.execute("SELECT count(*) FROM facts WHERE compared_until >= ?", (since,)).fetchone()[0]
    )
    return bool(compared == count)


async def _bare_call_s(http: httpx.AsyncClient) -> float:
    before = time.process_time()
    for _ in range(REFERENCE_CALLS):
        response = await http.get(f"{API}/incidents", params={"limit": 100}, headers={"Authorization": "Token token=t"})
        msgspec.json.decode(response.content, type=IncidentPage)
    return (time.process_time() - before) / REFERENCE_CALLS


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pagerduty.comparisons")
    parser.add_argument("--count", type=int, default=10_000)
    asyncio.run(measure(parser.parse_args().count))
