"""/healthz and /metrics on the operator's own port."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from noctuary.serving.internal_port import MAX_CONNECTIONS, make_internal_server
from noctuary.serving.server import listen, raise_file_limit
from noctuary.serving.shared import MAX_SCRAPE_AGE_S, Shared
from noctuary_operator.metrics import OperatorMetrics

OWN_FILES = 1024
"""For the watches, seven of each namespace in watchNamespaces, and for calls to API server and receiver."""
WANTED_FILES = 2 * MAX_CONNECTIONS + OWN_FILES


def connections_for(files: int) -> int:
    """Return how many connections the port may have: with those that wait to be taken a quarter of a lower limit."""
    return max(1, min(MAX_CONNECTIONS, files // 8))


def create_health_app(
    problem: Callable[[], str | None], remarks: Callable[[], list[str]], metrics: OperatorMetrics
) -> Starlette:
    """Build the application; `problem` says why the process should be restarted, None when it should not.

    `remarks` are shown beside it: what a restart would not fix.
    """

    async def healthz(_: Request) -> Response:
        found = problem()
        return PlainTextResponse("\n".join([found or "ok", *remarks()]), 503 if found else 200)

    async def render() -> bytes:
        return await asyncio.to_thread(generate_latest, metrics.registry)

    rendered = Shared(render, MAX_SCRAPE_AGE_S)

    async def show_metrics(_: Request) -> Response:
        return PlainTextResponse(await rendered.get(), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/healthz", healthz), Route("/metrics", show_metrics)])


@asynccontextmanager
async def serve_health(app: Starlette, host: str | None, port: int, metrics: OperatorMetrics) -> AsyncIterator[int]:
    """Serve while the block runs, on the port that is yielded; raise InvalidInput when the port cannot be taken."""
    limit = connections_for(raise_file_limit(WANTED_FILES))
    with listen("NOCTUARY_HEALTH_PORT", host, port, limit) as listening:
        server = make_internal_server(app, metrics, "health", limit)
        serving = asyncio.create_task(server.serve([listening]))
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await serving
