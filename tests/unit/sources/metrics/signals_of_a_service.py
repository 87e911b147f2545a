"""Signals of `web`, one point a minute from 13:00 to 14:05, made by arithmetic and a seeded generator."""

import random
from collections.abc import Callable
from typing import Any

from noctuary.models.diagnosis import PodView, Relation, ServiceView
from noctuary.models.live_view import MetricsRequest
from noctuary.sources.metrics.answers import Point

BEGIN = 1_790_082_000.0
"""13:00:00."""
ONSET = BEGIN + 62 * 60
COUNT = 66
Shape = Callable[[int], float]


def points(shape: Shape, count: int = COUNT) -> list[Point]:
    return [(BEGIN + 60.0 * minute, shape(minute)) for minute in range(count)]


def noise(seed: int, level: float, deviation: float) -> Shape:
    values = random.Random(seed)  # noqa: S311 - the same numbers each time
    return lambda _: values.gauss(level, deviation)


def rare(seed: int, mean: float) -> Shape:
    values = random.Random(seed)  # noqa: S311 - the same numbers each time
    return lambda _: values.expovariate(1 / mean)


def stepped(base: Shape, at: int, by: float, until: int = COUNT) -> Shape:
    return lambda minute: base(minute) + (by if at <= minute < until else 0.0)


def growing(base: Shape, at: int, each: float) -> Shape:
    return lambda minute: base(minute) + max(0, minute - at) * each


def answer(labels: dict[str, str], shape: Shape) -> dict[str, Any]:
    values = [[at, f"{value}"] for at, value in points(shape)]
    return {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": labels, "values": values}]}}


def pod(name: str = "web-6d4cf56db6-abcde", namespace: str = "shop", workload: str = "web") -> PodView:
    return PodView(namespace, name, workload, "6d4cf56db6", "node-1", is_ready=True, workload_kind="Deployment")


def asked(*pods: PodView) -> MetricsRequest:
    services = [
        ServiceView("web", Relation.OWN, "shop", ["shop"]),
        ServiceView("db", Relation.DEPENDENCY, "shop", ["data"]),
    ]
    return MetricsRequest(services, list(pods), ONSET, BEGIN, ONSET + 60)
