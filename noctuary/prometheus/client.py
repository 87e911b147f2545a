"""The one call that we make of a Prometheus: a range query."""

from collections.abc import Mapping

import httpx

from noctuary.common.errors import EgressRefused, MetricsError, MetricsUnavailable
from noctuary.models.routing_record import PrometheusAccess

MAX_ANSWER_BYTES = 4 * 1024 * 1024
"""Of one answer: 500 series of 120 points have one or two megabytes."""
UNAVAILABLE = frozenset({408, 422, 429, 500, 502, 503, 504})
"""422 is a query that ran out of its time or of its samples: the next one may not."""


class PrometheusClient:
    """Calls with one integration's address and token; whom it may ask is the egress guard's to say."""

    def __init__(self, http: httpx.AsyncClient, access: PrometheusAccess) -> None:
        self._http = http
        self._base = access.url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {access.token}"} if access.token else {}

    async def range(self, query: str, start: float, end: float, step_s: int) -> bytes:
        """Return the answer of a range query. Raises MetricsError."""
        times = {"start": f"{start:.0f}", "end": f"{end:.0f}", "step": f"{step_s}s"}
        return await self._get("/api/v1/query_range", {"query": query, **times})

    async def _get(self, path: str, query: Mapping[str, str]) -> bytes:
        try:
            async with self._http.stream("GET", self._base + path, params=query, headers=self._headers) as response:
                _raise_for(response.status_code)
                return await _read(response)
        except EgressRefused as error:
            raise MetricsError(f"Prometheus was not asked: {error}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise MetricsUnavailable(f"Prometheus did not answer ({type(error).__name__})") from error


def _raise_for(status: int) -> None:
    if status in UNAVAILABLE:
        raise MetricsUnavailable(f"Prometheus answered {status}")
    if status != 200:
        raise MetricsError(f"Prometheus answered {status}")


async def _read(response: httpx.Response) -> bytes:
    chunks, length = [], 0
    async for chunk in response.aiter_bytes():
        length += len(chunk)
        if length > MAX_ANSWER_BYTES:
            raise MetricsError(f"Prometheus' answer is longer than {MAX_ANSWER_BYTES} bytes")
        chunks.append(chunk)
    return b"".join(chunks)
