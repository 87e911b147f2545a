"""Metrics of an incident's workloads as a Prometheus tells them: all queries side by side, within a budget."""

import asyncio
from collections.abc import Iterable

import msgspec
import structlog

from noctuary.common.errors import InvalidInput, MetricsError
from noctuary.common.http_client import HttpClient
from noctuary.models.live_view import MetricsReader, MetricsRequest, MetricsView
from noctuary.prometheus.client import PrometheusClient
from noctuary.sources.metrics.answers import Series, read_answer
from noctuary.sources.metrics.queries import Query, queries_for
from noctuary.sources.metrics.reader import read_view

log = structlog.get_logger()

BUDGET_S = 2.0
"""For all queries of one look, side by side."""
POINTS = 120
"""Of one series: a lookback of an hour has one each half a minute."""
LEAST_STEP_S = 15
"""Scrapes come no more often."""
TOO_SLOW = "metrics, because Prometheus did not answer in time"


def make_live_metrics(http: HttpClient, budget_s: float = BUDGET_S) -> MetricsReader:
    """Return the reader over one guarded client; an integration without a Prometheus is not measured."""

    async def read(asked: MetricsRequest) -> MetricsView:
        if asked.access is None:
            return MetricsView()
        client = PrometheusClient(http, asked.access)
        found, gaps = await _ask_all(client, asked, budget_s)
        view = await asyncio.to_thread(read_view, found, asked)
        return MetricsView(view.events, view.measured, gaps)

    return read


async def _ask_all(client: PrometheusClient, asked: MetricsRequest, budget_s: float) -> tuple[list[Series], list[str]]:
    step_s = max(LEAST_STEP_S, int((asked.now - asked.since) / POINTS))
    tasks = [
        asyncio.create_task(_ask(client, query, promql, asked, step_s))
        for query, promql in queries_for(asked.services, asked.pods)
    ]
    if not tasks:
        return [], []
    try:
        _, late = await asyncio.wait(tasks, timeout=budget_s)
    finally:
        for task in tasks:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
    answers = [each for each in done if isinstance(each, list)]
    errors = [each for each in done if isinstance(each, MetricsError | InvalidInput)]
    return [series for answer in answers for series in answer], list(_gaps(errors, is_late=bool(late)))


async def _ask(client: PrometheusClient, query: Query, promql: str, asked: MetricsRequest, step_s: int) -> list[Series]:
    raw = await client.range(promql, asked.since, asked.now, step_s)
    return await asyncio.to_thread(_read, raw, query.name, asked.since - step_s, asked.now + step_s)


def _read(raw: bytes, query: str, since: float, until: float) -> list[Series]:
    """Return the series of an answer with the points that were asked for, whatever else it holds."""
    found = (
        msgspec.structs.replace(each, points=[point for point in each.points if since <= point[0] <= until])
        for each in read_answer(raw, query)
    )
    return [each for each in found if each.points]


def _gaps(errors: list[MetricsError | InvalidInput], *, is_late: bool) -> Iterable[str]:
    """Say once why metrics are missing; in the log, what was answered."""
    if errors:
        log.info("Metrics could not be read", error=str(errors[0]), queries=len(errors))
        yield f"metrics, because {_words(errors[0])}"
    elif is_late:
        yield TOO_SLOW


def _words(error: MetricsError | InvalidInput) -> str:
    if isinstance(error, InvalidInput):
        return "what answers is no Prometheus"
    return "Prometheus did not answer in time" if error.retryable else "Prometheus refuses to tell them"
