"""A cluster without the Gateway API, or where it comes and goes; and what it costs where nobody uses it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from noctuary.kube.client import KubeClient
from noctuary_operator.watch.cluster_view import ClusterView
from noctuary_operator.watch.route_watches import HttpRouteWatch
from testbed.localkube import Cluster
from testbed.operating.gateway_api import GatewayAPI
from testbed.operating.team import OperatorProcess, TeamOf
from testbed.polling import eventually


def test_a_cluster_without_the_gateway_api_is_said_and_heals_when_it_comes_and_goes(
    no_gateway_api: GatewayAPI, own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    team.apply("payments", webhook={"route": no_gateway_api.route})
    said = team.settled("payments", "GatewayAPIMissing", "RouteReady")
    assert said["status"] == "False"
    assert "install the CRDs of the Gateway API" in said["message"]
    id_ = team.id("payments")
    for _ in range(2):
        no_gateway_api.install()
        eventually("a route", lambda: no_gateway_api.http_route(team, id_), timeout_s=no_gateway_api.healed_within_s)
        team.settled("payments", "RouteNotAdmitted", "RouteReady")
        no_gateway_api.remove()
        team.settled("payments", "GatewayAPIMissing", "RouteReady", no_gateway_api.healed_within_s)
    assert own_operator.fetch("/healthz").startswith("ok")


def test_a_no_gateway_api_holds_nobody_else_up_and_is_not_retried_hot(
    no_gateway_api: GatewayAPI, own_operator: OperatorProcess, team_of: TeamOf, written: Callable[..., dict[str, int]]
) -> None:
    team = team_of(own_operator)
    team.apply("waits", webhook={"route": no_gateway_api.route})
    team.settled("waits", "GatewayAPIMissing", "RouteReady")
    before = own_operator.writes()
    for number in range(3):
        team.apply(f"plain-{number}")
        team.settled(f"plain-{number}", "AwaitingFirstWebhook")
    assert written(own_operator, before).keys() == {"Secret", "PagerDutyIntegration status"}
    assert own_operator.fetch("/healthz").startswith("ok")


def test_an_ingress_stays_until_the_http_route_that_is_to_replace_it_can_be_made(
    no_gateway_api: GatewayAPI, own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    team.apply("payments", webhook={"route": {"type": "Ingress"}})
    team.settled("payments", "RouteNotAdmitted", "RouteReady")
    id_ = team.id("payments")
    team.apply("payments", webhook={"route": no_gateway_api.route})
    team.settled("payments", "GatewayAPIMissing", "RouteReady")
    assert team.ingress(id_) is not None
    no_gateway_api.install()

    def is_replaced() -> bool:
        return team.ingress(id_) is None and no_gateway_api.http_route(team, id_) is not None

    eventually("the HTTPRoute alone", is_replaced, timeout_s=no_gateway_api.healed_within_s)


class CountingClient(KubeClient):
    """The real client, which remembers what was asked for and how many answers are open."""

    asked: list[str]
    open: int

    @asynccontextmanager
    async def stream(self, method: str, path: str, **options: Any) -> AsyncIterator[Any]:
        """Note the request, then send it."""
        self.asked.append("WATCH" if "watch" in (options.get("query") or {}) else method)
        self.open += 1
        try:
            async with super().stream(method, path, **options) as response:
                yield response
        finally:
            self.open -= 1


@pytest.fixture
async def counting(cluster: Cluster) -> AsyncIterator[CountingClient]:
    """A counting connection of the cluster's administrator."""
    client = await CountingClient.connect(Path(cluster.kubeconfig))
    assert isinstance(client, CountingClient)
    client.asked, client.open = [], 0
    yield client
    await client.close()


async def reached(what: str, is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 - what is waited for is a state, not an event
            await asyncio.sleep(0.05)
    assert is_so(), what


@pytest.mark.parametrize("kind", ["gateway_api", "no_gateway_api"])
async def test_http_routes_cost_one_request_until_somebody_wants_one_and_after_the_last_is_gone(
    request: pytest.FixtureRequest, counting: CountingClient, kind: str
) -> None:
    request.getfixturevalue(kind)
    view = ClusterView("default", lambda _: None)
    watch = HttpRouteWatch(counting, view, "default", recheck_s=0.1)
    await watch.list_once()
    running = asyncio.create_task(watch.run())
    await asyncio.sleep(0.5)  # nothing is to happen: there is nothing to poll for
    assert counting.asked == ["GET"]
    view.integrations.upsert(integration())
    watch.notify()
    await reached("a watch, or a recheck", lambda: len(counting.asked) >= 3)
    view.integrations.drop("uid")
    await reached("the end of the watch", lambda: counting.open == 0)
    await asyncio.sleep(0.5)  # a recheck that had begun comes to its end
    before = len(counting.asked)
    await asyncio.sleep(0.5)  # nothing is to happen: there is nothing to poll for
    assert (len(counting.asked), counting.open) == (before, 0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def integration() -> dict[str, Any]:
    """An integration that wants an HTTPRoute, as the watch gives it."""
    metadata = {"name": "payments", "namespace": "team", "uid": "uid", "resourceVersion": "1", "generation": 1}
    webhook = {
        "host": "noctuary.example.com",
        "route": {"type": "HTTPRoute", "parentRefs": [{"name": "public"}]},
        "subscription": {"signingSecretRef": {"name": "signing", "key": "secret"}},
    }
    created = {"creationTimestamp": "2026-01-01T00:00:00Z"}
    return {"metadata": {**metadata, **created}, "spec": {"direction": "inbound", "webhook": webhook}}
