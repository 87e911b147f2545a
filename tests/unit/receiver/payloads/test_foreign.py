"""What other systems send to our addresses, and addresses as people copy them."""

import json

import pytest

from noctuary.common import clock
from noctuary.incidents.unread import TELL_EVERY_S, TOLD_FOR_S
from testbed.pagerduty.oddities import BYTE_ORDER_MARK, spoil
from testbed.pagerduty.webhooks.foreign import PAYLOADS, Sent
from tests.unit.receiver.door import BODY, Door, events, webhook

URL = "/webhooks/pagerduty/token-a"


def post(path: str, body: bytes, **headers: str) -> bytes:
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\nhost: x\r\n{head}content-length: {len(body)}\r\n\r\n".encode() + body


def sent(what: Sent, path: str, **headers: str) -> bytes:
    return post(path, what.raw, **what.headers, **headers)


async def ask(door: Door, request: bytes) -> tuple[int, str]:
    status, body = await (await door.sender()).ask(request)
    return status, json.loads(body)["error"] if body else ""


async def told(door: Door) -> dict[tuple[str, str], int]:
    page = await door.deps.reports.since(0, door.deps.store)
    return {(each.where, each.kind): each.count for item in page.items for each in item.unread}


@pytest.mark.parametrize("name", PAYLOADS)
async def test_a_payload_of_another_system_at_the_webhook_url_is_told_to_sender_and_owner(
    door: Door, name: str
) -> None:
    status, words = await ask(door, sent(PAYLOADS[name], URL + PAYLOADS[name].path))
    assert status == (202 if name.startswith("pagerduty") else 400)
    assert "V3 webhooks of PagerDuty" in words
    assert await told(door) == {("webhook_url", name.split(maxsplit=1)[0]): 1}
    assert await door.stored() == []


@pytest.mark.parametrize("name", [name for name, each in PAYLOADS.items() if not each.path or name == "prometheus"])
async def test_a_payload_of_another_system_at_events_is_told_to_sender_and_owner(door: Door, name: str) -> None:
    status, words = await ask(door, sent(PAYLOADS[name], "/v1/events", authorization="Bearer key-a"))
    assert status == (202 if name.startswith("pagerduty") else 400)
    assert "ContextEvents" in words
    assert await told(door) == {("events", name.split(maxsplit=1)[0]): 1}


@pytest.mark.parametrize("name", PAYLOADS)
async def test_who_does_not_know_the_address_changes_nothing_that_an_owner_sees(door: Door, name: str) -> None:
    for path in ("/webhooks/pagerduty/guessed", "/webhooks/pagerduty/a/guessed", "/v1/events"):
        status, _ = await ask(door, sent(PAYLOADS[name], path + PAYLOADS[name].path, authorization="Bearer guessed"))
        assert status in (401, 404) or (status == 202 and name.startswith("pagerduty"))
    assert await told(door) == {}


async def test_pagerduty_at_events_without_a_key_is_not_switched_off(door: Door) -> None:
    signed = post("/v1/events", BODY, user_agent="PagerDuty-Webhook/V3.0", x_pagerduty_signature="v1=00")
    status, words = await ask(door, signed)
    assert (status, "webhook subscription" in words) == (202, True)


@pytest.mark.parametrize(
    "body", [BODY, b"{}", b"", b"not JSON", b"[" * 1000, b'{"event":{"event_type":"x","data":{}}}']
)
async def test_what_nobody_signed_is_told_as_such(door: Door, body: bytes) -> None:
    assert (await ask(door, post(URL, body)))[0] == 400
    assert await told(door) == {("webhook_url", "unsigned"): 1}


@pytest.mark.parametrize("body", [b"", b"{}", b'{"messages":null}', b"odd"])
async def test_an_extension_of_pagerduty_is_known_by_its_name_and_never_switched_off(door: Door, body: bytes) -> None:
    assert (await ask(door, post(URL, body, user_agent="PagerDuty-Webhook/V2.0")))[0] == 202
    assert await told(door) == {("webhook_url", "pagerduty_v2"): 1}


async def test_a_marked_or_spoiled_payload_is_recognised_too(door: Door) -> None:
    await ask(door, post(URL, spoil(PAYLOADS["alertmanager"].body, "", BYTE_ORDER_MARK)))
    assert await told(door) == {("webhook_url", "alertmanager"): 1}


async def test_a_flood_is_told_once_a_minute(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    for _ in range(3):
        await ask(door, sent(PAYLOADS["alertmanager"], URL))
        seen.append(await told(door))
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + TELL_EVERY_S + 1)
    seen.append(await told(door))
    monkeypatch.setattr(clock, "now", lambda: now + TOLD_FOR_S + 1)
    seen.append(await told(door))
    assert [each.get(("webhook_url", "alertmanager")) for each in seen] == [1, 1, 1, 3, None]


# Addresses


@pytest.mark.parametrize(
    "path",
    [
        "%s/",
        "%s//",
        "/%s",
        "//%s",
        "%s%%20",
        "%s%%0A",
        "/webhooks//pagerduty/token-a",
        "/webhooks/pagerduty//token-a",
        "/webhooks/pagerduty/a/token-a",
        "/webhooks/pagerduty/a//token-a/",
        "/webhooks/pagerduty/a%%2Ftoken-a",
    ],
)
async def test_a_webhook_path_with_slashes_that_copying_added_is_ours(door: Door, path: str) -> None:
    request = webhook("a").replace(URL.encode(), (path % URL if "%s" in path else path.replace("%%", "%")).encode())
    assert (await ask(door, request))[0] == 202
    assert len(await door.stored()) == 1


@pytest.mark.parametrize("path", ["/v1/events/", "//v1/events", "/v1//events"])
async def test_events_take_such_a_path_too(door: Door, path: str) -> None:
    request = events(b"[{}]").replace(b"/v1/events", path.encode())
    assert (await (await door.sender()).ask(request))[0] == 400


@pytest.mark.parametrize("path", ["/", "//", "/webhooks", "/webhooks/pagerduty", "/webhooks/pagerduty/a/token-a/b"])
async def test_a_path_that_is_not_ours_stays_unknown(door: Door, path: str) -> None:
    assert (await ask(door, webhook("a").replace(URL.encode(), path.encode())))[0] == 404


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", 404),
        (b"GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n", 405),
        (b"PUT /webhooks/pagerduty/token-a HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n", 405),
        (b"POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n", 401),
        (events(b"", length=9_999_999), 413),
        (events(b"{}").replace(b"host: x", b"host: x\r\ncontent-encoding: gzip"), 415),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nhost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nx: " + b"x" * 33_000 + b"\r\n\r\n", 431),
        (b"nonsense\r\n\r\n", 400),
    ],
)
async def test_whatever_the_door_answers_is_json_with_words(door: Door, request_: bytes, status: int) -> None:
    answered, words = await ask(door, request_)
    assert (answered, bool(words)) == (status, True)
