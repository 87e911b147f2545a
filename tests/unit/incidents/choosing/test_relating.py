"""From what alerts name to the services of the incident, within what an integration maps."""

import pytest

from noctuary.incidents.choosing.relating import MAX_CHOSEN, choose
from noctuary.incidents.choosing.visible import not_visible, within
from noctuary.incidents.service_mapping import resolve_services, with_chosen
from noctuary.models.diagnosis import Relation, ServiceView, Subject
from noctuary.models.evidence import AlertTarget
from noctuary.models.live_view import Thing
from noctuary.models.routing_record import RoutingRecord, ServiceMapping


def record(*services: ServiceMapping) -> RoutingRecord:
    return RoutingRecord("one", "team", "one", 0.0, 1, "bidirectional", "https://x", services=list(services))


def thing(name: str, namespace: str = "shop", **more: object) -> Thing:
    return Thing(Subject("Deployment", namespace, name), names=frozenset({name}), **more)  # type: ignore[arg-type]


def own(name: str, namespace: str = "shop", labels: dict[str, str] | None = None) -> ServiceView:
    return ServiceView(name, Relation.OWN, "team", [namespace], labels or {})


TEAM = {"team": "shop"}
WIDE = own("shop", labels=TEAM)
NEAR = ServiceView("web", Relation.NEIGHBOUR, "team", ["shop"])
API, WEB, WORKER = (thing(name, labels=TEAM) for name in ("api", "web", "worker"))
CANARY, STABLE = (thing(name, labels=TEAM, services=frozenset({"api"})) for name in ("api-canary", "api-stable"))

CHOSEN = {
    "the mapping by name": ([AlertTarget("shop", deployment="api")], [API, WEB], [own("api"), own("web")], ["api"]),
    "what nobody mapped": ([AlertTarget("shop", deployment="web")], [API, WEB], [own("api")], ["web"]),
    "one of the many of a mapping": ([AlertTarget("shop", deployment="api")], [API, WEB], [WIDE], ["api"]),
    "a mapping of one workload": ([AlertTarget("shop", deployment="api")], [API], [WIDE], ["shop"]),
    "two alerts": (
        [AlertTarget("shop", deployment="api"), AlertTarget("shop", deployment="web")],
        [API, WEB, WORKER],
        [WIDE],
        ["api", "web"],
    ),
    "a canary and what it is to replace": (
        [AlertTarget("shop", deployment="api-stable")],
        [CANARY, STABLE, WEB],
        [WIDE],
        ["api-stable", "api-canary"],
    ),
    "all that is mapped of a namespace": ([AlertTarget("shop")], [API, WEB], [own("api")], ["api"]),
    "no neighbour where the incident's own service is in the namespace": (
        [AlertTarget("shop"), AlertTarget("shop", pod="gone")],
        [API, WEB],
        [own("api"), NEAR],
        ["api"],
    ),
    "all of a namespace that is not mapped by name": (
        [AlertTarget("shop")],
        [API, WEB],
        [own("alerts")],
        ["api", "web"],
    ),
    "nothing that is there": ([AlertTarget(deployment="gone")], [API], [own("api")], []),
    "more than can be meant": (
        [AlertTarget("shop", deployment=f"d{i}") for i in range(MAX_CHOSEN + 1)],
        [thing(f"d{i}") for i in range(MAX_CHOSEN + 1)],
        [own("alerts")],
        [],
    ),
}


@pytest.mark.parametrize(("targets", "things", "mapped", "names"), CHOSEN.values(), ids=CHOSEN)
def test_alerts_choose(
    targets: list[AlertTarget], things: list[Thing], mapped: list[ServiceView], names: list[str]
) -> None:
    assert [each.name for each in choose(targets, things, mapped, "team").services] == names


def test_of_a_mapping_to_several_namespaces_only_the_named_one_is_chosen() -> None:
    mapped = [ServiceView("api", Relation.OWN, "team", ["shop", "staging"])]
    things = [thing("api"), thing("api", "staging")]
    assert choose([AlertTarget("staging", deployment="api")], things, mapped, "team").services == [
        own("api", "staging")
    ]
    assert choose([AlertTarget(deployment="api")], things, mapped, "team").services == mapped


def test_what_is_not_chosen_stays_as_a_neighbour_and_what_the_chosen_depends_on_as_a_dependency() -> None:
    known = record(
        ServiceMapping("api", "P1", namespaces=["shop"], depends_on=["db"]),
        ServiceMapping("web", "P1", namespaces=["shop"], depends_on=["api", "cdn"]),
        ServiceMapping("db", namespaces=["shop"]),
    )
    found = with_chosen(known, resolve_services(known, "P1", "Kubernetes alerts"), [own("api")])
    assert [(each.name, str(each.relation)) for each in found] == [
        ("api", "own"),
        ("db", "dependency"),
        ("cdn", "neighbour"),
        ("web", "neighbour"),
    ]


def test_what_may_not_be_seen_any_more_is_chosen_no_more() -> None:
    known = record(ServiceMapping("api", "P1", namespaces=["shop"]))
    services = resolve_services(known, "P1", "")
    assert with_chosen(known, services, [own("api", "foreign")]) == services


def test_an_alert_opens_no_namespace() -> None:
    known = record(ServiceMapping("api", "P1", namespaces=["shop"], closed={"databases": "no consent"}))
    targets = [AlertTarget(name, pod="x") for name in ("shop", "team", "foreign", "databases", "")]
    assert [each.namespace for each in within(known, targets)] == ["shop", "team", ""]
    assert list(not_visible(known, targets)) == [
        "namespace foreign, which the alert names: this integration does not map it",
        "namespace databases, which the alert names: this integration may not look at it",
    ]
