import asyncio
import threading
import time

import msgspec
import pytest

from noctuary.common.errors import KubernetesUnavailable
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.models.diagnosis import PodView, ServiceView
from noctuary.models.live_view import LiveView
from noctuary.models.routing_record import Scope, ServiceMapping
from noctuary.pagerduty.webhook import LONG_BYTES, WebhookEvent, parse_webhook
from noctuary.store.rows import NewWebhook
from testbed.cluster_events import fault, kubernetes_event, rollout
from testbed.scene import Scene


async def started(scene: Scene) -> None:
    await scene.subscribe()
    scene.start()


def webhook(event_id: str, incident_id: str = "Q1", status: str = "triggered", second: int = 0) -> bytes:
    event = {
        "id": event_id,
        "event_type": f"incident.{status}",
        "occurred_at": f"2027-01-15T08:00:{second:02d}Z",
        "data": {"type": "incident", "id": incident_id, "status": status, "created_at": "2027-01-15T08:00:00Z"},
    }
    return msgspec.json.encode({"event": event})


async def test_a_webhook_becomes_a_note_that_names_the_bad_rollout(scene: Scene) -> None:
    now = time.time()
    await scene.store.add_events(
        [
            rollout(now - 120),
            fault(now - 100),
            rollout(now - 10, workload="innocent", service="innocent"),
        ]
    )
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    text = scene.text(incident.id)
    assert scene.words(incident.id).startswith("Likely cause: payments-api was rolled out to 2.4.1")
    assert "payments-api:2.4.0" in text
    assert "innocent" not in text


async def test_a_whole_life_is_one_note_that_is_edited(scene: Scene) -> None:
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(incident.id))
    scene.pd.acknowledge(incident.id, by=scene.bot)
    await scene.until(lambda: "Acknowledged at" in scene.text(incident.id))
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(lambda: scene.text(incident.id).startswith("Resolved after"))
    await scene.idle()
    assert (scene.pd.note_counts(), scene.pd.violations) == ({incident.id: 1}, [])


async def test_many_whole_lives_with_duplicates_and_reordered_keys_are_one_note_each(scene: Scene) -> None:
    scene.pd.rules.add("duplicate", event="incident.*", every=2)
    scene.pd.rules.add("reorder-keys", event="incident.*", every=3)
    await started(scene)
    incidents = [scene.pd.trigger(scene.service, f"Errors {i}") for i in range(12)]
    for incident in incidents:
        scene.pd.acknowledge(incident.id, by=scene.bot)
        scene.pd.resolve(incident.id, by=scene.bot)
    await scene.idle()
    assert scene.pd.note_counts() == {incident.id: 1 for incident in incidents}
    assert all(scene.text(incident.id).startswith("Resolved") for incident in incidents)


async def test_an_event_told_twice_is_worked_once(scene: Scene) -> None:
    incident = scene.pd.trigger(scene.service, "Errors", deliver=False)
    scene.start()
    for webhook_id in ("w1", "w2"):
        await scene.put(webhook("same", incident.id), webhook_id=webhook_id)
        await scene.until(lambda: _worked(scene))
    await scene.idle()
    assert await scene.store.is_event_known("one", "same")
    assert scene.pd.note_counts() == {incident.id: 1}


async def _worked(scene: Scene) -> bool:
    return bool((await scene.store.depths(time.time())).inbox == 0)


@pytest.mark.parametrize(
    "body",
    [
        b'{"event":{"id":"p","event_type":"pagey.ping","data":{"type":"ping"}}}',
        b'{"event":{"id":"n","event_type":"incident.annotated","data":{"type":"incident_note","incident":{"id":"Q1"}}}}',
        b'{"event":{"id":"x","event_type":"incident.brand_new","data":{"type":"brand_new"}}}',
        b"not json at all",
    ],
)
async def test_what_is_no_incident_is_finished_and_holds_up_nothing(scene: Scene, body: bytes) -> None:
    incident = scene.pd.trigger(scene.service, "Errors", deliver=False)
    await scene.put(body)
    await scene.put(webhook("e1", incident.id))
    scene.start()
    await scene.idle()
    assert scene.pd.note_counts() == {incident.id: 1}
    assert scene.counted("noctuary_webhooks_total", outcome="malformed") == float(body == b"not json at all")


async def test_a_webhook_that_came_before_a_crash_is_worked_after_it(scene: Scene) -> None:
    incident = scene.pd.trigger(scene.service, "Errors", deliver=False)
    await scene.put(webhook("e1", incident.id))
    await scene.store.claim_webhooks(10, 0.0, time.time())
    scene.start()
    await scene.idle()
    assert scene.pd.note_counts() == {incident.id: 1}


async def test_inbound_stores_and_correlates_but_writes_nothing(scene: Scene) -> None:
    scene.route(direction="inbound")
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    row = await scene.incident(incident.id)
    assert row.diagnosis is not None
    assert scene.pd.note_counts() == {incident.id: 0}


async def test_a_suspended_integration_writes_nothing_until_it_is_resumed(scene: Scene) -> None:
    scene.route(suspend=True)
    await started(scene)
    still_open = scene.pd.trigger(scene.service, "Still open")
    ended = scene.pd.trigger(scene.service, "Ended meanwhile")
    scene.pd.resolve(ended.id, by=scene.bot)
    await scene.pd.drained()
    await asyncio.sleep(0.3)
    assert [call.path for call in scene.pd.calls] == []
    scene.route(suspend=False)
    await scene.until(lambda: scene.text(still_open.id))
    await scene.idle()
    assert scene.pd.note_counts() == {still_open.id: 1, ended.id: 0}


async def test_suspension_also_stops_edits_until_it_ends(scene: Scene) -> None:
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    scene.route(suspend=True)
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.pd.drained()
    assert not scene.text(incident.id).startswith("Resolved")
    scene.route(suspend=False)
    await scene.until(lambda: scene.text(incident.id).startswith("Resolved"))


async def test_the_most_specific_integration_owns_the_note_and_the_others_only_store(scene: Scene) -> None:
    owner = scene.pd.add_user("Owner", "owner@example.com")
    scene.route("one")
    scene.route("two", scope=Scope("service", scene.service), from_email=owner.email)
    scene.route("three", scope=Scope("service", "POTHER"))
    for integration_id in ("one", "two"):
        await scene.subscribe(integration_id)
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    (note,) = scene.pd.notes(incident.id)
    assert note.user == owner


async def test_of_two_equal_scopes_the_older_integration_owns_the_note(scene: Scene) -> None:
    owner = scene.pd.add_user("Owner", "owner@example.com")
    scene.route("one", created_at=2.0)
    scene.route("two", created_at=1.0, from_email=owner.email)
    await scene.subscribe("two")
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    assert [note.user for note in scene.pd.notes(incident.id)] == [owner]


async def test_an_owner_that_may_not_write_leaves_the_note_to_the_next(scene: Scene) -> None:
    scene.route("two", scope=Scope("service", scene.service), direction="inbound")
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    assert scene.pd.note_counts() == {incident.id: 1}


async def test_a_mapping_by_service_id_finds_workloads_of_other_names(scene: Scene) -> None:
    now = time.time()
    labels = {"app": "pay"}
    await scene.store.add_events(
        [
            rollout(now - 120, workload="backend", namespace="prod", labels=labels),
            fault(now - 100, workload="backend", namespace="prod", labels=labels),
        ]
    )
    scene.route(services=[ServiceMapping("pay", scene.service, labels, ["prod"])])
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    assert "\nkubectl -n prod rollout history deployment/backend\n" in scene.text(incident.id)


@pytest.mark.parametrize("failure", ["refused", "slow", "odd"])
async def test_an_api_server_that_fails_is_said_and_the_note_goes_out(scene: Scene, failure: str) -> None:
    async def read(_services: list[ServiceView]) -> LiveView:
        if failure == "slow":
            await asyncio.sleep(60)
        if failure == "odd":
            raise RecursionError
        raise KubernetesUnavailable(503, "Down", "no leader")

    await scene.store.add_events([rollout(time.time() - 120)])
    scene.live_reader = read
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    assert "Not looked at: the cluster as it is now" in scene.text(incident.id)
    assert scene.words(incident.id).startswith("Possible cause: payments-api was rolled out")


async def test_alerts_that_cannot_be_read_are_said_and_the_note_goes_out(scene: Scene) -> None:
    scene.pd.rules.add("server-error", method="GET", path="/incidents/*/alerts")
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    assert "Not looked at: alerts" in scene.text(incident.id)


async def test_the_onset_is_taken_from_the_alerts_own_start(scene: Scene) -> None:
    now = time.time()
    await scene.store.add_events([rollout(now - 120)])
    firing = msgspec.json.encode([{"startsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 300))}])
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors", custom_details={"firing": firing.decode()})
    await scene.idle()
    assert "it came after the alert began" in scene.text(incident.id)


async def test_what_cleared_is_read_live_when_the_incident_is_resolved(scene: Scene) -> None:
    now = time.time()
    pods = [PodView("payments", f"p{i}", "payments-api", "h240", "n", is_ready=True) for i in range(3)]

    async def read(_services: list[ServiceView]) -> LiveView:
        return LiveView([], pods)

    scene.live_reader = read
    await scene.store.add_events([rollout(now - 120), fault(now - 100)])
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(incident.id))
    await scene.store.add_events([rollout(time.time(), "2.4.0", "2.4.1", "h240")])
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(lambda: scene.text(incident.id).startswith("Resolved"))
    assert "rolled back to 2.4.0" in scene.text(incident.id)
    assert "3 of 3 pods are ready now" in scene.text(incident.id)


async def test_a_rollback_within_the_second_that_only_the_live_view_shows_is_named(scene: Scene) -> None:
    second = float(int(time.time()))
    rollback = msgspec.structs.replace(rollout(second, "2.4.0", "2.4.1", "h240"), dedup_key="rollout/15")
    seen_live: list[ContextEvent] = []

    async def read(_services: list[ServiceView]) -> LiveView:
        return LiveView(seen_live, [])

    scene.live_reader = read
    await scene.store.add_events([rollout(second), fault(second)])
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(incident.id))
    seen_live.append(rollback)
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(lambda: "Cleared: rolled back to 2.4.0" in scene.text(incident.id))


async def test_a_stored_node_event_is_named_with_the_pods_on_it(scene: Scene) -> None:
    now = time.time()
    pods = [PodView("payments", f"p{i}", "payments-api", "h", "node-7", is_ready=False) for i in range(2)]

    async def read(_services: list[ServiceView]) -> LiveView:
        return LiveView([], pods)

    scene.live_reader = read
    facts = {details.REASON: "NodeNotReady"}
    await scene.store.add_events(
        [kubernetes_event("Node", name, EventType.DEPENDENCY_FAILURE, now - 60, facts) for name in ("node-7", "node-8")]
    )
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    assert scene.words(incident.id).startswith("Likely cause: node node-7 is not ready; 2 of 2 pods of payments-api")
    assert "node-8" not in scene.text(incident.id)


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
async def test_a_rollback_target_is_named_for_other_workloads_too(scene: Scene, kind: str) -> None:
    now = time.time()
    facts = {details.IMAGE: "shop/payments-api:2", details.PREVIOUS_IMAGE: "shop/payments-api:1"}
    rollout = kubernetes_event(kind, "payments-api", EventType.DEPLOY, now - 120, facts, workload_kind=kind)
    await scene.store.add_events([rollout, fault(now - 100, workload_kind=kind)])
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    history = f"\nkubectl -n payments rollout history {kind.lower()}/payments-api\n"
    assert "Do: roll back to 1, by its revision number:" + history in scene.text(incident.id)


async def test_what_is_stored_and_seen_live_stands_once_in_the_note(scene: Scene) -> None:
    now = time.time()
    change, first = rollout(now - 120), fault(now - 100, facts={details.RESTARTS: "1"})
    await scene.store.add_events([change, first])
    seen_now = msgspec.structs.replace(first, id="live", last_seen=now, details=first.details | {"restarts": "4"})

    async def read(_services: list[ServiceView]) -> LiveView:
        return LiveView([msgspec.structs.replace(change, id="live-too"), seen_now], [])

    scene.live_reader = read
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    lines = [line for line in scene.text(incident.id).splitlines() if line.startswith("- ")]
    assert [line[-4:] for line in lines] == ["[e1]", "[e2]", "[a1]"]
    assert "4 restarts" in lines[1]


async def test_an_incident_of_an_integration_that_is_gone_is_let_go(scene: Scene) -> None:
    scene.start()
    await scene.store.add_webhook(NewWebhook("gone", "w", "", 1.0, webhook("e1")))
    await scene.until(lambda: _worked(scene))


async def test_what_is_seen_only_after_the_alert_improves_the_note_once(scene: Scene) -> None:
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(incident.id).startswith("No context yet"))
    now = time.time()
    await scene.store.add_events([rollout(now - 30), fault(now - 20)])
    await scene.until(lambda: scene.words(incident.id).startswith("Likely cause: payments-api was rolled out to 2.4.1"))
    await scene.idle()
    assert [call.method for call in scene.pd.calls if "/notes" in call.path] == ["POST", "PUT"]


async def test_a_second_look_may_learn_more_from_the_same_events(scene: Scene) -> None:
    now = time.time()
    asked = fault(now - 45, "Unhealthy", facts={details.PROBE: "liveness", details.PROBE_TARGET: "/alive"})
    killed = fault(now - 44, facts={details.EXIT_CODE: "137"})
    await scene.store.add_events([rollout(now - 50), asked, killed])
    starting = PodView(
        "payments", "payments-api-h241-0", "payments-api", "h241", "n", is_ready=True, started_at=now - 48
    )
    views = [[starting], [msgspec.structs.replace(starting, restarts=1)]]

    async def read(_services: list[ServiceView]) -> LiveView:
        return LiveView([], views.pop(0) if len(views) > 1 else views[0])

    scene.live_reader = read
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: "only its behaviour can be wrong" in scene.text(incident.id))
    await scene.until(lambda: "liveness probe (/alive)" in scene.text(incident.id))


async def test_what_came_and_went_during_a_suspension_gets_no_note_when_it_is_confirmed_late(scene: Scene) -> None:
    await scene.subscribe()
    scene.route(suspend=True)
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors")
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.pd.drained()
    scene.pd.rules.add("server-error", path="/incidents/**")
    scene.pd.rules.add("server-error", path="/incidents")
    scene.route(suspend=False)

    async def is_kept(*, is_confirmed: bool) -> bool:
        row = await scene.store.incident("one", incident.id)
        return row is not None and (row.confirmed_at is not None) == is_confirmed and row.status == "resolved"

    await scene.until(lambda: is_kept(is_confirmed=False))
    scene.pd.rules.clear()
    await scene.until(lambda: is_kept(is_confirmed=True))
    await scene.idle()
    assert scene.pd.notes(incident.id) == []


async def test_a_long_webhook_is_read_beside_the_event_loop(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    read_in: dict[bool, int] = {}

    def parse(body: bytes, received_at: float) -> WebhookEvent:
        read_in[len(body) > LONG_BYTES] = threading.get_ident()
        return parse_webhook(body, received_at)

    monkeypatch.setattr("noctuary.incidents.inbox.sorting.parse_webhook", parse)
    await scene.put(webhook("e1"))
    await scene.put(webhook("e2", "Q2") + b" " * LONG_BYTES)
    scene.start()
    await scene.idle()
    here = threading.get_ident()
    assert (read_in[False] == here, read_in[True] == here) == (True, False)
