"""Claims are confirmed with the integration's own token: one read each, and lists when many wait."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from noctuary.common import clock
from noctuary.common.errors import PagerDutyError
from noctuary.incidents.trust.confirmation import MAX_SINGLY, Confirmer
from noctuary.models.incident import IncidentRow
from noctuary.models.routing_record import RoutingRecord, Scope
from noctuary.pagerduty.client import PagerDutyClients
from testbed.pagerduty.account.model import Incident
from testbed.scene import Scene

READ = {"method": "GET", "path": "/incidents/*"}


async def started(scene: Scene) -> None:
    await scene.subscribe()
    scene.start()


def reads(scene: Scene) -> list[str]:
    """Return the single reads of incidents."""
    return [call.path for call in scene.pd.calls if call.method == "GET" and call.path.count("/") == 2]


async def test_an_incident_is_read_once_however_often_it_is_told_of(scene: Scene) -> None:
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(incident.id))
    scene.pd.acknowledge(incident.id, by=scene.bot)
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(lambda: scene.text(incident.id).startswith("Resolved"))
    assert reads(scene) == [f"/incidents/{incident.id}"]
    assert (await scene.incident(incident.id)).account == scene.account


async def test_it_is_read_beside_the_alerts_so_that_the_note_is_no_later(scene: Scene) -> None:
    scene.pd.rules.add("hang", method="GET", path="/incidents/*/alerts", seconds=60)
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: f"/incidents/{incident.id}" in reads(scene))
    assert not [call for call in scene.pd.calls if call.path.endswith("/alerts") and call.status is not None]


@pytest.mark.parametrize(
    ("action", "options"),
    [
        ("server-error", {"times": 2}),
        ("lose-answer", {"times": 1}),
        ("server-error", {"status": 404, "times": 2}),
        ("server-error", {"status": 403, "times": 2}),
        ("rate-limit", {"times": 1, "seconds": 1}),
    ],
)
async def test_what_pagerduty_does_not_show_at_once_is_asked_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, action: str, options: dict[str, Any]
) -> None:
    monkeypatch.setattr("noctuary.pagerduty.budget.MAX_PAUSE_S", 1.2)
    scene.pd.rules.add(action, **READ, **options)
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(incident.id))
    assert scene.pd.note_counts() == {incident.id: 1}
    assert scene.pd.violations == []


async def _is_compared(scene: Scene) -> bool:
    state = await scene.store.integration_state("one")
    return state is not None and state.compared_until is not None


async def test_what_it_never_shows_is_asked_a_few_times_and_kept_without_a_note(scene: Scene) -> None:
    scene.pd.rules.add("server-error", **READ, status=404)
    await started(scene)
    await scene.until(lambda: _is_compared(scene))  # a list would show it
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: len(reads(scene)) == 5)

    async def is_given_up() -> bool:
        return (await scene.incident(incident.id)).confirm_tries == 5

    await scene.until(is_given_up)
    assert await scene.store.claim_visits(10, 60, clock.now() + 1e6) == []
    assert scene.pd.notes(incident.id) == []
    scene.pd.rules.clear()
    scene.pd.acknowledge(incident.id, by=scene.bot)
    await scene.until(lambda: scene.text(incident.id))


async def test_an_unconfirmed_incident_is_asked_about_after_a_restart(scene: Scene) -> None:
    scene.pd.rules.add("server-error", **READ, status=503)
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: reads(scene))
    await scene.until(lambda: _visit_is_stored(scene))
    await scene.stop()
    scene.pd.rules.clear()
    scene.start()
    await scene.until(lambda: scene.text(incident.id))


async def _visit_is_stored(scene: Scene) -> bool:
    return bool(await scene.store._database.read(lambda c: c.execute("SELECT 1 FROM visits").fetchall()))


async def test_the_comparison_confirms_as_well(scene: Scene) -> None:
    incident = scene.pd.trigger(scene.service, "Missed", at=datetime.now(UTC) - timedelta(minutes=2), deliver=False)
    scene.start()
    await scene.until(lambda: scene.text(incident.id))
    assert reads(scene) == []
    assert (await scene.incident(incident.id)).confirmed_at is not None


async def test_without_a_token_an_incident_is_what_its_own_subscription_told(scene: Scene) -> None:
    scene.route(direction="inbound", api_token=None)
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    row = await scene.incident(incident.id)
    assert (row.account, row.diagnosis is not None, scene.pd.calls) == ("", True, [])


async def test_what_is_told_with_a_token_that_pagerduty_does_not_know_leaves_no_evidence(scene: Scene) -> None:
    scene.route(api_token="made-up")
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    row = await scene.incident(incident.id)
    assert (row.confirmed_at, row.diagnosis) == (None, None)


async def test_an_answer_older_than_the_webhook_is_asked_for_once_more(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.subscribe()
    incident = scene.pd.trigger(scene.service, "Errors", at=datetime.now(UTC) - timedelta(seconds=30), deliver=False)
    answers = [{"status": "triggered"}, {}]
    render = scene.pd.render.incident

    def lagging(told: Incident) -> dict[str, Any]:
        old = answers.pop(0) if answers else {}
        return render(told) | old | ({"last_status_change_at": "2020-01-01T00:00:00Z"} if old else {})

    monkeypatch.setattr(scene.pd.render, "incident", lagging)
    scene.start()
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(lambda: scene.text(incident.id).startswith("Resolved after"))


async def test_an_incident_told_by_its_number_is_none(scene: Scene) -> None:
    incident = scene.pd.trigger(scene.service, "Errors", deliver=False)
    scene.start()
    forged = {"id": str(incident.number), "type": "incident", "status": "triggered"}
    event = {"id": "e", "event_type": "incident.triggered", "data": forged}
    await scene.put(msgspec.json.encode({"event": event}))
    await scene.until(lambda: f"/incidents/{incident.number}" in reads(scene))
    await scene.idle()
    assert (await scene.incident(str(incident.number))).confirmed_at is None
    assert scene.pd.notes(incident.id) == []


async def test_after_a_claim_that_was_not_shown_the_next_is_looked_into_once_it_is(scene: Scene) -> None:
    await started(scene)
    for name in ("first", "second"):
        claim = {"id": name, "type": "incident", "status": "triggered"}
        await scene.put(msgspec.json.encode({"event": {"id": name, "event_type": "incident.triggered", "data": claim}}))
        await scene.until(lambda name=name: f"/incidents/{name}" in reads(scene))  # type: ignore[misc]
        await scene.idle()
    true = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(true.id))
    looked_at = [call.path for call in scene.pd.calls if call.path.endswith("/alerts")]
    assert looked_at == ["/incidents/first/alerts", f"/incidents/{true.id}/alerts"]


async def test_a_move_is_asked_for_and_not_believed(scene: Scene) -> None:
    other = scene.pd.add_service("other")
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(incident.id))
    forged = {"id": incident.id, "type": "incident", "status": "triggered", "service": {"id": "PFORGED"}}
    event = {"id": "e", "event_type": "incident.service_updated", "occurred_at": "9999-12-31T00:00:00Z", "data": forged}
    await scene.put(msgspec.json.encode({"event": event}))
    await scene.until(lambda: len(reads(scene)) == 3)
    await scene.idle()
    assert (await scene.incident(incident.id)).service_id == scene.service
    scene.pd.move(incident.id, other, by=scene.bot)

    async def is_moved() -> bool:
        return (await scene.incident(incident.id)).service_id == other

    await scene.until(is_moved)


# Many at once


async def confirmer_and_claims(scene: Scene, count: int) -> tuple[Confirmer, RoutingRecord, list[IncidentRow]]:
    clients = PagerDutyClients(scene.http, scene.metrics.count_pagerduty_call, lambda *_: None)
    incidents = [scene.pd.trigger(scene.service, f"Errors {n}", deliver=False) for n in range(count)]
    now = clock.now()
    claims = [
        IncidentRow(integration_id="one", incident_id=each.id, triggered_at=now, last_event_at=now)
        for each in incidents
    ]
    return Confirmer(clients), scene.records["one"], claims


async def test_many_incidents_of_a_token_are_confirmed_from_lists(scene: Scene) -> None:
    confirmer, record, claims = await confirmer_and_claims(scene, 300)
    shown = [await confirmer.read(record, claim) for claim in claims]
    assert [each.incident_id for each in shown] == [claim.incident_id for claim in claims]
    assert len(reads(scene)) == MAX_SINGLY
    assert len(scene.pd.calls) <= MAX_SINGLY + 4


async def test_a_list_shows_those_that_wait_and_not_the_whole_storm_before_them(scene: Scene) -> None:
    earlier = datetime.now(UTC) - timedelta(seconds=30)
    for number in range(300):
        scene.pd.trigger(scene.service, f"Confirmed {number}", at=earlier, deliver=False)
    confirmer, record, claims = await confirmer_and_claims(scene, MAX_SINGLY + 1)
    for claim in claims:
        await confirmer.read(record, claim)
    assert [call.path for call in scene.pd.calls[MAX_SINGLY:]] == ["/incidents"]


async def test_what_a_list_does_not_show_is_read_by_itself(scene: Scene) -> None:
    confirmer, record, claims = await confirmer_and_claims(scene, 40)
    for claim in claims:
        await confirmer.read(record, claim)
    forged = IncidentRow(integration_id="one", incident_id="QFORGED", triggered_at=clock.now())
    with pytest.raises(PagerDutyError, match="404"):
        await confirmer.read(record, forged)
    assert reads(scene)[-1] == "/incidents/QFORGED"


async def test_a_list_asks_for_the_services_of_those_that_wait(scene: Scene) -> None:
    record = scene.route(scope=Scope("service", scene.service))
    confirmer, _, claims = await confirmer_and_claims(scene, 30)
    elsewhere = scene.pd.trigger(scene.pd.add_service("other"), "Other", deliver=False)
    for claim in claims:
        await confirmer.read(record, claim)
    listed = next(iter(confirmer._desks.values()))._shown
    assert claims[-1].incident_id in listed
    assert elsewhere.id not in listed


async def test_visits_of_one_integration_leave_the_others_their_turn(scene: Scene) -> None:
    insert = "INSERT INTO visits SELECT ?1, value, ?2 FROM generate"
    numbers = "WITH RECURSIVE generate(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM generate WHERE value < ?3) "
    await scene.store._database.write(lambda c: c.execute(numbers + insert, ("many", 0.0, 5000)))
    await scene.store._database.write(lambda c: c.execute(numbers + insert, ("few", 1.0, 2)))
    claimed = await scene.store.claim_visits(10, 60, clock.now())
    assert [key for key in claimed if key[0] == "few"] == [("few", "1"), ("few", "2")]
