"""Every pair of what a team can sign and what of another team's it can name: nothing of the other's changes."""

import itertools

import msgspec
import pytest

from noctuary.models.routing_record import Scope
from noctuary.notes.note import marker_of
from testbed.pagerduty.account.account import Call
from testbed.pagerduty.account.model import Incident
from testbed.scene import QUICK, Scene
from tests.unit.incidents.trust.rivals import FORGER, SECRET_WORD, SIGNERS, VICTIM, Rivals

SCOPES = ("account", "the victim's service")
PAIRS = list(itertools.product(SIGNERS, SCOPES))


async def rivals_of(scene: Scene, signer: str, scope: str) -> Rivals:
    rivals = Rivals(scene)
    await rivals.set_up(signer, Scope() if scope == "account" else Scope("service", scene.service))
    return rivals


def of_victim(scene: Scene, incident: Incident) -> list[Call]:
    """Return the calls about an incident that came with the victim's token."""
    return [call for call in scene.pd.calls_with(scene.token) if incident.id in call.path]


@pytest.mark.parametrize(("signer", "scope"), PAIRS)
async def test_a_note_that_stands_is_neither_frozen_nor_falsified(scene: Scene, signer: str, scope: str) -> None:
    rivals = await rivals_of(scene, signer, scope)
    await scene.subscribe(VICTIM)
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: SECRET_WORD in scene.text(incident.id))
    await scene.idle()
    text, row, calls = scene.text(incident.id), await rivals.victims_row(incident), len(of_victim(scene, incident))
    for body in rivals.forged(incident):
        await scene.put(body, FORGER)
    await scene.until(rivals.worked)
    await scene.until(rivals.worked)
    assert (scene.text(incident.id), await rivals.victims_row(incident)) == (text, row)
    assert len(of_victim(scene, incident)) == calls
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(lambda: scene.text(incident.id).startswith("Resolved after"))


@pytest.mark.parametrize(("signer", "scope"), PAIRS)
async def test_whoever_posts_first_takes_no_note_and_makes_no_call_of_the_other(
    scene: Scene, signer: str, scope: str
) -> None:
    rivals = await rivals_of(scene, signer, scope)
    await scene.subscribe(VICTIM)
    scene.accepts_webhooks = False
    scene.timings = msgspec.structs.replace(QUICK, rival_wait_s=60.0)
    scene.start()
    await scene.until(rivals.victim_is_known)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.pd.drained()
    await scene.put_all(rivals.forged(incident), FORGER)
    await scene.until(rivals.worked)
    assert [call.method for call in of_victim(scene, incident)] == []
    scene.accepts_webhooks = True
    scene.pd.acknowledge(incident.id, by=scene.bot)
    await scene.until(lambda: SECRET_WORD in scene.text(incident.id))
    note = await rivals.note(incident)
    assert note is not None
    assert (note.integration_id, note.marker) == (VICTIM, marker_of(VICTIM, scene.records[VICTIM].api_url, incident.id))
    assert "Acknowledged at" in scene.text(incident.id)
    assert "Resolved" not in scene.text(incident.id)


@pytest.mark.parametrize("signer", ["another account", "bogus token", "no token"])
async def test_what_pagerduty_does_not_confirm_gets_no_note_and_few_reads(scene: Scene, signer: str) -> None:
    rivals = await rivals_of(scene, signer, "account")
    incident = scene.pd.trigger(scene.service, "Errors", deliver=False)
    scene.start()
    await scene.put(rivals.webhook(incident, "triggered", "now", "the victim's", "the victim's"), FORGER)
    await scene.until(rivals.worked)
    row = await scene.incident(incident.id, FORGER)
    assert (row.account, row.confirmed_at, scene.pd.notes(incident.id)) == ("", None, [])


async def test_one_who_may_read_the_incident_never_shows_the_others_context(scene: Scene) -> None:
    rivals = await rivals_of(scene, "same account", "account")
    incident = scene.pd.trigger(scene.service, "Errors", deliver=False)
    scene.start()
    await scene.put(rivals.webhook(incident, "triggered", "now", "", "the victim's"), FORGER)
    await scene.until(lambda: scene.text(incident.id))
    assert SECRET_WORD not in scene.text(incident.id)
    assert [note.user for note in scene.pd.notes(incident.id)] == [rivals.forger_bot]


async def test_the_claimed_service_is_overruled_by_the_real_one(scene: Scene) -> None:
    rivals = await rivals_of(scene, "same account", "account")
    incident = scene.pd.trigger(rivals.forger_service, "Errors", deliver=False)
    for service in ("the victim's", "none"):
        await scene.put(rivals.webhook(incident, "resolved", "year 9999", "his own", service), FORGER)
    scene.start()  # now: a state that is told after the confirmation is believed
    await scene.until(lambda: scene.text(incident.id))
    row = await scene.incident(incident.id, FORGER)
    assert (row.service_id, row.status, row.account) == (rivals.forger_service, "triggered", scene.account)
    assert (row.title, SECRET_WORD in scene.text(incident.id)) == ("Errors", False)
