"""An HTTPRoute that the API server refuses is one state and one Event, through restarts of the operator, too."""

from testbed.operating import refusals
from testbed.operating.gateway_api import GatewayAPI
from testbed.operating.steadiness import stays, touch
from testbed.operating.team import OperatorProcess, TeamOf
from testbed.polling import eventually


def test_an_http_route_that_cannot_be_written_is_one_state_and_one_event(
    gateway_api: GatewayAPI, own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    with refusals.route_policy(team):
        team.apply("payments", webhook={"route": gateway_api.route})
        team.settled("payments", "RouteRefused", "RouteReady")
        eventually("the Event", lambda: team.events("payments") == ["RouteRefused"])
        stays(team, own_operator)
        assert gateway_api.http_route(team, team.id("payments")) is None
    touch(team, own_operator, 1)
    team.settled("payments", "RouteNotAdmitted", "RouteReady")
