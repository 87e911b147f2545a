"""How the simulator delivers webhooks: signed, in order, retried, dropped, switched off."""

import hashlib
import hmac
import json
import time
from typing import TypeVar

import pytest

from testbed.pagerduty import DeliverySettings, PagerDutySimulator
from testbed.pagerduty.webhooks.receiver import HANG, ScriptedReceiver
from testbed.pagerduty.webhooks.signing import sign
from testbed.polling import until

DAY_S = 24 * 3600

INCIDENT_FIELDS = {
    *("id", "type", "self", "html_url", "number", "status", "incident_key", "created_at", "reopened_at", "title"),
    *("incident_type", "service", "assignees", "escalation_policy", "teams", "priority", "urgency"),
    *("conference_bridge", "resolve_reason"),
}

T = TypeVar("T")


@pytest.fixture
def service(pd: PagerDutySimulator, receiver: ScriptedReceiver) -> str:
    made = pd.add_service("payments-api")
    pd.subscribe(receiver.url)
    return made


def test_the_signer_agrees_with_the_vendors_published_vector() -> None:
    def reference(kind: str, path: str, key: str, summary: str) -> dict[str, str]:
        page = f"https://acme.pagerduty.com/{path}" + ("" if kind == "priority" else f"/{key}")
        api = "priorities" if kind == "priority" else path
        return {
            "html_url": page,
            "id": key,
            "self": f"https://api.pagerduty.com/{api}/{key}",
            "summary": summary,
            "type": f"{kind}_reference",
        }

    data = {
        "id": "PGR0VU2",
        "type": "incident",
        "self": "https://api.pagerduty.com/incidents/PGR0VU2",
        "html_url": "https://acme.pagerduty.com/incidents/PGR0VU2",
        "number": 2,
        "status": "triggered",
        "title": "A little bump in the road",
        "service": reference("service", "services", "PF9KMXH", "API Service"),
        "assignees": [reference("user", "users", "PTUXL6G", "User 123")],
        "escalation_policy": reference("escalation_policy", "escalation_policies", "PUS0KTE", "Default"),
        "teams": [reference("team", "teams", "PFCVPS0", "Engineering")],
        "priority": reference("priority", "account/incident_priorities", "PSO75BM", "P1"),
        "urgency": "high",
        "conference_bridge": {"conference_number": 1000, "conference_url": "https://example.com"},
        "resolve_reason": None,
    }
    event = {
        "id": "01BWDWL3NYY7LUFPZCC28QUCMK",
        "event_type": "incident.priority_updated",
        "resource_type": "incident",
        "occurred_at": "2021-04-26T17:36:27.458Z",
        "agent": reference("user", "users", "PLH1HKV", "Tenex Engineer"),
        "client": None,
        "data": data,
    }
    body = json.dumps({"event": event}, separators=(",", ":")).encode()
    secret = "lDQHScfUeXUKaQRNF+8XIiDKZ7XX3itBAYzwU0TARw8lJqRnkKl2iB1anSb0Z+IK"
    assert sign(body, secret) == "v1=0c0b9495b893a39e70d1fea2fe11fbe0a825f88b9f67846f6cc07dd2bc5476cd"


async def test_a_webhook_is_one_compact_signed_event(pd: PagerDutySimulator, receiver: ScriptedReceiver) -> None:
    service = pd.add_service("payments-api")
    subscription, secret = pd.subscribe(receiver.url)
    pd.trigger(service, "Checkout fails – 5xx")
    await pd.drained()
    [received] = receiver.received
    digest = hmac.new(secret.encode(), received.body, hashlib.sha256).hexdigest()
    assert received.headers["x-pagerduty-signature"] == f"v1={digest}"
    assert received.headers["x-webhook-subscription"] == subscription
    assert received.headers["x-webhook-id"] == pd.ledger.webhooks[0].id
    assert received.headers["user-agent"] == "PagerDuty-Webhook/V3.0"
    assert received.headers["content-type"] == "application/json"
    parsed = json.loads(received.body)
    assert received.body == json.dumps(parsed, separators=(",", ":"), ensure_ascii=False).encode()
    assert list(parsed) == ["event"]


async def test_an_incident_event_holds_what_the_vendor_documents_and_no_alert(
    pd: PagerDutySimulator, receiver: ScriptedReceiver, service: str
) -> None:
    incident = pd.trigger(service, "Checkout fails", custom_details={"pod": "api-1"})
    await pd.drained()
    event = receiver.received[0].event
    assert set(event) == {"id", "event_type", "resource_type", "occurred_at", "agent", "client", "data"}
    assert (event["event_type"], event["resource_type"]) == ("incident.triggered", "incident")
    assert event["agent"]["type"] == "inbound_integration_reference"
    data = event["data"]
    assert (data["id"], data["type"], data["number"], data["incident_key"]) == (incident.id, "incident", 1, None)
    assert data["service"] == {
        "id": service,
        "type": "service_reference",
        "summary": "payments-api",
        "self": f"https://api.pagerduty.com/services/{service}",
        "html_url": f"https://noctuary-sim.pagerduty.com/services/{service}",
    }
    assert set(data) == INCIDENT_FIELDS


async def test_a_team_hears_of_its_own_incidents_and_each_names_the_team(
    pd: PagerDutySimulator, receiver: ScriptedReceiver
) -> None:
    team, other = pd.add_team("Engineering"), pd.add_team("Search")
    pd.subscribe(receiver.url, scope=team)
    pd.trigger(pd.add_service("search-api", [other]), "Not theirs")
    incident = pd.trigger(pd.add_service("payments-api", [team]), "Checkout fails")
    await pd.drained()
    assert [each.event["data"]["id"] for each in receiver.received] == [incident.id]
    assert receiver.received[0].event["data"]["teams"] == [
        {
            "id": team,
            "type": "team_reference",
            "summary": "Engineering",
            "self": f"https://api.pagerduty.com/teams/{team}",
            "html_url": f"https://noctuary-sim.pagerduty.com/teams/{team}",
        }
    ]


async def test_the_life_of_an_incident_arrives_in_order(
    pd: PagerDutySimulator, receiver: ScriptedReceiver, service: str
) -> None:
    incident = pd.trigger(service, "Checkout fails")
    pd.acknowledge(incident.id)
    pd.resolve(incident.id)
    await pd.drained()
    assert receiver.event_types() == ["incident.triggered", "incident.acknowledged", "incident.resolved"]
    assert receiver.received[2].event["data"]["assignees"] == []


@pytest.mark.parametrize("answer", [500, 503, 429, HANG], ids=["500", "503", "429", "no answer"])
async def test_what_may_pass_is_tried_again_with_the_same_id_and_bytes(answer: int) -> None:
    async with ScriptedReceiver(answer, answer) as receiver, _impatient() as pd:
        pd.subscribe(receiver.url)
        pd.trigger(pd.add_service("payments-api"), "Checkout fails")
        await pd.drained(hurry=True)
    assert pd.ledger.summary() | {"attempts": 3, "retries": 2, "accepted": 1, "lost": 0} == pd.ledger.summary()
    assert len({received.headers["x-webhook-id"] for received in receiver.received}) == 1
    assert len({received.body for received in receiver.received}) == 1


async def test_a_refused_connection_is_tried_again(pd: PagerDutySimulator, receiver: ScriptedReceiver) -> None:
    pd.subscribe("http://127.0.0.1:1/nobody")
    pd.trigger(pd.add_service("payments-api"), "Checkout fails")
    with pytest.raises(TimeoutError, match=r"still pending: incident\.triggered"):
        await pd.drained(timeout_s=0.1)
    assert "ConnectError" in str(pd.ledger.webhooks[0].attempts[0].error)


async def test_the_pauses_between_retries_grow(pd: PagerDutySimulator) -> None:
    async with ScriptedReceiver(default=500) as receiver:
        pd.subscribe(receiver.url)
        pd.trigger(pd.add_service("payments-api"), "Checkout fails")
        timings = []
        for _ in range(3):
            timings.append(round(await _asleep(pd)))
            pd.clock.advance(timings[-1] + 1)
    assert timings == [1, 2, 4]


async def test_after_48_hours_a_webhook_is_dropped(pd: PagerDutySimulator) -> None:
    async with ScriptedReceiver(default=503) as receiver:
        pd.subscribe(receiver.url)
        pd.trigger(pd.add_service("payments-api"), "Checkout fails")
        await _asleep(pd)
        pd.clock.advance(2 * DAY_S)
        await pd.drained()
    assert [(hook.outcome, hook.reason) for hook in pd.ledger.lost()] == [("dropped", "nobody took it for 48 h")]


@pytest.mark.parametrize("answer", [400, 401, 403, 404, 410, 302])
async def test_other_answers_drop_a_webhook_for_good(answer: int) -> None:
    async with ScriptedReceiver(answer) as receiver, _impatient() as pd:
        pd.subscribe(receiver.url)
        pd.trigger(pd.add_service("payments-api"), "Checkout fails")
        await pd.drained()
    assert (len(receiver.received), pd.ledger.summary()["lost"]) == (1, 1)


async def test_a_retried_webhook_holds_back_its_own_incident_only() -> None:
    async with ScriptedReceiver(503) as receiver, _impatient() as pd:
        service = pd.add_service("payments-api")
        pd.subscribe(receiver.url)
        stuck = pd.trigger(service, "stuck")
        await _asleep(pd)
        pd.acknowledge(stuck.id)
        pd.trigger(service, "free")
        await _accepted(pd, 1)
        assert [received.event["data"]["title"] for received in receiver.received] == ["stuck", "free"]
        await pd.drained(hurry=True)
    assert receiver.event_types()[-2:] == ["incident.triggered", "incident.acknowledged"]


async def test_three_drops_in_a_row_switch_a_subscription_off_for_a_day(pd: PagerDutySimulator) -> None:
    async with ScriptedReceiver(400, 400, 400) as receiver:
        service = pd.add_service("payments-api")
        subscription, _ = pd.subscribe(receiver.url)
        for number in range(3):
            pd.trigger(service, f"refused {number}")
        await pd.drained()
        pd.trigger(service, "meanwhile")
        assert pd.ledger.webhooks[-1].reason == "subscription disabled"
        assert pd.subscription(subscription).is_disabled(pd.clock.now())
        pd.clock.advance(DAY_S)
        pd.trigger(service, "next day")
        await pd.drained()
    assert pd.ledger.summary() | {"accepted": 1, "lost": 4} == pd.ledger.summary()


async def test_switching_off_drops_what_was_queued() -> None:
    async with ScriptedReceiver(503, 400, 400, 400) as receiver, _impatient() as pd:
        service = pd.add_service("payments-api")
        pd.subscribe(receiver.url)
        pd.trigger(service, "waits for its retry")
        await _asleep(pd)
        for number in range(3):
            pd.trigger(service, f"refused {number}")
        await pd.drained()
    assert len(receiver.received) == 4
    assert pd.ledger.webhooks[0].reason == "subscription disabled"


async def test_an_accepted_webhook_between_drops_keeps_the_subscription_on() -> None:
    async with ScriptedReceiver(400, 400, 202, 400, 400) as receiver, _impatient() as pd:
        service = pd.add_service("payments-api")
        subscription, _ = pd.subscribe(receiver.url)
        for number in range(5):
            pd.trigger(service, f"incident {number}")
            await pd.drained()
    assert not pd.subscription(subscription).is_disabled(pd.clock.now())


async def test_the_button_switches_a_subscription_on_again(pd: PagerDutySimulator) -> None:
    async with ScriptedReceiver(400, 400, 400) as receiver:
        service = pd.add_service("payments-api")
        subscription, _ = pd.subscribe(receiver.url)
        for number in range(3):
            pd.trigger(service, f"refused {number}")
        await pd.drained()
        pd.enable(subscription)
        pd.ping(subscription)
        await pd.drained()
    assert receiver.event_types()[-1] == "pagey.ping"


async def test_a_webhook_above_256_kb_is_dropped_unsent(
    pd: PagerDutySimulator, receiver: ScriptedReceiver, service: str
) -> None:
    pd.trigger(service, "x" * 262_144)
    await pd.drained()
    assert (receiver.received, pd.ledger.summary()["lost"]) == ([], 1)


async def test_a_subscription_hears_only_its_scope_and_its_events(
    pd: PagerDutySimulator, receiver: ScriptedReceiver
) -> None:
    mine, other = pd.add_service("payments-api"), pd.add_service("search-api")
    pd.subscribe(receiver.url, scope=mine, events=["incident.resolved"])
    for service in (mine, other):
        pd.resolve(pd.trigger(service, f"on {service}").id)
    await pd.drained()
    assert [received.event["data"]["title"] for received in receiver.received] == [f"on {mine}"]
    assert pd.ledger.summary() | {"events": 6, "webhooks": 1} == pd.ledger.summary()


async def test_a_subscription_to_an_unknown_service_is_refused(pd: PagerDutySimulator) -> None:
    with pytest.raises(ValueError, match="no service or team PNOBODY"):
        pd.subscribe("http://127.0.0.1:1/", scope="PNOBODY")


async def test_a_note_is_announced_to_those_who_asked(pd: PagerDutySimulator, receiver: ScriptedReceiver) -> None:
    bot = pd.add_user("Bot", "bot@example.com")
    incident = pd.trigger(pd.add_service("payments-api"), "Checkout fails")
    pd.subscribe(receiver.url, events=["incident.annotated"])
    note = pd.write_note(incident.id, "y" * 40_000, bot)
    await pd.drained()
    event = receiver.received[0].event
    assert (event["resource_type"], event["agent"]["id"]) == ("incident", bot.id)
    data = event["data"]
    assert (data["type"], data["id"], data["trimmed"]) == ("incident_note", note.id, True)
    assert data["incident"]["id"] == incident.id


async def test_a_silent_incident_is_on_the_account_and_in_no_webhook(
    pd: PagerDutySimulator, receiver: ScriptedReceiver, service: str
) -> None:
    incident = pd.trigger(service, "nobody told us", deliver=False)
    assert pd.incident(incident.id).title == "nobody told us"
    assert pd.ledger.webhooks == []


async def test_a_duplicate_comes_with_the_same_id_and_is_counted(
    pd: PagerDutySimulator, receiver: ScriptedReceiver, service: str
) -> None:
    pd.rules.add("duplicate", event="incident.triggered")
    pd.trigger(service, "Checkout fails")
    await pd.drained()
    assert len(receiver.received) == 2
    assert len({received.headers["x-webhook-id"] for received in receiver.received}) == 1
    assert pd.ledger.summary() | {"accepted": 1, "duplicates": 1} == pd.ledger.summary()


async def test_two_signatures_hold_a_strangers_and_the_right_one(
    pd: PagerDutySimulator, receiver: ScriptedReceiver
) -> None:
    _, secret = pd.subscribe(receiver.url)
    pd.rules.add("two-signatures")
    pd.trigger(pd.add_service("payments-api"), "Checkout fails")
    await pd.drained()
    [received] = receiver.received
    stranger, right = received.headers["x-pagerduty-signature"].split(",")
    assert right == sign(received.body, secret) != stranger
    assert stranger.startswith("v1=")


async def test_reordered_keys_say_the_same_and_are_signed_as_sent(
    pd: PagerDutySimulator, receiver: ScriptedReceiver
) -> None:
    _, secret = pd.subscribe(receiver.url)
    pd.rules.add("reorder-keys", every=2)
    service = pd.add_service("payments-api")
    for _ in range(2):
        pd.trigger(service, "Checkout fails")
        await pd.drained()
    plain, odd = receiver.received
    assert list(odd.event) == list(reversed(plain.event))
    assert odd.headers["x-pagerduty-signature"] == sign(odd.body, secret)


async def test_the_first_webhook_byte_and_the_note_are_timed(
    pd: PagerDutySimulator, receiver: ScriptedReceiver, service: str
) -> None:
    before = time.monotonic()
    incident = pd.trigger(service, "Checkout fails")
    await pd.drained()
    pd.write_note(incident.id, "found it", pd.add_user("Bot", "bot@example.com"))
    timing = pd.timings[incident.id]
    assert timing.first_webhook_byte is not None
    assert before < timing.first_webhook_byte < timing.notes_applied[0] < time.monotonic()
    assert timing.seconds_to_first_note == timing.notes_applied[0] - timing.first_webhook_byte


def _impatient() -> PagerDutySimulator:
    return PagerDutySimulator(delivery=DeliverySettings(deadline_s=1.5))


async def _asleep(pd: PagerDutySimulator) -> float:
    """Wait until a retry is waiting for its time and return the seconds left."""
    return await until(
        "the deliveries are there", lambda: (pd.clock.next_alarm() or None) if not pd.courier.busy() else None
    )


async def _accepted(pd: PagerDutySimulator, count: int) -> None:
    await until("the deliveries are there", lambda: pd.ledger.summary()["accepted"] >= count or None)


async def test_a_webhook_for_a_host_is_led_to_where_it_is_served(receiver: ScriptedReceiver) -> None:
    place = receiver.url.removeprefix("http://").partition("/")[0]
    settings = DeliverySettings(connect_to={"hooks.example.com": place})
    async with PagerDutySimulator(delivery=settings) as pd:
        pd.subscribe("http://hooks.example.com/webhooks")
        pd.trigger(pd.add_service("shop"), "Page")
        await pd.drained()
    assert [each.headers["host"] for each in receiver.received] == ["hooks.example.com"]
