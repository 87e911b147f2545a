"""An integration that is deleted and made anew while its incidents are open."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from testbed.pagerduty.account.model import Incident
from testbed.scene import Scene
from tests.unit.incidents.trust.test_ordinary_days import begins
from tests.unit.incidents.trust.test_turns import writer_of_row


async def with_a_note(scene: Scene, **changes: Any) -> Incident:
    """Have an incident of a minute ago with its note; nothing but a comparison tells anybody of it."""
    scene.route(**changes)
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors", at=datetime.now(UTC) - timedelta(seconds=60))
    scene.backfill()
    await scene.until(lambda: scene.text(incident.id))
    await scene.idle()
    return incident


@pytest.mark.parametrize("direction", ["outbound", "bidirectional"])
async def test_one_that_is_made_anew_goes_on_with_the_note_that_stands(scene: Scene, direction: str) -> None:
    incident = await with_a_note(scene, direction=direction)
    scene.drop("one")
    scene.pd.acknowledge(incident.id, by=scene.bot)
    scene.route("anew", direction=direction, created_at=time.time())
    await scene.until(lambda: "Acknowledged" in scene.text(incident.id))
    scene.pd.resolve(incident.id, by=scene.bot)
    scene.backfill("anew")
    await scene.until(begins(scene, incident, "Resolved after"))
    assert await writer_of_row(scene, incident) == "anew"


async def test_one_that_is_made_anew_leaves_what_it_was_not_there_for_and_what_another_one_writes(scene: Scene) -> None:
    incident = await with_a_note(scene)
    without_note = scene.pd.trigger(scene.service, "Old", at=datetime.now(UTC) - timedelta(days=1), deliver=False)
    scene.route("anew", direction="outbound", created_at=time.time())

    async def is_compared() -> bool:
        state = await scene.store.integration_state("anew")
        return state is not None and state.compared_until is not None

    await scene.until(is_compared)
    await scene.idle()
    assert await writer_of_row(scene, incident) == "one"
    assert [await scene.store.incident("anew", each.id) for each in (incident, without_note)] == [None, None]
