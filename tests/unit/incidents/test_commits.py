"""What a note costs at the disk, and that a death at any point of its way loses it no more than it doubles it."""

import asyncio
from typing import Any

import msgspec
import pytest

from noctuary.common.errors import StoreUnavailable
from noctuary.models.incident import NoteRow
from noctuary.pagerduty.budget import MAX_CALLS_AT_ONCE
from noctuary.pagerduty.client import PagerDutyClient
from noctuary.store.changes import ScheduleRecheck
from testbed.scene import QUICK, Scene

POST = {"method": "POST", "path": "/incidents/*/notes"}
PING = b'{"event":{"id":"p","event_type":"pagey.ping","data":{"type":"ping"}}}'


class Way:
    """The points of a note's way where a process may die: before and after each commit, and around the POST."""

    def __init__(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        self.commits = 0
        self.dies_at: int | None = None
        self.is_dead = asyncio.Event()
        self._ended = asyncio.Event()
        self._passed = 0
        self._write = scene.store._database.write
        create_note = PagerDutyClient.create_note

        async def post(client: PagerDutyClient, *arguments: Any) -> Any:
            await self._point()
            answer = await create_note(client, *arguments)
            await self._point()
            return answer

        monkeypatch.setattr(scene.store._database, "write", self.write)
        monkeypatch.setattr(PagerDutyClient, "create_note", post)

    async def write(self, *work: Any) -> Any:
        self.commits += 1
        await self._point()
        answer = await self._write(*work)
        await self._point()
        return answer

    async def _point(self) -> None:
        self._passed += 1
        if self._passed == self.dies_at:
            self.is_dead.set()
        if self.is_dead.is_set():
            await self._ended.wait()
            raise StoreUnavailable("the process is dead")

    def end(self) -> None:
        """Let what the dead process had under way come to nothing."""
        self._ended.set()


async def ready(scene: Scene) -> None:
    """Run the pipeline until it knows its account and has compared once."""

    async def is_ready() -> bool:
        state = await scene.store.integration_state("one")
        return state is not None and bool(state.account) and state.compared_until is not None

    await scene.subscribe()
    scene.start()
    await scene.until(is_ready)


@pytest.fixture
async def way(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Way:
    """A note's way through a pipeline that has nothing else to do."""
    scene.timings = msgspec.structs.replace(QUICK, recheck_s=600.0)
    await ready(scene)
    return Way(scene, monkeypatch)


async def test_a_webhook_without_incident_is_kept_and_finished(scene: Scene, way: Way) -> None:
    await scene.put(PING)
    await scene.idle()
    assert way.commits == 2


async def test_webhooks_without_incident_that_come_together_are_finished_together(scene: Scene, way: Way) -> None:
    await scene.put_all([PING] * 10)
    await scene.idle()
    assert way.commits <= 10 + 2


async def test_a_note_is_kept_decided_and_posted_and_a_later_look_is_one_commit(scene: Scene, way: Way) -> None:
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(incident.id))
    await scene.idle()
    assert way.commits == 3
    await scene.store.commit(ScheduleRecheck("one", incident.id, at=0.0))
    await scene.until(lambda: _is_looked_at(scene))
    assert way.commits == 3 + 1 + 1


async def _is_looked_at(scene: Scene) -> bool:
    left = await scene.store._database.read(lambda c: c.execute("SELECT min(due_at) FROM rechecks").fetchone()[0])
    return bool(left != 0.0)


POINTS = [
    "the webhook is not kept",
    "the webhook is kept",
    "the note is not decided",
    "the note is decided and begun",
    "the note is not sent",
    "the note has arrived",
    "its arrival is not recorded",
    "its arrival is recorded",
]


@pytest.mark.parametrize("point", range(len(POINTS)), ids=POINTS)
async def test_a_death_leaves_one_note_when(
    scene: Scene, way: Way, monkeypatch: pytest.MonkeyPatch, point: int
) -> None:
    way.dies_at = point + 1
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(way.is_dead.is_set)
    await scene.stop()
    monkeypatch.undo()
    way.end()
    scene.start()
    await scene.until(lambda: scene.text(incident.id))
    await scene.idle()
    assert scene.pd.note_counts() == {incident.id: 1}


async def test_a_note_that_waits_for_a_call_of_its_token_counts_as_not_sent(scene: Scene) -> None:
    await ready(scene)
    scene.pd.rules.add("hang", **POST, seconds=600)
    incidents = [scene.pd.trigger(scene.service, f"Errors {n}") for n in range(MAX_CALLS_AT_ONCE + 3)]

    async def rows() -> list[NoteRow | None]:
        return [await scene.store.note(scene.account, each.id) for each in incidents]

    async def are_all_asked_for() -> bool:
        found = await rows()
        return None not in found and sum(_is_begun(row) for row in found) >= MAX_CALLS_AT_ONCE

    await scene.until(are_all_asked_for)
    assert sum(_is_begun(row) for row in await rows()) == MAX_CALLS_AT_ONCE
    await scene.stop()
    scene.pd.rules.clear()
    scene.start()
    await scene.idle()
    assert scene.pd.note_counts() == {incident.id: 1 for incident in incidents}


def _is_begun(row: NoteRow | None) -> bool:
    return row is not None and row.posting_since is not None
