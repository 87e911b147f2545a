"""Which service an event or a pod is placed with, and that this is found once, however many services there are."""

from typing import Any

import pytest

from noctuary.correlation.lasting import is_background
from noctuary.correlation.observations import gather_observations
from noctuary.correlation.placing import Placing
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.models.diagnosis import IncidentContext, PodView, Relation, ServiceView
from noctuary.models.naming import names_of
from noctuary.models.service_index import ServiceIndex
from testbed.correlation_world import ONSET, event, fault, pod, posted
from tests.unit.call_counts import calls_of

OWN = ServiceView("pay", Relation.OWN, "team", ["payments"])
NEAR = ServiceView("bank", Relation.DEPENDENCY, "team", ["payments", "bank"])
CHOSEN = ServiceView("front", Relation.DEPENDENCY, "team", ["payments"], {"team": "a", "tier": "front"})
BESIDE = ServiceView("side", Relation.DEPENDENCY, "team", ["payments"], {"team": "a", "tier": "side"})
SERVICES = [NEAR, CHOSEN, BESIDE, OWN]
FRONT = {"team": "a", "tier": "front", "x": "y"}


def of(workload: str, **more: Any) -> ContextEvent:
    """Build a crash of a pod of this workload."""
    return fault(10, workload=workload, **more)


@pytest.mark.parametrize(
    ("told", "service"),
    [
        (of("pay"), "pay"),
        (of("bank"), "bank"),
        (of("bank", namespace="bank"), "bank"),
        (of("bank", namespace="elsewhere"), None),
        (of("other"), None),
        (of("other", labels=FRONT), "front"),
        (of("other", labels={"team": "a", "tier": "side"}), "side"),
        (of("other", labels={"team": "a"}), None),
        (of("front", labels={"app": "other"}), None),
        (of("front"), "front"),
        (of("pay", labels=FRONT), "pay"),
        (of("x", labels={"app.kubernetes.io/name": "pay"}), "pay"),
        (event("Node", "node-7", EventType.SATURATION, 10, {}), None),
        (posted(EventType.DEPLOY, 10, "bank"), "bank"),
        (posted(EventType.DEPLOY, 10, "bank", tenant="payments"), None),
    ],
)
def test_an_event_is_of_the_first_service_that_it_belongs_to(told: ContextEvent, service: str | None) -> None:
    placed = Placing(SERVICES).place(told)
    assert (placed.service if placed else None) == service


@pytest.mark.parametrize(
    ("labels", "workload", "names"),
    [
        (FRONT, "other", {"front"}),
        (FRONT, "bank", {"front", "bank"}),
        ({}, "front", set()),
        ({"app": "pay"}, "bank", {"pay", "bank"}),
        ({"team": "b"}, "other", set()),
    ],
)
def test_a_pod_is_of_all_services_that_select_or_name_it(
    labels: dict[str, str], workload: str, names: set[str]
) -> None:
    seen: PodView = pod("h", workload=workload, labels=labels)
    assert ServiceIndex(SERVICES).names(seen) == names


@pytest.mark.parametrize("count", [1, 50])
def test_the_names_of_an_event_are_found_once_for_all_services(count: int) -> None:
    services = [OWN, *(ServiceView(f"s{n}", Relation.DEPENDENCY, "team", ["payments"]) for n in range(count))]
    events = [of("pay", pod=n) for n in range(7)]
    with calls_of(names_of) as made:
        gather_observations(IncidentContext(services, ONSET, 3600.0, events, None))
    assert len(made) == len(events)


def test_each_fault_is_held_against_the_past_once() -> None:
    events = [of("pay"), of("bank")]
    with calls_of(is_background) as made:
        observed = gather_observations(IncidentContext(SERVICES, ONSET, 3600.0, events, None))
    assert len(made) == len(observed.faults) == 2
