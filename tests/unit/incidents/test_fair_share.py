"""One integration's backlog, slow calls, refusals and errors delay nobody else's: proved by order and count."""

import asyncio
import time
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from noctuary.common.backoff import Backoff
from noctuary.common.errors import StoreUnavailable
from noctuary.incidents.slots import Slots
from noctuary.models.incident import NoteRow
from noctuary.models.routing_record import Scope
from noctuary.pagerduty.client import PagerDutyClient
from noctuary.store.changes import FinishWebhook, ParkWebhook, SaveNote
from testbed.scene import QUICK, Scene


def webhook(incident_id: str, event_id: str = "e", status: str = "triggered") -> bytes:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    data = {"type": "incident", "id": incident_id, "status": status, "created_at": at}
    event = {"id": event_id, "event_type": f"incident.{status}", "occurred_at": at, "data": data}
    return msgspec.json.encode({"event": event})


@pytest.fixture
def teams(scene: Scene) -> tuple[str, str]:
    """Two integrations of two services, each with a token of its own."""
    other = scene.pd.add_service("other-api")
    scene.route("one", scope=Scope("service", scene.service))
    scene.route("two", scope=Scope("service", other), api_token=scene.pd.add_token())
    return scene.service, other


async def told(scene: Scene, integration_id: str, service: str, count: int) -> list[str]:
    """Open incidents and store the webhook of each."""
    made = [scene.pd.trigger(service, f"Errors {n}", deliver=False).id for n in range(count)]
    for each in made:
        await scene.put(webhook(each, event_id=f"event of {each}"), integration_id)
    return made


async def test_slow_notes_of_one_integration_hold_up_no_other(scene: Scene, teams: tuple[str, str]) -> None:
    mine, other = teams
    slow = await told(scene, "one", mine, 200)
    for each in slow:
        scene.pd.rules.add("hang", method="POST", path=f"/incidents/{each}/notes", seconds=600)
    scene.start()
    await scene.until(lambda: [call for call in scene.pd.calls if call.method == "POST"])
    [quick] = await told(scene, "two", other, 1)
    await scene.until(lambda: scene.text(quick))
    assert sum(scene.pd.note_counts()[each] for each in slow) == 0


async def test_the_webhooks_of_a_suspended_integration_are_put_aside_once(
    scene: Scene, teams: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = teams
    scene.route("one", suspend=True)
    held = await told(scene, "one", mine, 300)
    written: list[Any] = []
    commit = scene.store.commit

    async def counted(*changes: Any) -> None:
        written.extend(changes)
        await commit(*changes)

    monkeypatch.setattr(scene.store, "commit", counted)
    scene.start()
    [quick] = await told(scene, "two", other, 1)
    await scene.until(lambda: scene.text(quick))
    await scene.until(lambda: sum(isinstance(change, ParkWebhook) for change in written) == 300)
    await asyncio.sleep(1.5)
    assert sum(isinstance(change, ParkWebhook) for change in written) == 300
    scene.route("one", suspend=False)
    await scene.until(lambda: all(scene.pd.note_counts()[each] for each in held[:20]), timeout_s=120)


async def test_what_was_put_aside_is_worked_when_its_integration_is_back_after_a_restart(scene: Scene) -> None:
    scene.route(suspend=True)
    [held] = await told(scene, "one", scene.service, 1)
    scene.start()
    await scene.until(scene.store.integrations_with_parked_webhooks)
    await scene.stop()
    scene.route(suspend=False)
    scene.start()
    await scene.until(lambda: scene.text(held))


async def test_what_came_and_went_during_a_long_suspension_gets_no_note(scene: Scene) -> None:
    scene.route(suspend=True)
    scene.start()
    gone = await told(scene, "one", scene.service, 60)
    for each in gone:
        scene.pd.resolve(each, deliver=False)
        await scene.put(webhook(each, f"end of {each}", "resolved"))
    await scene.until(lambda: _parked(scene, 120))
    scene.route(suspend=False)
    await scene.idle()
    assert scene.pd.note_counts() == dict.fromkeys(gone, 0)


async def _parked(scene: Scene, count: int) -> bool:
    found = await scene.store._database.read(
        lambda c: c.execute("SELECT count(*) FROM inbox WHERE parked = 1 AND finished_at IS NULL").fetchone()[0]
    )
    return bool(found == count)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"api_token": "tökén"}, "spec.apiTokenSecretRef"), ({"from_email": "jürgen@example.com"}, "spec.from")],
)
async def test_a_credential_that_cannot_be_sent_is_its_own_integrations_failure(
    scene: Scene, teams: tuple[str, str], changes: dict[str, str], words: str
) -> None:
    mine, other = teams
    scene.route("one", **changes)
    broken = await told(scene, "one", mine, 40)
    scene.start()
    [quick] = await told(scene, "two", other, 1)
    await scene.until(lambda: scene.text(quick))
    await scene.until(lambda: _waiting(scene, visits=40))
    assert words in str((await scene.state("one")).last_failure_reason)
    scene.route("one", api_token=scene.token, from_email="bot@example.com")
    await scene.until(lambda: all(scene.pd.note_counts()[each] for each in broken))


async def _waiting(scene: Scene, visits: int) -> bool:
    rows = await scene.store._database.read(
        lambda c: c.execute("SELECT count(*) FROM visits WHERE due_at > ?", (time.time() + 60,)).fetchone()[0]
    )
    return bool(rows == visits)


async def test_an_error_that_nobody_foresaw_is_told_and_not_tried_at_once_again(
    scene: Scene, teams: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = teams
    scene.timings = msgspec.structs.replace(QUICK, backoff=Backoff(600.0, 600.0), recheck_s=600.0)
    broken = await told(scene, "one", mine, 40)
    create_note, tried = PagerDutyClient.create_note, []

    async def fail(self: PagerDutyClient, incident_id: str, *rest: Any) -> Any:
        if incident_id not in broken:
            return await create_note(self, incident_id, *rest)
        tried.append(incident_id)
        raise ZeroDivisionError

    monkeypatch.setattr(PagerDutyClient, "create_note", fail)
    with capture_logs():  # forty tracebacks with all their variables take a busy machine a minute to render
        scene.start()
        [quick] = await told(scene, "two", other, 1)
        await scene.until(lambda: scene.text(quick))
        await scene.until(lambda: _put_off(scene, broken))
    assert "ZeroDivisionError" in str((await scene.state("one")).last_failure_reason)
    assert sorted(tried) == sorted(broken)


async def _put_off(scene: Scene, incident_ids: list[str]) -> bool:
    rows = [await scene.store.note(scene.account, each) for each in incident_ids]
    return all(row is not None and row.attempts >= 1 and row.next_attempt_at > row.created_at + 60 for row in rows)


async def test_webhooks_whose_end_cannot_be_stored_are_due_as_their_rows_say(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("noctuary.incidents.waker.STORE_PAUSE_S", 0.01)
    commit = scene.store.commit
    refused: list[Any] = []

    async def full_at_first(*changes: Any) -> None:
        if len(refused) < 3 and any(isinstance(change, FinishWebhook) for change in changes):
            refused.append(changes)
            raise StoreUnavailable("disk full")
        await commit(*changes)

    monkeypatch.setattr(scene.store, "commit", full_at_first)
    [incident] = await told(scene, "one", scene.service, 1)
    await scene.put(b"no webhook at all")
    scene.start()
    await scene.until(lambda: scene.text(incident), timeout_s=30)  # half a lease
    await scene.idle()


async def test_an_end_releases_every_claim(scene: Scene) -> None:
    rows = [
        NoteRow(account=scene.pd.url, incident_id=f"Q{n}", integration_id="one", marker="m", text="t")
        for n in range(40)
    ]
    await scene.store.commit(*(SaveNote(row) for row in rows))
    scene.pd.rules.add("hang", method="POST", path="/incidents/*/notes", seconds=600)
    scene.start()
    await scene.until(lambda: [call for call in scene.pd.calls if call.method == "POST"])
    await scene.stop()
    assert len(await scene.store.claim_notes(100, 60, time.time())) == 40


def test_a_hundred_integrations_that_take_all_they_may_leave_a_slot_for_another() -> None:
    slots = Slots(128, 16)
    for _ in range(20):
        for name in (f"greedy {n}" for n in range(100)):
            if slots.share().room(name) > 0:
                slots.take(name)
    assert slots.free > 0
    assert slots.share().room("another") > 0


def test_one_integration_alone_gets_no_more_than_its_most() -> None:
    slots = Slots(128, 16)
    while slots.share().room("alone") > 0:
        slots.take("alone")
    assert slots.free == 112


async def test_a_claim_is_no_commit_of_its_own(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    write, written = scene.store._database.write, []

    async def counted(*work: Any) -> Any:
        written.append(work)
        return await write(*work)

    await scene.subscribe()
    scene.start()
    await scene.until(lambda: _knows_account(scene))
    monkeypatch.setattr(scene.store._database, "write", counted)
    await scene.put(b'{"event":{"id":"p","event_type":"pagey.ping","data":{"type":"ping"}}}')
    await scene.idle()
    assert len(written) == 2  # kept, finished
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(incident.id))
    await scene.idle()
    assert len(written) <= 2 + 3 + 2  # kept, decided and begun, posted; and its two later looks


async def _knows_account(scene: Scene) -> bool:
    state = await scene.store.integration_state("one")
    return state is not None and bool(state.account) and state.compared_until is not None
