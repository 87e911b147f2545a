"""Two integrations of one account, each with its own token: who writes, who takes over, who says that it does not."""

import asyncio
from typing import Any

import msgspec
import pytest

from noctuary.common import clock
from noctuary.incidents.outbox.wanted import wanted_note
from noctuary.models.diagnosis import Diagnosis, Verdict
from noctuary.models.evidence import AlertSummary, Evidence
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.models.routing_record import Scope, hash_secret
from noctuary.notes.note import marker_of
from noctuary.store.changes import Mutation, SaveIncident, SaveIntegrationState, SaveNote
from noctuary.store.rows import IntegrationState
from testbed.pagerduty.account.model import Incident
from testbed.pagerduty.webhooks.events import incident_data, make_event
from testbed.scene import QUICK, Scene

POST = {"method": "POST", "path": "/incidents/*/notes"}


async def two(scene: Scene, rival_wait_s: float = 600.0, **changes: Any) -> None:
    """Route `first`, which ranks before `second`, each with its own token and From."""
    scene.drop("one")
    scene.timings = msgspec.structs.replace(QUICK, rival_wait_s=rival_wait_s)
    for name, more in (("first", {"scope": Scope("service", scene.service), **changes}), ("second", {})):
        scene.pd.add_user(name, f"{name}@example.com")
        scene.route(name, api_token=scene.pd.add_token(), from_email=f"{name}@example.com", **more)
    for name in ("first", "second"):
        await scene.subscribe(name)
    scene.start()
    await scene.until(lambda: knows(scene, "second"))


async def knows(scene: Scene, name: str) -> bool:
    state = await scene.store.integration_state(name)
    return state is not None and state.account is not None


async def both_know(scene: Scene) -> bool:
    return await knows(scene, "first") and await knows(scene, "second")


async def both_are_compared(scene: Scene, since: float = 0.0) -> bool:
    states = [await scene.store.integration_state(name) for name in ("first", "second")]
    return all(state is not None and (state.compared_until or -1.0) >= since for state in states)


async def changed_and_compared(scene: Scene, **change: Any) -> None:
    """Change `first`; no comparison that is still to be answered has a refused note of its tried anew."""
    await scene.until(lambda: both_know(scene))
    changed_at = clock.now()
    scene.route("first", **change)
    scene.backfill("second")
    await scene.until(lambda: both_are_compared(scene, changed_at))


async def writer(scene: Scene, incident: Incident) -> str:
    """Return who wrote the only note, by its author and by its row, which agree."""
    await scene.until(lambda: scene.text(incident.id))
    await scene.idle()
    note = await scene.store.note(scene.account, incident.id)
    assert note is not None
    assert note.marker == marker_of(note.integration_id, scene.pd.url, incident.id)
    assert [each.user.name for each in scene.pd.notes(incident.id)] == [note.integration_id]
    return note.integration_id


async def displaced(scene: Scene, name: str) -> tuple[str | None, str | None]:
    state = await scene.state(name)
    return state.displaced_by, state.displaced_incident


async def test_the_first_rank_writes_and_the_other_says_so(scene: Scene) -> None:
    await two(scene, rival_wait_s=10.0)
    await scene.until(lambda: both_know(scene))
    incident = scene.pd.trigger(scene.service, "Errors")
    assert await writer(scene, incident) == "first"

    async def is_told() -> bool:
        return await displaced(scene, "second") == ("first", incident.id)

    await scene.until(is_told)
    assert await displaced(scene, "first") == (None, None)


async def test_a_note_that_is_being_posted_is_looked_at_again_after_one_wait(scene: Scene) -> None:
    await two(scene, rival_wait_s=600.0)
    await scene.until(lambda: both_know(scene))
    incident = scene.pd.trigger(scene.service, "Errors", deliver=False)
    posting = NoteRow(
        account=scene.account, incident_id=incident.id, integration_id="first", marker="nct:first", text="on its way"
    )
    posting.posting_since, posting.next_attempt_at = clock.now(), clock.now() + 3600
    await scene.store.commit(SaveNote(posting))
    scene.pd.acknowledge(incident.id, by=scene.bot)
    await scene.until(lambda: _row(scene, "second", incident))
    assert await scene.store.claim_visits(9, 60, clock.now() + 601) == [("second", incident.id)]


async def test_each_writes_with_its_own_token_only(scene: Scene) -> None:
    await two(scene)
    await scene.until(lambda: both_know(scene))
    incidents = [scene.pd.trigger(scene.service, f"Errors {n}") for n in range(5)]
    for incident in incidents:
        assert await writer(scene, incident) == "first"
    calls = scene.pd.calls_with(scene.records["second"].api_token or "")
    assert {call.method for call in calls} == {"GET"}


async def test_one_whose_webhook_never_comes_is_waited_for_and_then_done_without(scene: Scene) -> None:
    await two(scene, rival_wait_s=1.0)
    await scene.until(lambda: both_know(scene))
    scene.pd.unsubscribe(next(iter(scene.pd.courier.subscriptions)))
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: _row(scene, "second", incident))
    assert scene.pd.notes(incident.id) == []
    assert await writer(scene, incident) == "second"


async def test_when_the_first_is_refused_its_read_the_second_rank_writes_and_not_the_third(scene: Scene) -> None:
    await two(scene, rival_wait_s=2.0)
    await scene.until(lambda: both_know(scene))
    scene.pd.add_user("narrow", "narrow@example.com")
    narrow = {"from_email": "narrow@example.com", "scope": Scope("service", scene.service)}
    scene.route("narrow", api_token=scene.pd.add_token(), **narrow)
    proof = IntegrationState(id="narrow", proven_token_sha256=hash_secret("token-narrow"))
    await scene.store.commit(SaveIntegrationState(proof))
    await scene.until(lambda: knows(scene, "narrow"))
    scene.pd.account.keys.pop(scene.records["first"].api_token or "")
    scene.pd.unsubscribe(next(iter(scene.pd.courier.subscriptions)))
    incident = scene.pd.trigger(scene.service, "Errors")
    event = make_event("incident.triggered", incident_data(scene.pd.render, incident), None, scene.pd.clock.now(), None)
    await scene.until(lambda: _row(scene, "second", incident))
    await scene.put(msgspec.json.encode(event.payload), "narrow")  # its wait begins after the third rank's
    await scene.until(lambda: _row(scene, "narrow", incident))
    await scene.put(msgspec.json.encode(event.payload), "first")
    assert await writer(scene, incident) == "narrow"


async def _row(scene: Scene, name: str, incident: Incident) -> bool:
    row = await scene.store.incident(name, incident.id)
    return row is not None and row.confirmed_at is not None


async def test_the_wait_for_a_rival_survives_a_restart(scene: Scene) -> None:
    await two(scene, rival_wait_s=3.0)
    await scene.until(lambda: both_know(scene))
    scene.pd.unsubscribe(next(iter(scene.pd.courier.subscriptions)))
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: _row(scene, "second", incident))
    await scene.stop()
    scene.start()
    assert await writer(scene, incident) == "second"


@pytest.mark.parametrize("refused", ["read-only token", "From"])
async def test_when_the_first_is_refused_the_next_takes_over_at_once(scene: Scene, refused: str) -> None:
    scene.timings = msgspec.structs.replace(QUICK, rival_wait_s=3600.0)
    change = (
        {"from_email": "nobody@example.com"} if refused == "From" else {"api_token": scene.pd.add_token(read_only=True)}
    )
    await two(scene)
    await changed_and_compared(scene, **change)
    incident = scene.pd.trigger(scene.service, "Errors")
    assert await writer(scene, incident) == "second"


async def test_a_refusal_that_comes_while_the_next_still_looks_ends_his_wait_too(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = scene.store.commit

    async def after_the_refusal(*changes: Mutation) -> None:
        if any(isinstance(each, SaveIncident) and each.row.integration_id == "second" for each in changes):
            await scene.until(lambda: scene.counted("noctuary_notes_total", outcome="refused"))
        await commit(*changes)

    await two(scene)
    await changed_and_compared(scene, from_email="nobody@example.com")
    monkeypatch.setattr(scene.store, "commit", after_the_refusal)
    incident = scene.pd.trigger(scene.service, "Errors")
    assert await writer(scene, incident) == "second"


async def test_one_whose_budget_is_used_up_keeps_the_note_from_nobody(scene: Scene) -> None:
    await two(scene, rival_wait_s=1.0)
    await scene.until(lambda: both_know(scene))
    incident = scene.pd.trigger(scene.service, "Errors", deliver=False)
    pending = NoteRow(
        account=scene.account,
        incident_id=incident.id,
        integration_id="first",
        marker="nct:first",
        text="never sent",
        next_attempt_at=clock.now() + 3600,
        created_at=clock.now(),
    )
    await scene.store.commit(SaveNote(pending))
    scene.pd.unsubscribe(next(iter(scene.pd.courier.subscriptions)))
    scene.pd.acknowledge(incident.id, by=scene.bot)
    assert await writer(scene, incident) == "second"


async def test_a_note_that_stands_stays_with_its_writer_whoever_comes_later(scene: Scene) -> None:
    await two(scene)
    scene.route("first", suspend=True)
    incident = scene.pd.trigger(scene.service, "Errors")
    assert await writer_of_row(scene, incident) == "second"
    scene.route("first", suspend=False)
    scene.pd.acknowledge(incident.id, by=scene.bot)
    await scene.until(lambda: "Acknowledged" in scene.text(incident.id))
    assert await writer_of_row(scene, incident) == "second"


async def writer_of_row(scene: Scene, incident: Incident) -> str:
    await scene.until(lambda: scene.text(incident.id))
    note = await scene.store.note(scene.account, incident.id)
    assert note is not None
    return note.integration_id


async def test_a_note_whose_writer_is_gone_is_taken_over_by_edit(scene: Scene) -> None:
    await two(scene)
    await scene.until(lambda: both_know(scene))
    incident = scene.pd.trigger(scene.service, "Errors")
    assert await writer(scene, incident) == "first"
    scene.drop("first")
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(lambda: scene.text(incident.id).startswith("Resolved after"))
    assert await writer_of_row(scene, incident) == "second"


async def test_a_note_whose_writer_is_suspended_is_taken_over_by_edit_and_kept(scene: Scene) -> None:
    await two(scene)
    await scene.until(lambda: both_know(scene))
    incident = scene.pd.trigger(scene.service, "Errors")
    assert await writer(scene, incident) == "first"
    scene.route("first", suspend=True)
    scene.pd.acknowledge(incident.id, by=scene.bot)
    await scene.until(lambda: "Acknowledged" in scene.text(incident.id))
    scene.route("first", suspend=False)
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(lambda: scene.text(incident.id).startswith("Resolved after"))
    assert (await writer_of_row(scene, incident), len(scene.pd.notes(incident.id))) == ("second", 1)


async def test_a_restart_reads_no_account_again(scene: Scene) -> None:
    await two(scene)
    await scene.until(lambda: both_know(scene))
    asked = len([call for call in scene.pd.calls if call.path == "/services"])
    await scene.stop()
    scene.start()
    await asyncio.sleep(0.5)
    incident = scene.pd.trigger(scene.service, "Errors")
    assert await writer(scene, incident) == "first"
    assert (asked, len([call for call in scene.pd.calls if call.path == "/services"])) == (2, 2)


async def test_integrations_of_one_token_learn_their_account_by_one_read(scene: Scene) -> None:
    for number in range(20):
        scene.route(f"more {number}")
    scene.start()

    async def all_know() -> bool:
        return all([await knows(scene, f"more {number}") for number in range(20)])

    await scene.until(all_know)
    assert len([call for call in scene.pd.calls if call.path == "/services"]) == 1


async def test_how_an_api_is_spelled_makes_no_rival_and_no_second_note(scene: Scene) -> None:
    spelled = scene.pd.url.replace("http://", "HTTP://") + "/."
    await two(scene)
    await scene.until(lambda: both_know(scene))
    scene.route("first", api_url=spelled)
    await scene.until(lambda: both_know(scene))
    incident = scene.pd.trigger(scene.service, "Errors")
    assert await writer(scene, incident) == "first"
    assert scene.pd.note_counts() == {incident.id: 1}


async def test_many_who_take_over_one_by_one_make_the_others_wait_once(scene: Scene) -> None:
    begun, now = clock.now() - 9.0, clock.now()
    row = IncidentRow(integration_id="third", incident_id="Q1", api_url=scene.pd.url, account=scene.account)
    evidence = Evidence(Diagnosis(next(iter(Verdict)), now, now - 60, [], []), AlertSummary(), [])
    note = None
    for name in ("first", "second", "third"):
        note = wanted_note(scene.route(name), row, evidence, note, look_first=False)
        assert note is not None
        note.created_at = begun if name == "first" else note.created_at
    assert note is not None
    assert (note.integration_id, note.created_at) == ("third", begun)


async def test_whoever_loses_a_note_that_was_not_sent_looks_again(scene: Scene) -> None:
    await two(scene, rival_wait_s=600.0)
    await scene.until(lambda: both_know(scene))
    scene.pd.rules.add("hang", **POST, seconds=600)
    incident = scene.pd.trigger(scene.service, "Errors", deliver=False)
    lost = NoteRow(
        account=scene.account, incident_id=incident.id, integration_id="second", marker="nct:second", text="unsent"
    )
    lost.next_attempt_at = clock.now() + 3600
    await scene.store.commit(SaveNote(lost))
    scene.pd.unsubscribe(list(scene.pd.courier.subscriptions)[-1])
    scene.pd.acknowledge(incident.id, by=scene.bot)

    async def is_taken() -> bool:
        note = await scene.store.note(scene.account, incident.id)
        return note is not None and note.integration_id == "first"

    await scene.until(is_taken)
    assert await scene.store.claim_visits(9, 60, clock.now() + 601) == [("second", incident.id)]
