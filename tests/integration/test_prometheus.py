"""Metrics of an incident's workloads, asked of a real Prometheus by the queries that the reference lists."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hack.lib.progress import progress_on_stderr
from noctuary.common.egress.policy import EgressPolicy
from noctuary.common.http_client import create_client
from noctuary.models.diagnosis import PodView, Relation, ServiceView, Subject
from noctuary.models.live_view import MetricsRequest, MetricsView
from noctuary.models.routing_record import PrometheusAccess
from noctuary.sources.metrics.live import make_live_metrics
from testbed.ports import free_port
from testbed.prometheus.server import Sample, running

BEGIN = 1_790_082_000.0
ONSET = BEGIN + 3600.0
STEP = 40
"""The minute since which a third of the requests fail, and the pods use all the memory that they may."""
POD = "web-6d4cf56db6-abcde"
LABELS = f'namespace="shop",pod="{POD}"'
WEB = Subject("Deployment", "shop", "web")
PATIENT_S = 30.0
"""A busy machine is no part of what is asked here."""


def samples() -> list[Sample]:
    found: list[Sample] = []
    well = failed = 0.0
    for tick in range(62 * 4):
        at, is_bad = BEGIN - 60 + tick * 15, tick >= (STEP + 1) * 4
        well, failed = well + (100 if is_bad else 150), failed + (50 if is_bad else 0.1)
        found += [
            (f'http_requests_total{{{LABELS},code="{code}"}}', at, n) for code, n in (("200", well), ("503", failed))
        ]
        found.append((f'container_memory_working_set_bytes{{{LABELS},container="app"}}', at, 99e6 if is_bad else 40e6))
        limit = f'kube_pod_container_resource_limits{{{LABELS},container="app",resource="memory"}}'
        found.append((limit, at, 100e6))
        found.append((f'kube_pod_status_ready{{{LABELS},condition="true"}}', at, 1))
        found.append((f'kube_pod_container_status_restarts_total{{{LABELS},container="app"}}', at, 3))
        other = LABELS.replace("shop", "other")
        found.append((f'kube_pod_status_ready{{{other},condition="true"}}', at, 0 if is_bad else 1))
    return found


def asked(url: str) -> MetricsRequest:
    services = [ServiceView("web", Relation.OWN, "shop", ["shop"])]
    pods = [PodView("shop", POD, "web", "6d4cf56db6", "node-1", is_ready=True, workload_kind="Deployment")]
    return MetricsRequest(services, pods, ONSET, BEGIN, ONSET, PrometheusAccess(url, "token"))


async def read(url: str, hosts: tuple[str, ...] = ("127.0.0.1",)) -> MetricsView:
    async with create_client(EgressPolicy(hosts, hosts, plain_http=True)) as http:
        return await make_live_metrics(http, PATIENT_S)(asked(url))


@pytest.fixture
async def prometheus(tmp_path: Path) -> AsyncIterator[str]:
    async with running(tmp_path, samples(), progress_on_stderr("prometheus")) as url:
        yield url


async def test_what_left_its_level_is_told_with_its_time_and_what_did_not_is_measured(prometheus: str) -> None:
    view = await read(prometheus)
    told = {event.details["reason"]: event for event in view.events}
    assert {"ErrorsRose", "SaturationRose"} <= set(told) <= {"ErrorsRose", "SaturationRose", "TrafficRose"}
    assert all(abs(event.timestamp - (BEGIN + STEP * 60)) <= 90 for event in told.values())
    assert 0.3 < float(told["ErrorsRose"].details["level_after"]) < 0.35
    assert (view.measured, view.gaps) == ([WEB], [])


async def test_a_host_that_the_release_does_not_name_is_not_asked(prometheus: str) -> None:
    view = await read(prometheus, hosts=("prometheus.example.com",))
    assert (view.events, view.measured) == ([], [])
    assert view.gaps == ["metrics, because Prometheus refuses to tell them"]


async def test_nobody_there_is_said() -> None:
    view = await read(f"http://127.0.0.1:{free_port()}")
    assert view.gaps == ["metrics, because Prometheus did not answer in time"]
