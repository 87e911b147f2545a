"""What changes while an incident is open: the account's name, tokens, our clock. Its one note stays one and current."""

import time
import types
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

import testbed.scene
from noctuary.common import clock
from noctuary.models.routing_record import Scope
from testbed.pagerduty.account.model import Incident
from testbed.pagerduty.webhooks.events import incident_data, make_event
from testbed.scene import Scene
from tests.unit.incidents.trust.test_confirmation import reads
from tests.unit.incidents.trust.test_ordinary_days import begins, started_and_compared, with_one_team_each
from tests.unit.incidents.trust.test_turns import _row, both_know, two, writer, writer_of_row


def opened(scene: Scene) -> Incident:
    """Trigger an incident of a minute ago: later states are told by later seconds."""
    return scene.pd.trigger(scene.service, "Errors", at=datetime.now(UTC) - timedelta(seconds=60))


async def test_an_incident_that_moves_after_its_account_was_renamed_keeps_its_one_note(scene: Scene) -> None:
    other = await with_one_team_each(scene)
    incident = opened(scene)
    assert await writer_of_row(scene, incident) == "first"
    scene.pd.account.subdomain = "renamed"
    scene.pd.move(incident.id, other, by=scene.bot)
    await scene.until(lambda: "orders-api" in scene.text(incident.id))
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(begins(scene, incident, "Resolved after"))
    await scene.idle()
    assert scene.pd.note_counts() == {incident.id: 1}


async def test_who_hears_of_an_incident_only_after_the_renaming_posts_no_second_note(scene: Scene) -> None:
    await two(scene)
    await scene.until(lambda: both_know(scene))
    scene.pd.unsubscribe(list(scene.pd.courier.subscriptions)[1])
    incident = opened(scene)
    await scene.until(lambda: scene.text(incident.id))
    scene.pd.account.subdomain = "renamed"
    data = incident_data(scene.pd.render, incident)
    late = make_event("incident.triggered", data, None, scene.pd.clock.now(), incident.service)
    await scene.put(msgspec.json.encode(late.payload), "second")
    await scene.until(lambda: _row(scene, "second", incident))
    await scene.idle()
    assert (await scene.state("second")).account == "renamed.pagerduty.com"
    assert scene.pd.note_counts() == {incident.id: 1}


async def test_who_takes_over_an_edit_that_was_refused_does_not_wait_as_long_as_the_refused_one(scene: Scene) -> None:
    await two(scene)
    await scene.until(lambda: both_know(scene))
    incident = opened(scene)
    assert await writer(scene, incident) == "first"
    del scene.pd.account.keys[scene.records["first"].api_token or ""]
    scene.pd.acknowledge(incident.id, by=scene.bot)
    await scene.until(lambda: "Acknowledged" in scene.text(incident.id))
    note = await scene.store.note(scene.account, incident.id)
    assert note is not None
    assert (note.integration_id, note.failed_reason) == ("second", None)


async def test_what_ended_while_the_token_was_missing_is_told_once_it_is_back(scene: Scene) -> None:
    scene.timings = msgspec.structs.replace(scene.timings, recheck_s=600.0, last_recheck_s=1200.0)
    await started_and_compared(scene)
    incident = opened(scene)
    await scene.until(lambda: scene.text(incident.id))
    scene.route(api_token=None)
    scene.pd.resolve(incident.id, by=scene.bot)

    async def is_told() -> bool:
        return (await scene.incident(incident.id)).status == "resolved"

    await scene.until(is_told)
    scene.route(api_token=scene.token)
    await scene.until(begins(scene, incident, "Resolved after"))
    assert len(reads(scene)) == 2


@pytest.mark.parametrize("back_s", [120, 3600, 3 * 86_400])
async def test_under_a_clock_that_was_set_back_webhooks_change_the_note_still(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, back_s: float
) -> None:
    await started_and_compared(scene)
    incident = opened(scene)
    await scene.until(lambda: scene.text(incident.id))
    await scene.idle()
    monkeypatch.setattr(clock, "now", lambda: time.time() - back_s)
    monkeypatch.setattr(testbed.scene, "time", types.SimpleNamespace(time=clock.now))  # the receiver's clock is ours
    scene.pd.acknowledge(incident.id, by=scene.bot)
    await scene.until(lambda: "Acknowledged" in scene.text(incident.id))
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(begins(scene, incident, "Resolved after"))


async def test_a_narrower_scope_leaves_the_note_of_what_is_open_to_its_writer(scene: Scene) -> None:
    await started_and_compared(scene)
    incident = opened(scene)
    await scene.until(lambda: scene.text(incident.id))
    scene.route(scope=Scope("service", scene.pd.add_service("another")))
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(begins(scene, incident, "Resolved after"))


async def test_what_waited_for_a_token_that_was_refused_for_a_while_goes_on_once_it_may_list(
    scene: Scene,
) -> None:
    await started_and_compared(scene)
    standing = opened(scene)
    await scene.until(lambda: scene.text(standing.id))
    await scene.idle()
    scene.pd.rules.add("server-error", status=401)
    fresh = opened(scene)
    scene.pd.resolve(standing.id, by=scene.bot)

    async def are_refused() -> bool:
        rows = [await scene.store.incident("one", fresh.id), await scene.store.note(scene.account, standing.id)]
        return rows[0] is not None and getattr(rows[1], "failed_reason", None) is not None

    await scene.until(are_refused)
    scene.pd.rules.clear()
    scene.backfill()
    await scene.until(lambda: scene.text(fresh.id))
    await scene.until(begins(scene, standing, "Resolved after"))
