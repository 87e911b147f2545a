"""Signals that left their level become events of their workload; what got better, or is of others, does not."""

import json
from typing import Any

import pytest

from noctuary.analyzers.registry import recognise
from noctuary.models.diagnosis import Subject
from noctuary.models.live_view import MetricsView
from noctuary.sources.metrics.answers import read_recorded
from noctuary.sources.metrics.reader import read_view
from tests.unit.sources.metrics.signals_of_a_service import (
    BEGIN,
    Shape,
    answer,
    asked,
    growing,
    noise,
    pod,
    stepped,
)

WEB = {"namespace": "shop", "service": "web"}


def view(name: str, shape: Shape, labels: dict[str, str] = WEB) -> MetricsView:
    recorded: dict[str, Any] = {name: answer(labels, shape)}
    return read_view(read_recorded(json.dumps(recorded).encode()), asked(pod()))


CASES: list[tuple[str, Shape, str]] = [
    ("error ratio", stepped(noise(1, 0.01, 0.002), 58, 0.3), "error_rate"),
    ("p99 latency", stepped(noise(2, 0.2, 0.01), 58, 1.5), "latency"),
    ("memory bytes", growing(noise(3, 1e8, 1e6), 10, 5e6), "saturation"),
    ("ready replicas", stepped(lambda _: 4.0, 58, -3.0), "unready_share"),
    ("requests per second", stepped(noise(4, 100, 5), 58, 400), "traffic"),
    ("requests per second", stepped(noise(4, 100, 5), 58, -95), "traffic"),
    ("restarts per minute", stepped(lambda _: 0.0, 60, 1.0), "restart_rate"),
]


@pytest.mark.parametrize(("name", "shape", "kind"), CASES, ids=[f"{case[2]}: {case[0]}" for case in CASES])
def test_a_signal_that_left_its_level_is_a_fault_of_its_kind(name: str, shape: Shape, kind: str) -> None:
    (event,) = view(name, shape).events
    assert recognise(event).kind == kind
    assert event.object is not None
    assert (event.object.kind, event.object.namespace, event.object.name) == ("Deployment", "shop", "web")


def test_it_is_dated_by_when_it_did() -> None:
    (event,) = view("errors", stepped(lambda _: 0.0, 58, 1.0)).events
    assert event.timestamp == BEGIN + 58 * 60


WELL: list[tuple[str, Shape]] = [
    ("error ratio", stepped(noise(1, 0.3, 0.01), 58, -0.29)),
    ("p99 latency", stepped(noise(2, 0.2, 0.01), 58, -0.15)),
    ("ready replicas", stepped(lambda _: 1.0, 58, 3.0)),
    ("requests per second", stepped(noise(4, 100, 5), 58, 50)),
    ("error ratio", noise(5, 0.01, 0.004)),
]


@pytest.mark.parametrize(("name", "shape"), WELL, ids=[case[0] for case in WELL])
def test_what_is_as_usual_or_got_better_is_no_fault_and_was_measured(name: str, shape: Shape) -> None:
    found = view(name, shape)
    assert found.events == []
    assert found.measured == [Subject("Deployment", "shop", "web")]


def test_of_a_namespace_that_no_service_is_in_nothing_is_told() -> None:
    found = view("errors", stepped(lambda _: 0.0, 58, 1.0), {"namespace": "other", "service": "web"})
    assert (found.events, found.measured) == ([], [])
