"""/healthz and /metrics on the operator's own port."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import generate_latest

from noctuary.common.errors import InvalidInput
from noctuary_operator.metrics import OperatorMetrics


@asynccontextmanager
async def serve_health(
    host: str | None,
    port: int,
    problem: Callable[[], str | None],
    remarks: Callable[[], list[str]],
    metrics: OperatorMetrics,
) -> AsyncIterator[None]:
    """Serve while the block runs; `problem` says why the process should be restarted, None when it should not.

    `remarks` are shown beside it: what a restart would not fix. Raises InvalidInput when the port cannot be taken.
    """

    async def healthz(_: web.Request) -> web.Response:
        found = problem()
        return web.Response(text="\n".join([found or "ok", *remarks()]), status=503 if found else 200)

    async def show_metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(metrics.registry), content_type="text/plain", charset="utf-8")

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/metrics", show_metrics)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        yield
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str | None, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        problem = f"{host or 'any address'} port {port} cannot be listened on ({error.strerror})"
        raise InvalidInput("NOCTUARY_HEALTH_PORT", problem, "name another") from error
