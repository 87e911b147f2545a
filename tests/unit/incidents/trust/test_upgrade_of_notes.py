"""A store and notes of the release before accounts were known: after the upgrade none is doubled and none is lost."""

import json
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from noctuary.models.routing_record import Scope
from noctuary.store.sqlite.store import FILE_NAME
from testbed.pagerduty.account.model import IncidentStatus, Note
from testbed.polling import until
from testbed.scene import Scene, pipeline_scene

FIXTURES = Path(__file__).parent / "fixtures"
KEPT: dict[str, Any] = json.loads((FIXTURES / "before-accounts.json").read_text())
INCIDENTS: dict[str, Any] = KEPT["incidents"]
_TABLES = {"incidents": "incident", "notes": "note"}


def _move_to(directory: Path, url: str) -> None:
    """Have the old store's API where the simulator of this test listens."""
    directory.mkdir()
    shutil.copy(FIXTURES / "before-accounts.sqlite", directory / FILE_NAME)
    spelled = url.replace("http://", "HTTP://") + "/."
    with closing(sqlite3.connect(directory / FILE_NAME)) as old, old:
        for table, column in _TABLES.items():
            for before, after in ((KEPT["url"], url), (KEPT["spelled"], spelled)):
                old.execute(
                    f"UPDATE {table} SET account = ?2,"  # noqa: S608 - constants
                    f" {column} = CAST(json_set(CAST({column} AS TEXT), '$.account', ?2) AS BLOB) WHERE account = ?1",
                    (before, after),
                )
        old.execute("UPDATE facts SET compared_until = unixepoch() - 60")


def _fill(scene: Scene) -> None:
    """Have the incidents and notes in PagerDuty that the old release left there."""
    other = scene.pd.add_service("other")
    for told in INCIDENTS.values():
        service = other if told["service"] == "other" else scene.service
        incident = scene.pd.trigger(service, told["title"], deliver=False, at=datetime.now(UTC))
        known = scene.pd.account.incidents
        del known[incident.id]
        incident.id, incident.status = told["id"], IncidentStatus(told["status"])
        known[incident.id] = incident
        for note in told["notes"]:
            now = datetime.now(UTC)
            incident.notes.append(Note(note["id"], scene.bot, note["content"], now, now))
    scene.route("one", created_at=1.0)
    scene.route("two", created_at=2.0, scope=Scope("service", other))


@pytest.fixture
async def upgraded(tmp_path: Path) -> AsyncIterator[Scene]:
    """The scene over the old store, with the same incidents and notes in PagerDuty."""
    async with pipeline_scene(tmp_path / "store", prepare=_move_to) as scene:
        _fill(scene)
        for integration_id in ("one", "two"):
            await scene.subscribe(integration_id)
        scene.start()
        yield scene


def one_each() -> dict[str, int]:
    return {told["id"]: 1 for told in INCIDENTS.values()}


async def test_every_incident_has_one_note_after_the_upgrade(upgraded: Scene) -> None:
    await upgraded.until(lambda: upgraded.pd.note_counts() == one_each())
    await upgraded.idle()
    assert upgraded.pd.note_counts() == one_each()


async def test_what_becomes_of_the_incidents_is_edited_into_the_notes_that_stood(upgraded: Scene) -> None:
    stood = {note["id"] for told in INCIDENTS.values() for note in told["notes"]}
    await upgraded.until(lambda: upgraded.pd.note_counts() == one_each())
    open_ones = [told["id"] for told in INCIDENTS.values() if told["status"] != "resolved"]
    for incident_id in open_ones:
        upgraded.pd.resolve(incident_id, by=upgraded.bot)
    await upgraded.until(lambda: all(upgraded.text(each).startswith("Resolved after") for each in open_ones))
    await upgraded.idle()
    assert upgraded.pd.note_counts() == one_each()
    assert stood <= {note.id for each in upgraded.pd.account.incidents.values() for note in each.notes}
    assert upgraded.pd.violations == []


@pytest.mark.parametrize("gone", [False, True])
async def test_a_note_is_kept_by_its_writer_and_taken_over_when_that_is_gone(upgraded: Scene, *, gone: bool) -> None:
    incident_id = INCIDENTS["of two"]["id"]
    await upgraded.until(lambda: upgraded.pd.note_counts() == one_each())
    if gone:
        upgraded.drop("two")
    upgraded.pd.resolve(incident_id, by=upgraded.bot)
    await upgraded.until(lambda: upgraded.text(incident_id).startswith("Resolved after"))
    note = await upgraded.store.note(upgraded.account, incident_id)
    assert note is not None
    assert (note.integration_id, note.note_id) == ("one" if gone else "two", INCIDENTS["of two"]["notes"][0]["id"])


async def test_of_rows_that_differed_in_spelling_the_one_whose_note_stands_is_left(upgraded: Scene) -> None:
    incident_id = INCIDENTS["spelled"]["id"]

    async def known() -> bool:
        return await upgraded.store.incident("one", incident_id) is not None

    await until("the incident is kept", known, bool)
    assert (await upgraded.incident(incident_id)).api_url == upgraded.pd.url
    await upgraded.idle()
    assert [note.id for note in upgraded.pd.notes(incident_id)] == [INCIDENTS["spelled"]["notes"][0]["id"]]
