"""Every file of `examples/` on a cluster whose controller serves Ingresses and HTTPRoutes."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from testbed.docs.examples import (
    EXPECTED,
    WHERE_ROUTES_ARE_SERVED,
    Manifest,
    example_files,
    integration_of,
    manifests,
    reasons_of,
    secrets_of,
)
from testbed.e2e.kubectl import Kubectl
from testbed.e2e.pagerduty import PagerDuty
from testbed.e2e.release import ChartRelease
from testbed.polling import eventually

GATEWAY = {"name": "traefik", "namespace": "traefik", "sectionName": "websecure"}
Here = Callable[[Manifest], Manifest]


@pytest.fixture
def here(release: ChartRelease, pagerduty: PagerDuty) -> Here:
    """Puts this cluster's names where an example's reader puts his: host, class, Gateway, PagerDuty's address."""

    def adapted(integration: Manifest) -> Manifest:
        changed = copy.deepcopy(integration)
        changed["spec"]["apiURL"] = pagerduty.api_url
        if webhook := changed["spec"].get("webhook"):
            webhook["host"] = release.host
            route = webhook["route"]
            route |= {"ingressClassName": "traefik"} if "ingressClassName" in route else {}
            route |= {"parentRefs": [GATEWAY]} if "parentRefs" in route else {}
            scope = webhook.get("subscription", {}).get("scope", {})
            if scope.get("type") == "team":  # an account without teams refuses lists of them once it is asked
                scope["id"] = pagerduty.control.post("teams", name="search")["id"]
        return changed

    return adapted


@pytest.fixture
def namespaces(kubectl: Kubectl) -> Iterator[Callable[[str], None]]:
    """Makes namespaces by the names that the examples give them."""
    made: list[str] = []

    def make(name: str) -> None:
        made.append(name)
        kubectl.make_namespace(name)

    yield make
    for name in made:
        kubectl.drop_namespace(name)
        kubectl("wait", "--for=delete", f"namespace/{name}", "--timeout=120s")


@pytest.mark.parametrize("file", example_files(), ids=lambda file: file.name)
def test_an_example_works_where_routes_are_served(
    kubectl: Kubectl, pagerduty: PagerDuty, here: Here, namespaces: Callable[[str], None], file: Path
) -> None:
    objects = manifests(file)
    integration = here(integration_of(objects))
    name, namespace = integration["metadata"]["name"], integration["metadata"]["namespace"]
    for each in [namespace, *(each["metadata"]["name"] for each in objects if each["kind"] == "Namespace")]:
        namespaces(each)
    kubectl.apply(*secrets_of(integration, pagerduty.token))
    kubectl.apply(*(each for each in objects if each["kind"] != integration["kind"]), integration)
    wanted = EXPECTED[file.name] | WHERE_ROUTES_ARE_SERVED.get(file.name, {})
    eventually(file.name, lambda: reasons_of(kubectl.find("pdi", name, namespace)), lambda reasons: reasons == wanted)
    kubectl("wait", "--for=condition=Ready", f"pdi/{name}", f"--namespace={namespace}", "--timeout=60s")
