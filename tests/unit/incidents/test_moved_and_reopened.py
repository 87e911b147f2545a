"""Incidents that are moved or reopened are diagnosed anew, once, with the onset that holds now."""

import time
from datetime import UTC, datetime, timedelta
from itertools import permutations

import msgspec
import pytest

from noctuary.common import clock
from noctuary.incidents.told.sightings import Sighting
from noctuary.incidents.told.states import apply_sighting
from noctuary.models.evidence import Evidence
from noctuary.models.incident import IncidentRow
from noctuary.models.routing_record import ServiceMapping
from noctuary.store.changes import FinishRecheck
from testbed.cluster_events import fault, rollout
from testbed.pagerduty.account.model import Incident
from testbed.scene import QUICK, Scene

QUIET = "No recent change explains this"
OLD = "No context yet"


async def started(scene: Scene) -> None:
    await scene.subscribe()
    scene.start()


async def deploy_badly(scene: Scene, workload: str = "payments-api", ago_s: float = 1.0) -> None:
    """Roll out a version whose pods crash."""
    now = time.time()
    await scene.store.add_events([rollout(now - ago_s, workload=workload), fault(now - ago_s / 2, workload=workload)])


async def resolved(scene: Scene, ago_s: float = 60.0) -> Incident:
    """Return an incident of a while ago that is resolved and written about."""
    incident = scene.pd.trigger(scene.service, "Errors", at=datetime.now(UTC) - timedelta(seconds=ago_s))
    await scene.until(lambda: scene.text(incident.id).startswith(OLD))
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(lambda: scene.text(incident.id).startswith("Resolved after"))
    return incident


async def onset(scene: Scene, incident: Incident) -> float:
    evidence = msgspec.json.decode((await scene.incident(incident.id)).diagnosis or b"", type=Evidence)
    return evidence.diagnosis.onset


async def test_a_reopened_incident_is_diagnosed_from_its_reopening(scene: Scene) -> None:
    await started(scene)
    incident = await resolved(scene, 5 * 3600)
    await deploy_badly(scene)
    scene.pd.reopen(incident.id, by=scene.bot)
    await scene.until(lambda: scene.words(incident.id).startswith("Likely cause: payments-api was rolled out to 2.4.1"))
    assert await onset(scene, incident) == pytest.approx(time.time(), abs=10)
    assert "Reopened at" in scene.text(incident.id)
    assert " s before the reopening; " in scene.text(incident.id)
    assert " alert opened: Errors   [a1]" in scene.text(incident.id)


async def test_what_comes_up_after_a_reopening_is_found_by_another_second_look(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.timings = msgspec.structs.replace(QUICK, recheck_s=600.0, last_recheck_s=1200.0)
    await started(scene)
    incident = await resolved(scene)
    await scene.store.commit(FinishRecheck("one", incident.id))  # the look that its trigger asked for
    before = time.time()
    scene.pd.reopen(incident.id, by=scene.bot)
    await scene.until(lambda: "Reopened at" in scene.text(incident.id))
    await deploy_badly(scene, ago_s=time.time() - before + 1)  # as a cause it must not be later than the reopening
    monkeypatch.setattr(clock, "now", lambda: time.time() + 601)
    await scene.until(lambda: scene.words(incident.id).startswith("Likely cause: payments-api was rolled out to 2.4.1"))


async def test_an_incident_resolved_again_took_as_long_as_since_its_reopening(scene: Scene) -> None:
    await started(scene)
    incident = await resolved(scene, 5 * 3600)
    scene.pd.reopen(incident.id, by=scene.bot)
    await scene.until(lambda: not scene.text(incident.id).startswith("Resolved"))
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(lambda: scene.text(incident.id).startswith("Resolved after"))
    assert " h" not in scene.text(incident.id).partition(".")[0]


async def test_alerts_of_before_the_reopening_do_not_set_the_onset(scene: Scene) -> None:
    await started(scene)
    incident = await resolved(scene, 7200)
    reopened = datetime.now(UTC)
    scene.pd.reopen(incident.id, by=scene.bot)
    await scene.until(lambda: not scene.text(incident.id).startswith("Resolved"))
    assert await onset(scene, incident) == pytest.approx(reopened.timestamp(), abs=5)


@pytest.mark.parametrize("log_is_readable", [True, False])
@pytest.mark.parametrize("is_known", [True, False])
async def test_a_reopening_that_only_the_comparison_finds_sets_the_onset(
    scene: Scene, *, is_known: bool, log_is_readable: bool
) -> None:
    if not log_is_readable:
        scene.pd.rules.add("server-error", method="GET", path="/incidents/*/log_entries")
    scene.route(created_at=time.time() - 40 * 3600)
    incident = scene.pd.trigger(scene.service, "Errors", at=datetime.now(UTC) - timedelta(hours=36), deliver=False)
    scene.pd.resolve(incident.id, by=scene.bot, deliver=False)
    if is_known:
        scene.start()
        await scene.until(lambda: scene.text(incident.id).startswith("Resolved after"))
    await deploy_badly(scene, ago_s=60)
    scene.pd.clock.advance(3)
    scene.pd.reopen(incident.id, by=scene.bot, deliver=False)
    if is_known:
        scene.backfill()
    else:
        scene.start()
    await scene.until(lambda: scene.words(incident.id).startswith("Likely cause: payments-api was rolled out to 2.4.1"))
    assert "after the alert began" not in scene.text(incident.id)


async def test_an_acknowledgement_is_no_reopening(scene: Scene) -> None:
    scene.route(created_at=time.time() - 7200)
    began = datetime.now(UTC) - timedelta(hours=1)
    incident = scene.pd.trigger(scene.service, "Errors", at=began, deliver=False)
    scene.pd.acknowledge(incident.id, by=scene.bot, deliver=False)
    scene.start()
    await scene.until(lambda: scene.text(incident.id))
    assert await onset(scene, incident) == pytest.approx(began.timestamp(), abs=2)


async def moved(scene: Scene, *, deliver: bool = True) -> Incident:
    """Return an incident that was moved to another service, whose rollout is bad."""
    other = scene.pd.add_service("checkout")
    await deploy_badly(scene, "checkout", ago_s=100)
    began = datetime.now(UTC) - timedelta(seconds=75)
    incident = scene.pd.trigger(scene.service, "Errors", at=began, deliver=deliver)
    scene.backfill()
    await scene.until(lambda: scene.text(incident.id).startswith(OLD))
    await scene.idle()
    scene.pd.move(incident.id, other, by=scene.bot, deliver=deliver)
    return incident


async def test_a_moved_incident_is_diagnosed_for_its_new_service(scene: Scene) -> None:
    await started(scene)
    incident = await moved(scene)
    await scene.until(lambda: scene.words(incident.id).startswith("Likely cause: checkout was rolled out to 2.4.1"))
    await scene.idle()
    assert scene.pd.note_counts() == {incident.id: 1}


async def test_a_move_that_only_the_comparison_finds_is_followed(scene: Scene) -> None:
    scene.route(created_at=time.time() - 7200)
    await started(scene)
    incident = await moved(scene, deliver=False)
    scene.backfill()
    await scene.until(lambda: scene.words(incident.id).startswith("Likely cause: checkout was rolled out to 2.4.1"))


async def test_what_cleared_is_read_from_the_service_that_was_blamed(scene: Scene) -> None:
    scene.route(services=[ServiceMapping("checkout", namespaces=["payments"])])
    await started(scene)
    incident = await moved(scene)
    await scene.until(lambda: scene.words(incident.id).startswith("Likely cause: checkout"))
    await scene.store.add_events([rollout(time.time(), "2.4.0", "2.4.1", "h240", workload="checkout")])
    scene.pd.resolve(incident.id, by=scene.bot, deliver=False)
    scene.pd.move(incident.id, scene.service, by=scene.bot)
    await scene.until(lambda: scene.text(incident.id).startswith("Resolved after"))
    assert "Cleared: rolled back to 2.4.0" in scene.text(incident.id)


async def test_a_webhook_that_comes_twice_late_and_in_wrong_order_edits_nothing(scene: Scene) -> None:
    await started(scene)
    incident = await resolved(scene)
    scene.pd.reopen(incident.id, by=scene.bot)
    scene.pd.acknowledge(incident.id, by=scene.bot)
    await scene.until(lambda: "Acknowledged" in scene.text(incident.id))
    await scene.idle()
    edits = len([call for call in scene.pd.calls if call.method == "PUT"])
    bodies = [event.payload for event in scene.pd.ledger.events if event.resource_id == incident.id]
    for number, payload in enumerate(reversed(bodies)):
        again = {"event": payload["event"] | {"id": f"again-{number}"}}
        await scene.put(msgspec.json.encode(again))
    await scene.idle()
    assert len([call for call in scene.pd.calls if call.method == "PUT"]) == edits


TOLD = {
    "triggered": Sighting("Q1", 100.0, "triggered", is_exact=True, triggered_at=100.0),
    "acknowledged": Sighting("Q1", 105.0, "acknowledged", is_exact=True, acknowledged_at=105.0),
    "resolved": Sighting("Q1", 110.0, "resolved", is_exact=True, resolved_at=110.0),
    "reopened": Sighting("Q1", 110.0, "triggered", is_exact=True, reopened_at=110.0),
    "resolved again": Sighting("Q1", 110.001, "resolved", is_exact=True, resolved_at=110.001),
}


def after(*told: str) -> IncidentRow:
    row = None
    for name in told:
        row = apply_sighting(row, TOLD[name], "", "one")
    assert row is not None
    return row


@pytest.mark.parametrize("order", list(permutations(["triggered", "acknowledged", "resolved", "reopened"])))
def test_what_is_resolved_and_reopened_in_one_millisecond_is_open_in_whatever_order_it_is_told(
    order: tuple[str, ...],
) -> None:
    row = after(*order)
    assert (row.status, row.reopened_at, row.resolved_at, row.acknowledged_at) == ("triggered", 110.0, None, None)
    assert after(*order, "resolved again").status == "resolved"
