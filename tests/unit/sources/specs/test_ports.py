"""Ports that are asked for and not there: of Services, of probes, and those that two want."""

from typing import Any

import pytest

from noctuary.sources.kubernetes.specs.checks.network.port_conflict import port_conflict
from noctuary.sources.kubernetes.specs.checks.network.probe_port import probe_port
from noctuary.sources.kubernetes.specs.checks.network.service_port import service_port
from tests.unit.sources.specs.spec_place import (
    age_of,
    container,
    deployment,
    found_by,
    place,
    pods,
    rolled_out,
    service,
    written,
)

APP = {"app": "pay"}
WEB = {"containerPort": 8080, "name": "web"}
UNNAMED = {"containerPort": 8080}
METRICS = {"containerPort": 9090, "name": "metrics"}
DNS_TCP = {"containerPort": 53, "name": "dns", "protocol": "TCP"}
PROXY = container({"containerPort": 15090, "name": "http-envoy-prom"}, name="istio-proxy")
SIDECAR = container({"containerPort": 7070, "name": "side"}, name="side", restartPolicy="Always")


def to(target: int | str, port: int = 80, **more: Any) -> dict[str, Any]:
    return {"port": port, "targetPort": target, **more}


def pay(*containers: dict[str, Any], ready: bool = True, **spec: Any) -> list[dict[str, Any]]:
    own = deployment("pay", APP, *containers, **spec)
    return [*own, *pods(own, ready=ready)]


def probing(**handler: Any) -> dict[str, Any]:
    return container(WEB, readinessProbe=handler)


UNDECLARED, UNKNOWN, PROTOCOL = "ServiceTargetPortUndeclared", "ServiceTargetPortUnknown", "ServiceProtocolMismatch"
WRONG = [
    ("a number that nobody has", [service("pay", APP, to(8081)), *pay(container(WEB))], UNDECLARED, "8081", "8080"),
    ("its own number", [service("pay", APP, {"port": 80}), *pay(container(UNNAMED))], UNDECLARED, "80", "8080"),
    ("a number, where the template tells", [service("pay", APP, to(1)), *deployment("pay", APP, container(WEB))],
     UNDECLARED, "1", "8080"),
    ("beside one that is right, with a port left over",
     [service("pay", APP, to(8080), to(9091, 9090)), *pay(container(WEB, METRICS))], UNDECLARED, "9091", "8080, 9090"),
    ("beside a headless one that is right",
     [service("pay", APP, to(80)), service("pay-headless", APP, to(8080), clusterIP="None"), *pay(container(WEB))],
     UNDECLARED, "80", "8080"),
    ("a name that no container has", [service("pay", APP, to("http")), *pay(container(WEB))], UNKNOWN, "http", "web"),
    ("a name of pods without ports", [service("pay", APP, to("http")), *pay(container())], UNKNOWN, "http", None),
    ("a number of another protocol", [service("pay", APP, to(53, protocol="UDP")), *pay(container(DNS_TCP))],
     PROTOCOL, "53/UDP", "53/TCP"),
    ("a name of another protocol", [service("pay", APP, to("dns", protocol="UDP")), *pay(container(DNS_TCP))],
     PROTOCOL, "dns/UDP", "dns/TCP"),
]  # fmt: skip
RIGHT = [
    ("a declared number", [service("pay", APP, to(8080)), *pay(container(WEB))]),
    ("a number as text", [service("pay", APP, to("8080")), *pay(container(WEB))]),
    ("a declared name", [service("pay", APP, to("web")), *pay(container(WEB))]),
    ("a name of a native sidecar", [service("pay", APP, to("side")), *pay(container(WEB), initContainers=[SIDECAR])]),
    ("a number of pods that declare none", [service("pay", APP, to(8080)), *pay(container())]),
    ("metrics, seldom declared", [service("pay", APP, to(8080), to(9090, 9090)), *pay(container(WEB), PROXY)]),
    ("metrics by a Service of their own",
     [service("pay", APP, to(8080)), service("pay-metrics", APP, to(9090, 9090)), *pay(container(WEB), PROXY)]),
    ("what a probe of ready pods asks",
     [service("pay", APP, to(8081)), *pay(container(WEB, readinessProbe={"httpGet": {"port": 8081}}))]),
    ("pods on the host's network", [service("pay", APP, to(8081)), *pay(container(WEB), hostNetwork=True)]),
    ("pods of another service", [service("x", {"app": "x"}, to(1)), *deployment("x", {"app": "x"}, container(WEB))]),
    ("no pods", [service("pay", {"app": "none"}, to(1)), *pay(container(WEB))]),
]  # fmt: skip


@pytest.mark.parametrize(("objects", "reason", "port", "instead"), [c[1:] for c in WRONG], ids=[c[0] for c in WRONG])
def test_a_service_is_said_to_lead_nowhere_by(objects: list[Any], reason: str, port: str, instead: str | None) -> None:
    ((told, facts),) = found_by(service_port, place(objects, "pay"))
    assert (told, facts["reason"]) == ("Service/pay pay", reason)
    assert (facts["port"], facts.get("instead"), facts["workload"]) == (port, instead, "pay")


@pytest.mark.parametrize("objects", [case[1] for case in RIGHT], ids=[case[0] for case in RIGHT])
def test_a_service_leads_somewhere_by(objects: list[Any]) -> None:
    assert found_by(service_port, place(objects, "pay")) == []


def test_while_a_rollout_adds_the_port_that_a_service_leads_to_it_still_leads_somewhere() -> None:
    old = deployment("pay", APP, container(WEB))
    new = rolled_out(old, 60, containers=[container(METRICS)])
    both = [*new, *pods(old), *pods(new)]
    assert found_by(service_port, place([service("pay", APP, to("metrics")), *both], "pay")) == []
    gone = place([service("pay", APP, to("x")), *both], "pay")
    assert len(found_by(service_port, gone)) == 1


@pytest.mark.parametrize(("wrote_s", "rolled_s", "age_s"), [(60, 300, 60), (86400, 300, 300), (60, None, 60)])
def test_a_port_is_wrong_since_the_later_of_service_and_pods(
    wrote_s: float, rolled_s: float | None, age_s: int
) -> None:
    own = deployment("pay", APP, container({"containerPort": 9, "name": "http"}))
    own = rolled_out(own, rolled_s, containers=[container(WEB)]) if rolled_s else deployment("pay", APP, container(WEB))
    (event,) = service_port(place([service("pay", APP, to("http"), meta=written("ports", wrote_s)), *own], "pay"))
    assert age_of(event) == age_s


ASKED = [
    ("a number", probing(httpGet={"port": 8081, "path": "/x"}), ("ProbePortUndeclared", "8081", "8080")),
    ("a number by TCP", probing(tcpSocket={"port": 1}), ("ProbePortUndeclared", "1", "8080")),
    ("a number by gRPC", probing(grpc={"port": 1}), ("ProbePortUndeclared", "1", "8080")),
    ("a name", probing(httpGet={"port": "http"}), ("ProbePortUnknown", "http", "web")),
    (
        "HTTPS of a plain port",
        probing(httpGet={"port": "web", "scheme": "HTTPS"}),
        ("ProbeSchemeMismatch", "web", None),
    ),
    ("the right number", probing(httpGet={"port": 8080}), None),
    ("the right name", probing(httpGet={"port": "web"}), None),
    ("another host", probing(httpGet={"port": 1, "host": "example.com"}), None),
    ("a command", probing(exec={"command": ["true"]}), None),
    ("a number where none is declared", container(readinessProbe={"httpGet": {"port": 8081}}), None),
]


@pytest.mark.parametrize(("asking", "told"), [case[1:] for case in ASKED], ids=[case[0] for case in ASKED])
def test_a_probe_of_unready_pods_asks_for(asking: dict[str, Any], told: tuple[str, str, str | None] | None) -> None:
    found = found_by(probe_port, place(pay(asking, ready=False), "pay"))
    facts = [(each["reason"], each["port"], each.get("instead")) for _, each in found]
    assert facts == ([told] if told else [])


def test_a_probe_of_ready_pods_asks_where_somebody_listens() -> None:
    assert found_by(probe_port, place(pay(probing(httpGet={"port": 8081})), "pay")) == []


def test_each_unready_pod_is_told_of_what_its_probe_asks() -> None:
    own = deployment("pay", APP, probing(httpGet={"port": 8081}))
    found = found_by(probe_port, place([*own, *pods(own, 2, ready=False)], "pay"))
    assert [told for told, _ in found] == ["Pod/pay-h1-0 pay", "Pod/pay-h1-1 pay"]


def test_two_containers_of_an_unready_pod_want_one_port() -> None:
    both = [container(WEB), container(UNNAMED, name="proxy")]
    ((told, facts),) = found_by(port_conflict, place(pay(*both, ready=False), "pay"))
    assert (told, facts["port"], facts["instead"]) == ("Pod/pay-h1-0 pay", "8080", "app,proxy")
    assert found_by(port_conflict, place(pay(*both), "pay")) == []


def test_one_container_may_give_a_port_two_names() -> None:
    assert found_by(port_conflict, place(pay(container(WEB, UNNAMED), ready=False), "pay")) == []


def test_a_pod_that_finds_no_node_wants_a_port_of_the_host_that_others_have() -> None:
    host = container({"containerPort": 80, "hostPort": 80})
    other = deployment("front", {"app": "front"}, host)
    waiting: dict[str, Any] = {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}
    own = deployment("pay", APP, host)
    objects = [*own, *pods(own, ready=False, **waiting), *other, *pods(other)]
    ((_, facts),) = found_by(port_conflict, place(objects, "pay"))
    assert (facts["reason"], facts["port"], facts["workload"]) == ("HostPortTaken", "80", "front")
    assert found_by(port_conflict, place([*own, *pods(own, ready=False), *other, *pods(other)], "pay")) == []
