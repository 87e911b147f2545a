"""What a series measures, and of which workload."""

import pytest

from noctuary.models.diagnosis import Subject
from noctuary.models.signals import SignalKind
from noctuary.sources.metrics.answers import Series
from noctuary.sources.metrics.kinds import is_counter, kind_of
from noctuary.sources.metrics.signals import Workloads, rate, read_signals
from tests.unit.sources.metrics.signals_of_a_service import pod

WEB = Subject("Deployment", "shop", "web")
DEFAULT = Subject("", "shop", "default")
KINDS = [
    ("http_requests_total", {"code": "503"}, SignalKind.ERRORS),
    ("http_requests_total", {"code": "200"}, SignalKind.TRAFFIC),
    ("grpc_server_handled_total", {"grpc_status": "14"}, SignalKind.ERRORS),
    ("istio_requests_total", {"response_code": "200"}, SignalKind.TRAFFIC),
    ("http_request_duration_seconds:p99", {}, SignalKind.LATENCY),
    ("kube_pod_container_status_restarts_total", {}, SignalKind.RESTARTS),
    ("container_memory_working_set_bytes", {}, SignalKind.SATURATION),
    ("container_cpu_cfs_throttled_periods_total", {}, SignalKind.SATURATION),
    ("pg_stat_activity_connections", {}, SignalKind.SATURATION),
    ("kube_deployment_status_replicas_available", {}, SignalKind.READINESS),
    ("up", {}, SignalKind.READINESS),
    ("build_info", {}, None),
]


@pytest.mark.parametrize(("name", "labels", "kind"), KINDS, ids=[f"{case[0]} {case[1]}" for case in KINDS])
def test_a_name_tells_what_is_measured(name: str, labels: dict[str, str], kind: SignalKind | None) -> None:
    assert kind_of(Series("", {"__name__": name, **labels}, [(1, 1)])) is kind


OWNERS = [
    ({"namespace": "shop", "pod": "web-6d4cf56db6-abcde"}, WEB),
    ({"namespace": "shop", "pod": "web-77c9f8b5d4-gone1"}, WEB),
    ({"namespace": "shop", "deployment": "web"}, WEB),
    ({"exported_namespace": "shop", "service": "web"}, WEB),
    ({"job": "shop/web"}, WEB),
    ({"app": "web"}, WEB),
    ({"destination_workload": "web", "destination_workload_namespace": "shop", "source_workload": "cart"}, WEB),
    ({"namespace": "data", "statefulset": "db"}, Subject("StatefulSet", "data", "db")),
    ({"namespace": "data", "pod": "db-0"}, Subject("", "data", "db")),
    ({"instance": "10.0.0.1:8080"}, DEFAULT),
    ({}, DEFAULT),
]


@pytest.mark.parametrize(("labels", "subject"), OWNERS, ids=[str(case[0]) for case in OWNERS])
def test_labels_tell_of_which_workload_it_is(labels: dict[str, str], subject: Subject) -> None:
    assert Workloads([pod()], DEFAULT).find(labels) == subject


def test_a_counter_is_told_by_its_growth_and_a_restart_begins_at_nothing() -> None:
    assert rate([(0, 100), (10, 120), (20, 5), (30, 25)]) == [(10, 2.0), (20, 0.5), (30, 2.0)]


def test_a_query_that_asks_for_a_rate_is_no_counter() -> None:
    points = [(float(at), float(at)) for at in range(10)]
    assert is_counter(Series("", {"__name__": "http_requests_total"}, points))
    assert not is_counter(Series("sum(rate(http_requests_total[1m]))", {}, points))


def test_what_pods_of_one_workload_do_is_added_up_and_how_long_it_takes_is_not() -> None:
    pods = [pod(), pod("web-6d4cf56db6-other")]
    errors = [Series("errors per second", {"pod": each.name, "namespace": "shop"}, [(1, 2.0)]) for each in pods]
    latency = [Series("latency", {"pod": each.name, "namespace": "shop"}, [(1, 2.0)]) for each in pods]
    found = read_signals([*errors, *latency], Workloads(pods, DEFAULT))
    assert {signal.kind: signal.points for signal in found} == {
        SignalKind.ERRORS: [(1, 4.0)],
        SignalKind.LATENCY: [(1, 2.0)],
    }
