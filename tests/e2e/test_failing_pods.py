"""Pods that really fail: the first line of the note names the object and the one fact that a reader needs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from testbed.e2e.kubectl import Kubectl, Manifest
from testbed.e2e.pagerduty import PagerDuty
from testbed.e2e.release import ChartRelease
from testbed.e2e.team import Team
from testbed.e2e.workloads import GREEDY, MEMORY_LIMIT, probe, roll_out, states, warnings, web
from testbed.polling import eventually
from testbed.told import without_percent


@dataclass(frozen=True)
class Failure:
    """One way to fail: what a rollout changes in the container, how the cluster reports it, what a note must name."""

    name: str
    change: Manifest
    reported: str
    facts: tuple[str, ...]
    below: tuple[str, ...] = ()
    """What the first line has no room for beside how sure it is, and the note says all the same."""


FAILURES = [
    Failure("absent-image", {"image": "shop.invalid/cart:2.0-typo"}, "ErrImagePull", ("2.0-typo", "cannot be pulled")),
    Failure("greedy", {"command": ["python3", "-c", GREEDY]}, "OOMKilled", (f"limit {MEMORY_LIMIT}", "memory")),
    Failure(
        "unready",
        {"readinessProbe": probe("/ready-at-last")},
        "Unhealthy",
        ("readiness probe", "/ready-at-last"),
    ),
    Failure(
        "unwell",
        {"livenessProbe": probe("/alive-or-not")},
        "Unhealthy",
        ("liveness probe (/alive-or-not)",),
    ),
    Failure(
        "unconfigured",
        {"envFrom": [{"configMapRef": {"name": "cart-settings"}}]},
        "CreateContainerConfigError",
        ("ConfigMap cart-settings is missing",),
    ),
    Failure(
        "over-quota",
        {"resources": {"limits": {"memory": "2Gi"}}},
        "FailedCreate",
        ("quota cart-budget",),
        ("limits.memory=1Gi",),
    ),
]
HEALTHY = "innocent"


@pytest.fixture(scope="module")
def shop(kubectl: Kubectl, installed: ChartRelease, pagerduty: PagerDuty) -> Iterator[Team]:
    """A team whose services are rolled out well, within a quota."""
    team = Team(kubectl, installed, pagerduty, f"{installed.namespace}-shop")
    installed.ensure_installed()
    kubectl.make_namespace(team.namespace)
    try:
        kubectl.apply(_quota(team.namespace))
        services = [*(failure.name for failure in FAILURES), HEALTHY]
        team.set_up(services)
        roll_out(kubectl, *(web(team.namespace, service, kubectl.facts.image) for service in services))
        yield team
    finally:
        pagerduty.unsubscribe_all()
        kubectl.drop_namespace(team.namespace)


def _quota(namespace: str) -> Manifest:
    metadata = {"name": "cart-budget", "namespace": namespace}
    spec = {"hard": {"limits.memory": "1Gi"}}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": spec}


def _break(team: Team, failure: Failure) -> None:
    """Roll out the change, and wait until the cluster reports the failure."""
    changes: dict[str, Any] = failure.change
    team.kubectl.apply(web(team.namespace, failure.name, team.kubectl.facts.image, **changes))
    eventually(
        f"{failure.name} fails by {failure.reported}",
        lambda: [
            *states(team.kubectl, team.namespace, failure.name),
            *warnings(team.kubectl, team.namespace, failure.name),
        ],
        lambda reported: failure.reported in reported,
    )


@pytest.mark.parametrize("failure", FAILURES, ids=[failure.name for failure in FAILURES])
def test_the_first_line_names_the_object_and_the_fact(shop: Team, failure: Failure) -> None:
    _break(shop, failure)
    incident = shop.pagerduty.trigger(failure.name, f"{failure.name}: error rate above 5 %")

    def missing() -> list[str]:
        note = without_percent(shop.pagerduty.note(incident))
        first = note.splitlines()[0]
        wanted = ("Likely cause: ", failure.name, *failure.facts)
        left_out = [f"{fact!r} in {first!r}" for fact in wanted if fact not in first]
        return left_out + [f"{fact!r} in {note!r}" for fact in failure.below if fact not in note]

    assert eventually("a note with every fact in its first line", missing, lambda missing: not missing) == []


def test_the_incident_of_a_healthy_service_blames_nothing(shop: Team) -> None:
    note = shop.pagerduty.note(shop.pagerduty.trigger(HEALTHY, "innocent: a customer called"))
    assert note.startswith("No recent change explains this")
    assert [failure.name for failure in FAILURES if failure.name in note] == []
