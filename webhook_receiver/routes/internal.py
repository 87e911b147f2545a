"""The internal port: reports for the operator, health for the kubelet, metrics for Prometheus."""

import hmac

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from noctuary.common.errors import NoctuaryError
from noctuary.models.reports import INTERNAL_PATH
from webhook_receiver.deps import Deps
from webhook_receiver.health import liveness_problems, readiness_problems, refresh_gauges

MAX_CURSOR_DIGITS = 18
"""Fits 64 bits."""


def create_internal_app(deps: Deps) -> Starlette:
    """Build the application of the internal port."""

    async def integrations(request: Request) -> Response:
        """Report to the operator what changed since its cursor."""
        if deps.internal_token.value is None:
            return _error(503, "The internal token is not known yet")
        if not is_authorized(request.headers.get("authorization", ""), deps.internal_token.value):
            return _error(401, "The internal token is missing or wrong")
        cursor = request.query_params.get("cursor", "0")
        if not cursor.isdecimal() or len(cursor) > MAX_CURSOR_DIGITS:
            return _error(400, "cursor: is not a number; send the cursor of the last answer, or 0")
        try:
            page = await deps.reports.since(int(cursor), deps.store)
        except NoctuaryError as error:
            return _error(error.http_status, str(error))
        return Response(msgspec.json.encode(page), media_type="application/json")

    async def healthz(_: Request) -> Response:
        """Tell whether a restart would help."""
        return _verdict(liveness_problems(deps))

    async def readyz(_: Request) -> Response:
        """Tell whether webhooks would be accepted."""
        return _verdict(await readiness_problems(deps))

    async def metrics(_: Request) -> Response:
        """Print all metrics."""
        await refresh_gauges(deps)
        return PlainTextResponse(generate_latest(deps.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route(INTERNAL_PATH, integrations),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
        ]
    )


def is_authorized(authorization: str, token: str) -> bool:
    """Compare a bearer token in constant time."""
    scheme, _, shown = authorization.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), token.encode())


def _error(status: int, message: str) -> Response:
    headers = {"retry-after": "1"} if status == 503 else None
    return JSONResponse({"error": message}, status, headers=headers)


def _verdict(problems: list[str]) -> Response:
    return JSONResponse({"problems": problems}, 503) if problems else PlainTextResponse("ok")
