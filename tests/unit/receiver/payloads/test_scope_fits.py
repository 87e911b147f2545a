"""Webhooks outside the scope are counted for the operator, until one comes that is within."""

import pytest

from noctuary.incidents.unread import Unread
from noctuary.models.reports import OutsideScope
from noctuary.models.routing_record import Scope
from testbed.scene import Scene
from webhook_receiver.reports import ReportLog


async def reported(scene: Scene) -> OutsideScope | None:
    log = ReportLog(scene.routing, Unread(scene.metrics, scene.routing))
    page = await log.since(0, scene.store)
    return next(each.outside_scope for each in page.items if each.id == "one")


async def started(scene: Scene, scope: Scope) -> None:
    scene.route(scope=scope)
    await scene.subscribe()
    scene.start()


async def opened(scene: Scene, service: str, times: int = 1) -> None:
    for _ in range(times):
        scene.pd.trigger(service, "Errors")
    await scene.idle()


@pytest.mark.parametrize("type_", ["service", "team"])
@pytest.mark.parametrize("spelt", ["PNOPE99", "lower case", "of another kind"])
async def test_a_scope_that_fits_no_webhook_is_told_with_the_service_of_the_last(
    scene: Scene, type_: str, spelt: str
) -> None:
    team = scene.pd.add_team("Payments")
    service = scene.pd.add_service("of-a-team", (team,))
    right, other = (service, team) if type_ == "service" else (team, service)
    wrong = {"PNOPE99": "PNOPE99", "lower case": right.lower(), "of another kind": other}[spelt]
    await started(scene, Scope(type_, wrong))
    await opened(scene, service, 3)
    found = await reported(scene)
    assert found is not None
    assert (found.scope, found.count) == (f"{type_} {wrong}", 1), "the others are told within a minute"
    assert found.last_of == (f"service {service}" if type_ == "service" else f"service {service}, team {team}")


async def test_a_team_that_an_incident_of_none_is_not_of_is_told_too(scene: Scene) -> None:
    await started(scene, Scope("team", "PABC123"))
    await opened(scene, scene.service)
    assert (await reported(scene)) is not None


@pytest.mark.parametrize("order", ["outside first", "within first"])
async def test_a_subscription_wider_than_the_scope_is_no_fault_as_soon_as_one_is_within(
    scene: Scene, order: str
) -> None:
    other = scene.pd.add_service("search")
    await started(scene, Scope("service", scene.service))
    for service in (other, scene.service) if order == "outside first" else (scene.service, other):
        await opened(scene, service)
    assert await reported(scene) is None


async def test_it_is_none_either_after_a_restart_when_only_others_come(scene: Scene) -> None:
    other = scene.pd.add_service("search")
    await started(scene, Scope("service", scene.service))
    await opened(scene, scene.service)
    await scene.stop()
    scene.start()
    await opened(scene, other)
    assert await reported(scene) is None


async def test_the_count_goes_on_after_a_restart(scene: Scene) -> None:
    await started(scene, Scope("service", "PNOPE99"))
    await opened(scene, scene.service)
    await scene.stop()
    scene.start()
    await opened(scene, scene.service)
    found = await reported(scene)
    assert found is not None
    assert found.count == 2


async def test_what_was_counted_of_a_scope_is_not_told_of_its_successor(scene: Scene) -> None:
    await started(scene, Scope("service", "PNOPE99"))
    await opened(scene, scene.service)
    scene.route(scope=Scope("service", scene.service))
    assert await reported(scene) is None


async def test_whoever_has_the_account_has_nothing_outside(scene: Scene) -> None:
    await started(scene, Scope())
    await opened(scene, scene.service)
    assert await reported(scene) is None
