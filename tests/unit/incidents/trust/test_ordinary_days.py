"""Ordinary days of honest teams: what the rules of trust must not take from them."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from noctuary.common import clock
from noctuary.models.routing_record import Scope
from testbed.cluster_events import fault, rollout
from testbed.pagerduty.account import account
from testbed.pagerduty.account.model import Incident
from testbed.pagerduty.webhooks.events import incident_data, make_event
from testbed.scene import QUICK, Scene
from tests.unit.incidents.trust.test_confirmation import reads, started
from tests.unit.incidents.trust.test_turns import _row, both_know, two, writer_of_row

LIKELY = "Likely cause: payments-api was rolled out to 2.4.1"
A_WHILE_AGO = timedelta(seconds=90)


def begins(scene: Scene, incident: Incident, words: str) -> Callable[[], bool]:
    """Return what tells whether the incident's only note begins with words."""
    return lambda: scene.words(incident.id).startswith(words)


async def started_and_compared(scene: Scene) -> None:
    """Start, and let the first comparison pass: it would confirm what a read of one incident does not show."""
    await started(scene)

    async def is_compared() -> bool:
        state = await scene.store.integration_state("one")
        return state is not None and state.compared_until is not None

    await scene.until(is_compared)


async def kept_claim(scene: Scene, incident: Incident) -> bool:
    row = await scene.store.incident("one", incident.id)
    return row is not None and row.diagnosis is not None


async def test_after_an_outage_the_first_note_tells_of_now(scene: Scene) -> None:
    scene.pd.rules.add("server-error", path="/incidents/**")
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: kept_claim(scene, incident))
    await scene.store.add_events([rollout(time.time() - 30), fault(time.time() - 20)])
    scene.pd.rules.clear()
    await scene.until(lambda: scene.text(incident.id))
    assert scene.words(incident.id).startswith(LIKELY)
    assert "Not looked at" not in scene.text(incident.id)


async def test_after_an_outage_there_is_a_second_look_as_ever(scene: Scene) -> None:
    scene.pd.rules.add("server-error", path="/incidents/*")
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: kept_claim(scene, incident))
    scene.pd.rules.clear()
    await scene.until(begins(scene, incident, "No context yet"))
    await scene.store.add_events([rollout(time.time() - 30), fault(time.time() - 20)])
    await scene.until(begins(scene, incident, LIKELY))
    assert len([call for call in scene.pd.calls if call.path.endswith("/alerts")]) == 1


async def test_an_incident_that_ends_while_a_rival_is_waited_for_gets_its_note(scene: Scene) -> None:
    await two(scene, rival_wait_s=1.0)
    await scene.until(lambda: both_know(scene))
    scene.pd.unsubscribe(next(iter(scene.pd.courier.subscriptions)))
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: _row(scene, "second", incident))
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(begins(scene, incident, "Resolved after"))
    assert await writer_of_row(scene, incident) == "second"


@pytest.mark.parametrize(("ours_ahead_s", "theirs_ahead_s"), [(180, 0), (0, 180)])
async def test_clocks_that_differ_by_minutes_cost_no_note_of_a_storm(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, ours_ahead_s: int, theirs_ahead_s: int
) -> None:
    monkeypatch.setattr(clock, "now", lambda: time.time() + ours_ahead_s)
    scene.pd.clock.advance(theirs_ahead_s)
    await started(scene)
    incidents = [scene.pd.trigger(scene.service, f"Errors {n}") for n in range(40)]
    await scene.until(lambda: all(scene.text(incident.id) for incident in incidents))
    assert len(reads(scene)) <= 25
    assert {call.status for call in scene.pd.calls if call.path == "/incidents"} == {200}


@pytest.mark.parametrize("status", [403, 404])
async def test_an_incident_that_its_token_is_never_shown_is_told_of(scene: Scene, status: int) -> None:
    scene.pd.rules.add("server-error", method="GET", path="/incidents/*", status=status)
    await started_and_compared(scene)
    hidden = scene.pd.trigger(scene.service, "Errors")

    async def is_told() -> bool:
        return "is not shown to the API token" in ((await scene.state()).last_failure_reason or "")

    await scene.until(is_told)
    scene.pd.rules.clear()
    shown = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(shown.id))  # the token is refused for none but this incident
    assert scene.pd.notes(hidden.id) == []


async def test_what_is_refused_altogether_stays_told_beside_an_incident_that_is_not_shown(scene: Scene) -> None:
    scene.route(from_email="nobody@example.com")
    await started_and_compared(scene)
    scene.pd.trigger(scene.service, "Errors")

    async def refusal() -> int | None:
        return (await scene.state()).last_failure_status

    await scene.until(refusal)
    scene.pd.rules.add("server-error", method="GET", path="/incidents/*", status=404)
    hidden = scene.pd.trigger(scene.service, "Errors")

    async def is_given_up() -> bool:
        row = await scene.store.incident("one", hidden.id)
        return row is not None and row.confirm_tries == 5

    await scene.until(is_given_up)
    assert await refusal() == 400


async def with_one_team_each(scene: Scene) -> str:
    """Route `first` and `second`, each with a service and a subscription of its own; return the second's service."""
    other = scene.pd.add_service("orders-api")
    scene.drop("one")
    for name, service in (("first", scene.service), ("second", other)):
        scene.pd.add_user(name, f"{name}@example.com")
        token = scene.pd.add_token()
        scene.route(name, api_token=token, from_email=f"{name}@example.com", scope=Scope("service", service))
        await scene.subscribe(name, scope=service)
    scene.timings = msgspec.structs.replace(QUICK, rival_wait_s=600.0)
    scene.start()
    await scene.until(lambda: both_know(scene))
    return other


async def test_the_note_of_an_incident_that_moves_to_another_team_goes_with_it(scene: Scene) -> None:
    other = await with_one_team_each(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    assert await writer_of_row(scene, incident) == "first"
    scene.pd.move(incident.id, other, by=scene.bot)
    await scene.until(lambda: "orders-api" in scene.text(incident.id))
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(begins(scene, incident, "Resolved after"))
    scene.backfill("first")
    await scene.idle()
    assert await writer_of_row(scene, incident) == "second"
    assert [(await scene.state(name)).displaced_by for name in ("first", "second")] == [None, None]


async def test_the_note_of_an_incident_that_moves_to_nobodys_service_stays(scene: Scene) -> None:
    await with_one_team_each(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    assert await writer_of_row(scene, incident) == "first"
    scene.pd.move(incident.id, scene.pd.add_service("nobodys"), by=scene.bot)
    scene.pd.resolve(incident.id, by=scene.bot)
    scene.backfill("first")
    await scene.until(begins(scene, incident, "Resolved after"))
    assert await writer_of_row(scene, incident) == "first"


async def test_one_that_is_told_of_others_incidents_is_displaced_by_nobody(scene: Scene) -> None:
    await two(scene)
    await scene.until(lambda: both_know(scene))
    scene.route("second", scope=Scope("service", scene.pd.add_service("another")))
    incident = scene.pd.trigger(scene.service, "Errors")
    assert await writer_of_row(scene, incident) == "first"
    scene.pd.acknowledge(incident.id, by=scene.bot)
    await scene.until(lambda: "Acknowledged" in scene.text(incident.id))
    await scene.idle()
    assert (await scene.state("second")).displaced_by is None


@pytest.fixture
def teams(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The teams that PagerDuty tells of every incident."""
    told: list[dict[str, Any]] = [{"id": "PTHEIRS"}]
    answer = scene.pd.render.incident
    monkeypatch.setattr(scene.pd.render, "incident", lambda each: answer(each) | {"teams": told})
    monkeypatch.setattr(account, "incident_data", lambda *args: incident_data(*args) | {"teams": told})
    return told


async def test_an_incident_that_is_reassigned_to_the_team_gets_its_note(
    scene: Scene, teams: list[dict[str, Any]]
) -> None:
    scene.route(scope=Scope("team", "POURS"))
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: _row(scene, "one", incident))
    await scene.idle()
    assert scene.pd.notes(incident.id) == []
    teams[:] = [{"id": "POURS"}]
    scene.pd.acknowledge(incident.id, by=scene.bot)
    await scene.until(lambda: scene.text(incident.id))
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(begins(scene, incident, "Resolved after"))
    assert len(reads(scene)) == 2


async def test_what_happens_within_a_second_and_comes_in_reverse_order_ends_as_it_did(scene: Scene) -> None:
    incident = scene.pd.trigger(scene.service, "Errors", at=datetime.now(UTC) - A_WHILE_AGO, deliver=False)
    await asyncio.sleep(1 - time.time() % 1)  # at the beginning of a second
    bodies = []
    for action in (scene.pd.acknowledge, scene.pd.resolve, scene.pd.reopen):
        action(incident.id, by=scene.bot, deliver=False)
        data = incident_data(scene.pd.render, incident)
        kind = {"acknowledge": "acknowledged", "resolve": "resolved", "reopen": "reopened"}[action.__name__]
        event = make_event(f"incident.{kind}", data, None, scene.pd.clock.now(), incident.service)
        bodies.append(msgspec.json.encode(event.payload))
        await asyncio.sleep(0.05)
    await started(scene)
    for body in reversed(bodies):
        await scene.put(body)
        await scene.until(lambda: scene.text(incident.id))
        await scene.idle()
    assert (await scene.incident(incident.id)).status == "triggered"
    assert not scene.text(incident.id).startswith("Resolved")


async def _is_called(scene: Scene, account: str) -> bool:
    return (await scene.state("first")).account == account


async def test_an_old_incident_brings_back_no_old_name_of_its_account(scene: Scene) -> None:
    await two(scene)
    await scene.until(lambda: both_know(scene))
    old = scene.pd.trigger(scene.service, "Errors")
    assert await writer_of_row(scene, old) == "first"
    scene.pd.account.subdomain = "renamed"
    new = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(new.id))
    await scene.until(lambda: _is_called(scene, "renamed.pagerduty.com"))
    scene.pd.acknowledge(old.id, by=scene.bot)
    await scene.until(lambda: "Acknowledged" in scene.text(old.id))
    assert await _is_called(scene, "renamed.pagerduty.com")
    assert scene.pd.note_counts() == {old.id: 1, new.id: 1}


@pytest.mark.parametrize("is_news", [True, False])
async def test_a_late_webhook_of_the_former_team_takes_no_note_back(scene: Scene, *, is_news: bool) -> None:
    other = await with_one_team_each(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    assert await writer_of_row(scene, incident) == "first"
    before_the_move = incident_data(scene.pd.render, incident)
    at = scene.pd.clock.now() if is_news else datetime.now(UTC) - A_WHILE_AGO
    scene.pd.move(incident.id, other, by=scene.bot)
    await scene.until(lambda: "orders-api" in scene.text(incident.id))
    await scene.idle()
    late = make_event("incident.acknowledged", before_the_move, None, at, incident.service)
    await scene.put(msgspec.json.encode(late.payload), "first")
    await scene.idle()
    assert await writer_of_row(scene, incident) == "second"
    assert "orders-api" in scene.text(incident.id)
