"""The internal port: reports for the operator, health for the kubelet, metrics for Prometheus."""

import asyncio
from functools import partial

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from noctuary.common.errors import InvalidInput
from noctuary.models.reports import INTERNAL_PATH
from noctuary.serving.shared import MAX_SCRAPE_AGE_S, Shared
from webhook_receiver.asgi import Answer, answer_of
from webhook_receiver.authentication import check_operator
from webhook_receiver.deps import Deps
from webhook_receiver.health import liveness_problems, readiness_problems, refresh_gauges

MAX_READINESS_AGE_S = 0.1
"""Each time it is found out costs a commit: ten a second are nothing beside webhooks, and nobody asks so often."""
MAX_CURSOR_DIGITS = 18
"""Fits 64 bits."""


def create_internal_app(deps: Deps) -> Starlette:
    """Build the application of the internal port."""

    async def integrations(request: Request) -> Response:
        """Report to the operator what changed since its cursor."""
        answer = await answer_of(report_changes(deps, request))
        return Response(answer.body, answer.status, answer.headers, media_type="application/json")

    async def healthz(_: Request) -> Response:
        """Tell whether a restart would help."""
        return _verdict(liveness_problems(deps))

    readiness = Shared(partial(readiness_problems, deps), MAX_READINESS_AGE_S)

    async def readyz(_: Request) -> Response:
        """Tell whether webhooks would be accepted."""
        return _verdict(await readiness.get())

    async def render() -> bytes:
        await refresh_gauges(deps)
        return await asyncio.to_thread(generate_latest, deps.metrics.registry)  # some ms, with many namespaces

    rendered = Shared(render, MAX_SCRAPE_AGE_S)

    async def metrics(_: Request) -> Response:
        """Print all metrics, as they were at most a second ago."""
        return PlainTextResponse(await rendered.get(), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route(INTERNAL_PATH, integrations),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
        ]
    )


async def report_changes(deps: Deps, request: Request) -> Answer:
    """Authenticate the operator and answer its question; raise Refused, NotReady or InvalidInput."""
    check_operator(deps.internal_token.value, request.headers.get("authorization", ""))
    cursor = parse_cursor(request.query_params.get("cursor", "0"))
    page = await deps.reports.since(cursor, deps.store)
    return Answer(200, "accepted", msgspec.json.encode(page))


def parse_cursor(text: str) -> int:
    """Read a cursor; raise InvalidInput when it is no number that we could have sent."""
    if not text.isdecimal() or len(text) > MAX_CURSOR_DIGITS:
        raise InvalidInput("cursor", "is not a number", "send the cursor of the last answer, or 0")
    return int(text)


def _verdict(problems: list[str]) -> Response:
    return JSONResponse({"problems": problems}, 503) if problems else PlainTextResponse("ok")
