"""Integrations of teams against PagerDuty's own teams: what their lists and webhooks show, and who writes the note."""

import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from noctuary.models.routing_record import Scope
from testbed.scene import Scene


class World(NamedTuple):
    """Two teams with an integration each, by their ids; a service of each, of both, and of none."""

    teams: tuple[str, str]
    first: str
    second: str
    both: str
    nobodys: str


@pytest.fixture
def world(scene: Scene) -> World:
    scene.route("one", suspend=True)
    payments, search = scene.pd.add_team("Payments"), scene.pd.add_team("Search")
    for name, team in (("payments", payments), ("search", search)):
        scene.route(name, scope=Scope("team", team))
    of = [(payments,), (search,), (payments, search), ()]
    services = [scene.pd.add_service(f"service-{number}", teams) for number, teams in enumerate(of)]
    return World((payments, search), *services)


def missed(scene: Scene, service: str) -> str:
    """Open an incident of a minute ago whose webhook nobody got."""
    return scene.pd.trigger(service, "Errors", at=datetime.now(UTC) - timedelta(minutes=1), deliver=False).id


async def compared(scene: Scene, *names: str) -> bool:
    states = await scene.store.integration_states(list(names))
    return all(name in states and states[name].compared_until is not None for name in names)


async def known(scene: Scene, name: str) -> set[str]:
    return {incident_id for _, incident_id in await scene.store.open_incident_ids([name])}


async def test_one_list_hands_each_team_what_is_its_own(scene: Scene, world: World) -> None:
    mine, theirs, ours, nobodys = [missed(scene, service) for service in world[1:]]
    scene.start()
    await scene.until(lambda: compared(scene, "payments", "search"))
    assert await known(scene, "payments") == {mine, ours}
    assert await known(scene, "search") == {theirs, ours}
    assert [call.path for call in scene.pd.calls].count("/incidents") == 2, "what is new, and what is open of before"
    await scene.idle()
    assert scene.pd.note_counts() == {mine: 1, theirs: 1, ours: 1, nobodys: 0}


async def test_a_team_that_is_alone_gets_no_incident_of_another_team_or_of_none(scene: Scene, world: World) -> None:
    scene.route("search", suspend=True)
    mine, _, ours, _ = [missed(scene, service) for service in world[1:]]
    scene.start()
    await scene.until(lambda: compared(scene, "payments"))
    assert await known(scene, "payments") == {mine, ours}


async def test_a_team_s_subscription_brings_its_incidents_and_each_gets_its_note(scene: Scene, world: World) -> None:
    await scene.subscribe("payments", scope=world.teams[0])
    scene.start()
    incidents = [scene.pd.trigger(service, "Errors").id for service in world[1:]]
    await scene.idle()
    told = {webhook.resource_id for webhook in scene.pd.ledger.webhooks}
    assert told == {incidents[0], incidents[2]}
    assert scene.text(incidents[0])
    assert scene.text(incidents[2])


@pytest.mark.parametrize(
    ("rival", "writer"), [("account", "payments"), ("service", "rival")], ids=["account", "service"]
)
async def test_a_team_writes_before_the_account_and_after_a_service(
    scene: Scene, world: World, rival: str, writer: str
) -> None:
    scope = Scope("service", world.first) if rival == "service" else Scope()
    scene.route("rival", scope=scope, created_at=time.time() - 900)
    await scene.subscribe("payments", scope=world.teams[0])
    await scene.subscribe("rival", scope=scope.id or "account")
    scene.start()
    incident = scene.pd.trigger(world.first, "Errors").id
    await scene.idle()
    note = await scene.store.note(scene.account, incident)
    assert note is not None
    assert (note.integration_id, len(scene.pd.notes(incident))) == (writer, 1)


async def test_an_account_without_teams_refuses_a_team_and_nobody_else(scene: Scene) -> None:
    scene.route("one", scope=Scope("service", scene.service))
    scene.route("team", scope=Scope("team", "PNOTEAM"))
    incident = missed(scene, scene.service)
    scene.start()
    await scene.until(lambda: scene.text(incident))
    await scene.until(lambda: failed(scene, "team"))
    assert (await scene.state("team")).last_failure_status == 402
    assert (await scene.state("one")).last_failure_at is None


async def failed(scene: Scene, name: str) -> bool:
    states = await scene.store.integration_states([name])
    return name in states and states[name].last_failure_at is not None
