"""Answers of PagerDuty's that were true when they were read, and are worked after another one took the note over."""

import asyncio

import msgspec
import pytest

from noctuary.incidents.told.sightings import Sighting, sighting_of_listing
from noctuary.incidents.trust.witness import Answer
from noctuary.models.incident import IncidentRow
from noctuary.models.routing_record import RoutingRecord
from noctuary.pagerduty.objects import Incident as Listed
from testbed.pagerduty.account.model import Incident
from testbed.pagerduty.webhooks.events import incident_data, make_event
from testbed.scene import Scene
from tests.unit.incidents.trust.test_ordinary_days import with_one_team_each
from tests.unit.incidents.trust.test_turns import writer_of_row


def listed(scene: Scene, incident: Incident) -> Sighting:
    """Read an incident as PagerDuty lists it now."""
    return sighting_of_listing(
        msgspec.convert(scene.pd.render.incident(incident), Listed), scene.pd.clock.now().timestamp()
    )


async def move(scene: Scene, incident: Incident, service: str) -> None:
    """Move an incident to the other team, and let that one take its note along."""
    scene.pd.move(incident.id, service, by=scene.bot)
    await scene.until(lambda: "orders-api" in scene.text(incident.id))


async def test_a_list_that_was_read_before_the_move_takes_no_note_back(scene: Scene) -> None:
    other = await with_one_team_each(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    assert await writer_of_row(scene, incident) == "first"
    before_the_move = listed(scene, incident)
    await move(scene, incident, other)
    assert scene.pipeline is not None
    await scene.pipeline.updater.update(scene.records["first"], [before_the_move])
    await scene.idle()
    assert await writer_of_row(scene, incident) == "second"
    assert "orders-api" in scene.text(incident.id)


async def test_an_answer_that_comes_while_the_note_goes_takes_it_not_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await with_one_team_each(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    assert await writer_of_row(scene, incident) == "first"
    assert scene.pipeline is not None
    witness, is_moved = scene.pipeline.updater._witness, asyncio.Event()
    ask = witness.ask
    late: list[Answer] = []

    async def ask_and_wait(record: RoutingRecord, row: IncidentRow) -> Answer:
        answer = await ask(record, row)
        if record.id == "first" and not late:
            late.append(answer)
            await is_moved.wait()
        return answer

    monkeypatch.setattr(witness, "ask", ask_and_wait)
    doubtful = incident_data(scene.pd.render, incident) | {"service": {"id": "PELSEWHERE", "summary": "elsewhere"}}
    told = make_event("incident.service_updated", doubtful, None, scene.pd.clock.now(), incident.service)
    await scene.put(msgspec.json.encode(told.payload), "first")
    await scene.until(lambda: late)
    await move(scene, incident, other)
    is_moved.set()
    await scene.idle()
    assert await writer_of_row(scene, incident) == "second"
    assert "orders-api" in scene.text(incident.id)
