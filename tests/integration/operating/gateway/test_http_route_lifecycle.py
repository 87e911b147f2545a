"""HTTPRoutes through restarts and deletions, and what they cost: each test has an operator of its own."""

from collections.abc import Callable

from noctuary.kube.client import KubeClient
from noctuary.models.routing_record import record_secret_name
from noctuary_operator.cleanup.settings import CleanupSettings
from noctuary_operator.cleanup.steps import clean_up
from noctuary_operator.plan.routes.http_routes import HTTP_ROUTE
from testbed.localkube import Cluster
from testbed.operating.gateway_api import GatewayAPI
from testbed.operating.team import OperatorProcess, TeamOf
from testbed.polling import eventually


def test_an_http_route_goes_with_its_integration_also_while_the_operator_is_away(
    gateway_api: GatewayAPI, own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    now, later = gateway_api.declare(team, "now"), gateway_api.declare(team, "later")
    team.kubectl("delete", "pdi", "now", "--timeout=60s")
    eventually("the route is gone", lambda: gateway_api.http_route(team, now) is None)
    own_operator.stop()
    team.kubectl("delete", "pdi", "later", "--timeout=60s")
    own_operator.start()
    eventually("the other is gone", lambda: (gateway_api.http_route(team, later), team.record(later)) == (None, None))


def test_an_http_route_whose_record_was_lost_too_is_found_at_the_start(
    gateway_api: GatewayAPI, own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    uid = gateway_api.declare(team)
    own_operator.stop()
    team.kubectl("delete", "pdi", "payments", "--timeout=60s")
    team.cluster.kubectl("-n", team.release, "delete", "secret", record_secret_name(uid))
    own_operator.start()
    eventually("the route is gone", lambda: gateway_api.http_route(team, uid) is None)


async def test_the_clean_up_removes_http_routes(
    gateway_api: GatewayAPI, cluster: Cluster, own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team, release = team_of(own_operator), own_operator.namespace
    uid = gateway_api.declare(team)
    own_operator.stop()
    kubeconfig = cluster.identity_kubeconfig(release, "noctuary-cleanup")
    client = await KubeClient.connect(kubeconfig)
    try:
        await clean_up(client, CleanupSettings(release_namespace=release, kubeconfig=kubeconfig))
    finally:
        await client.close()
    assert gateway_api.http_route(team, uid) is None


def test_an_http_route_costs_one_write_its_acceptance_one_status_and_a_restart_nothing(
    gateway_api: GatewayAPI,
    own_operator: OperatorProcess,
    team_of: TeamOf,
    written: Callable[..., dict[str, int]],
) -> None:
    team = team_of(own_operator)
    before = own_operator.writes()
    uid = gateway_api.declare(team)
    assert written(own_operator, before) == {"Secret": 2, HTTP_ROUTE: 1, "PagerDutyIntegration status": 1}
    before = own_operator.writes()
    gateway_api.answer(team, uid)
    team.settled("payments", "GatewayAccepted", "RouteReady")
    assert written(own_operator, before) == {"PagerDutyIntegration status": 1}
    own_operator.stop()
    own_operator.start()
    eventually("worked", lambda: own_operator.reconciles() >= 2)
    assert own_operator.writes() == {}
