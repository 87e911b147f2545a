"""Two pipelines over one store, as two processes would be: one note each, whatever both begin at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from noctuary.incidents.pipeline import IncidentPipeline
from testbed.scene import QUICK, Scene

INCIDENTS = 32
POST = {"method": "POST", "path": "/incidents/*/notes"}


@pytest.fixture
async def both(scene: Scene) -> AsyncIterator[Scene]:
    """The scene with its pipeline and a second one over the same store."""
    await scene.subscribe()
    scene.start()
    second = IncidentPipeline(scene.store, scene.routing, scene.http, scene.metrics, timings=QUICK)
    task = asyncio.create_task(second.run())
    yield scene
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [("lose-answer", {"every": 2})],
        [("lose-answer", {"probability": 0.3, "seed": 7}), ("hide-note", {"seconds": 0.4})],
        [("server-error", {"times": 10, "status": 500})],
    ],
    ids=["no faults", "lost answers", "lost answers and late lists", "errors"],
)
async def test_each_incident_gets_one_note(both: Scene, rules: list[tuple[str, dict[str, Any]]]) -> None:
    for action, options in rules:
        both.pd.rules.add(action, **POST, **options)
    incidents = [both.pd.trigger(both.service, f"Errors {n}") for n in range(INCIDENTS)]
    await both.until(lambda: all(both.pd.notes(each.id) for each in incidents))
    await both.idle()
    assert both.pd.note_counts() == {incident.id: 1 for incident in incidents}
    assert both.pd.violations == []
    assert rules or not any(incident.deleted_notes for incident in incidents)


async def test_each_note_ends_as_its_incident_did(both: Scene) -> None:
    incidents = [both.pd.trigger(both.service, f"Errors {n}") for n in range(INCIDENTS)]
    for incident in incidents:
        both.pd.acknowledge(incident.id, by=both.bot)
        both.pd.resolve(incident.id, by=both.bot)
    await both.until(lambda: all(both.text(each.id).startswith("Resolved after") for each in incidents))
    await both.idle()
    assert both.pd.note_counts() == {incident.id: 1 for incident in incidents}


async def test_backfills_of_both_find_each_incident_once(both: Scene) -> None:
    a_minute_ago = datetime.now(UTC) - timedelta(minutes=1)
    incidents = [both.pd.trigger(both.service, f"Errors {n}", at=a_minute_ago, deliver=False) for n in range(INCIDENTS)]
    both.backfill()
    await both.until(lambda: all(both.pd.notes(each.id) for each in incidents))
    await both.idle()
    assert both.pd.note_counts() == {incident.id: 1 for incident in incidents}


async def test_a_reopened_incident_is_diagnosed_once_by_both(both: Scene) -> None:
    a_minute_ago = datetime.now(UTC) - timedelta(minutes=1)
    incidents = [both.pd.trigger(both.service, f"Errors {n}", at=a_minute_ago) for n in range(8)]
    for incident in incidents:
        both.pd.resolve(incident.id, by=both.bot)
    await both.until(lambda: all(both.text(each.id).startswith("Resolved after") for each in incidents))
    for incident in incidents:
        both.pd.reopen(incident.id, by=both.bot)
        both.backfill()
    await both.until(lambda: all("Reopened at" in both.text(each.id) for each in incidents))
    await both.idle()
    edits = Counter(call.path.split("/")[2] for call in both.pd.calls if call.method == "PUT")
    assert both.pd.note_counts() == {incident.id: 1 for incident in incidents}
    assert max(edits.values()) <= 2
