import contextlib
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from noctuary.common.errors import OutcomeUnknown, PagerDutyError, PagerDutyUnavailable
from noctuary.common.http_client import create_client
from noctuary.models.routing_record import RoutingRecord
from noctuary.pagerduty.answers import is_fixable, read_error, refused_setting
from noctuary.pagerduty.budget import DEFAULT_PAUSE_S, MAX_PAUSE_S, SWEEP_ABOVE, Budget, Budgets, Need
from noctuary.pagerduty.client import PagerDutyClient, PagerDutyClients
from testbed.egress import LOOPBACK
from testbed.pagerduty import PagerDutySimulator

Connect = Callable[..., PagerDutyClient]


@pytest.fixture
async def pd() -> AsyncIterator[PagerDutySimulator]:
    async with PagerDutySimulator() as simulator:
        simulator.add_user("Bot", "bot@example.com")
        yield simulator


def uncounted(_call: str, _outcome: str) -> None:
    """Count nothing."""


@pytest.fixture
async def connect(pd: PagerDutySimulator) -> AsyncIterator[Connect]:
    token = pd.add_token()
    async with create_client(LOOPBACK) as http:

        def make(token: str = token, sender: str | None = "bot@example.com", url: str | None = None) -> PagerDutyClient:
            return PagerDutyClient(http, url or pd.url, token, sender, Budget(), uncounted)

        yield make


async def test_a_note_is_written_edited_listed_and_deleted(pd: PagerDutySimulator, connect: Connect) -> None:
    client, incident = connect(), pd.trigger(pd.add_service("api"), "Errors", deliver=False)
    note = await client.create_note(incident.id, "first")
    await client.edit_note(incident.id, note.id, "second")
    assert [n.content for n in await client.notes(incident.id)] == ["second"]
    await client.delete_note(incident.id, note.id)
    await client.delete_note(incident.id, note.id)
    assert await client.notes(incident.id) == []


async def test_the_log_tells_the_newest_first_what_was_done(pd: PagerDutySimulator, connect: Connect) -> None:
    incident, bot = pd.trigger(pd.add_service("api"), "Errors", deliver=False), pd.add_user("Ann", "ann@example.com")
    pd.resolve(incident.id, deliver=False)
    pd.reopen(incident.id, by=bot, deliver=False)
    entries = await connect().log_entries(incident.id)
    kinds = [entry.type.removesuffix("_log_entry") for entry in entries]
    assert kinds == ["assign", "resolve", "assign", "trigger"]


async def test_open_incidents_of_any_age_are_listed_up_to_a_bound(pd: PagerDutySimulator, connect: Connect) -> None:
    service, old = pd.add_service("api"), datetime(2020, 1, 1, tzinfo=UTC)
    opened = [pd.trigger(service, f"{n}", at=old + timedelta(days=n), deliver=False).id for n in range(210)]
    pd.resolve(opened[205], deliver=False)
    listed = [each.id async for each in connect().open_incidents({}, 200)]
    newest = [each for each in reversed(opened) if each != opened[205]]
    assert (listed, pd.violations) == (newest[:200], [])


async def test_alerts_bring_what_their_sender_said(pd: PagerDutySimulator, connect: Connect) -> None:
    incident = pd.trigger(pd.add_service("api"), "Errors", custom_details={"firing": "x"}, deliver=False)
    (alert,) = await connect().alerts(incident.id)
    assert alert.body is not None
    assert alert.body.details == {"firing": "x"}


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        ({"token": "secret-canary"}, 401, "spec.apiTokenSecretRef"),
        ({"sender": None}, 400, "spec.from"),
        ({"sender": "not an address"}, 400, "spec.from"),
        ({"sender": "nobody@example.com"}, 400, "spec.from"),
    ],
)
async def test_a_refusal_names_the_setting_to_fix_and_no_secret(
    pd: PagerDutySimulator, connect: Connect, options: dict[str, Any], status: int, words: str
) -> None:
    incident = pd.trigger(pd.add_service("api"), "Errors", deliver=False)
    with pytest.raises(PagerDutyError, match=words) as caught:
        await connect(**options).create_note(incident.id, "text")
    assert (caught.value.status, is_fixable(caught.value.status, caught.value.code), caught.value.retryable) == (
        status,
        True,
        False,
    )
    assert "canary" not in str(caught.value)


async def test_an_unknown_incident_is_no_setting_to_fix(connect: Connect) -> None:
    with pytest.raises(PagerDutyError) as caught:
        await connect().create_note("QNONE", "text")
    assert (caught.value.status, is_fixable(caught.value.status, caught.value.code)) == (404, False)
    assert "spec.apiURL has a path" in str(caught.value)


@pytest.mark.parametrize(
    ("action", "options"),
    [("lose-answer", {}), ("lose-request", {}), ("server-error", {"status": 500}), ("server-error", {"status": 503})],
)
async def test_a_write_without_a_good_answer_has_an_unknown_outcome(
    pd: PagerDutySimulator, connect: Connect, action: str, options: dict[str, Any]
) -> None:
    incident = pd.trigger(pd.add_service("api"), "Errors", deliver=False)
    pd.rules.add(action, **options)
    with pytest.raises(OutcomeUnknown):
        await connect().create_note(incident.id, "text")


async def test_a_read_without_an_answer_is_just_unavailable(pd: PagerDutySimulator, connect: Connect) -> None:
    pd.rules.add("lose-request")
    with pytest.raises(PagerDutyUnavailable) as caught:
        await connect().notes("Q1")
    assert not isinstance(caught.value, OutcomeUnknown)


async def test_a_host_that_cannot_be_reached_took_nothing(connect: Connect) -> None:
    with pytest.raises(PagerDutyUnavailable) as caught:
        await connect(url="http://127.0.0.1:1").create_note("Q1", "text")
    assert not isinstance(caught.value, OutcomeUnknown)


async def test_an_answer_that_is_no_json_leaves_a_write_uncertain() -> None:
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, text="<html>"))
    async with httpx.AsyncClient(transport=transport) as http:
        client = PagerDutyClient(http, "https://api.example.com", "t", None, Budget(), uncounted)
        with pytest.raises(OutcomeUnknown):
            await client.create_note("Q1", "text")


async def test_after_a_429_no_call_goes_out_until_the_pause_is_over(pd: PagerDutySimulator, connect: Connect) -> None:
    pd.rules.add("rate-limit", headers=False, seconds=30)
    client = connect()
    for _ in range(3):
        with pytest.raises(PagerDutyUnavailable):
            await client.notes("Q1")
    assert (len(pd.calls), pd.violations) == (1, [])


@pytest.mark.parametrize(
    ("rule", "token", "outcome"),
    [
        ({}, None, "ok"),
        ({}, "wrong", "refused"),
        ({"action": "rate-limit", "seconds": 30}, None, "rate_limited"),
        ({"action": "lose-answer"}, None, "lost"),
    ],
)
async def test_each_call_is_counted_by_name_and_outcome(
    pd: PagerDutySimulator, rule: dict[str, Any], token: str | None, outcome: str
) -> None:
    counts: list[tuple[str, str]] = []
    if rule:
        pd.rules.add(**rule)
    incident = pd.trigger(pd.add_service("api"), "Errors", deliver=False)
    async with create_client(LOOPBACK) as http:
        client = PagerDutyClient(
            http,
            pd.url,
            token or pd.add_token(),
            "bot@example.com",
            Budget(),
            lambda *call: counts.append(call),
        )
        with contextlib.suppress(PagerDutyError):
            await client.create_note(incident.id, "text")
    assert counts == [("create_note", outcome)]


async def test_a_host_that_may_not_be_asked_is_a_refusal_that_names_host_and_setting(connect: Connect) -> None:
    with pytest.raises(PagerDutyError, match=r"not asked: the host evil.example .*policy\.apiHosts") as caught:
        await connect(url="https://evil.example").create_note("Q1", "text")
    assert not caught.value.retryable
    assert is_fixable(caught.value.status, caught.value.code)


async def test_ids_from_outside_cannot_change_the_path(pd: PagerDutySimulator, connect: Connect) -> None:
    with pytest.raises(PagerDutyError):
        await connect().notes("../users/me?x=")
    assert pd.calls[0].path.startswith("/incidents/")


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (b'{"error":{"message":"Bad","code":2001,"errors":["a","b"]}}', ("Bad: a: b", 2001)),
        (b'{"errors":{"code":2019,"detail":"Too many"}}', ("Too many", 2019)),
        (b'{"errors":[{"message":"First"}]}', ("First", 0)),
        (b'{"error":"plain"}', ("plain", 0)),
        (b"<html>", ("", 0)),
        (b"", ("", 0)),
        (b"[1]", ("", 0)),
        (b'{"error":{"message":"a\\nb","code":"x"}}', ("a b", 0)),
    ],
)
def test_both_error_envelopes_are_read(body: bytes, read: tuple[str, int]) -> None:
    assert read_error(body) == read


class Clock:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def headers(remaining: int, reset: int = 30) -> dict[str, str]:
    return {"ratelimit-remaining": str(remaining), "ratelimit-reset": str(reset)}


@pytest.mark.parametrize(
    ("remaining", "free"),
    [
        (201, set(Need)),
        (200, {Need.NOTE, Need.CONFIRM, Need.OPTIONAL, Need.EDIT}),
        (150, {Need.NOTE, Need.CONFIRM, Need.OPTIONAL}),
        (100, {Need.NOTE, Need.CONFIRM}),
        (20, {Need.NOTE}),
        (1, {Need.NOTE}),
        (0, set()),
    ],
)
def test_the_note_goes_last_to_the_wall(remaining: int, free: set[Need]) -> None:
    budget = Budget(Clock())
    budget.learn(headers(remaining))
    assert {need for need in Need if budget.wait_s(need) == 0} == free


def test_a_budget_is_full_again_after_the_reset() -> None:
    clock = Clock()
    budget = Budget(clock)
    budget.learn(headers(0, 30))
    assert budget.wait_s(Need.NOTE) == 30
    clock.at += 30
    assert budget.wait_s(Need.NOTE) == 0


def test_a_late_answer_does_not_raise_what_is_left() -> None:
    budget = Budget(Clock())
    budget.learn(headers(150))
    budget.learn(headers(900))
    assert budget.wait_s(Need.HOUSEKEEPING) > 0


@pytest.mark.parametrize(
    ("asked", "pause_s"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"ratelimit-reset": "9"}, 9.0),
        ({}, DEFAULT_PAUSE_S),
        ({"retry-after": "soon"}, DEFAULT_PAUSE_S),
        ({"retry-after": "1e9"}, MAX_PAUSE_S),
        ({"retry-after": "-5"}, DEFAULT_PAUSE_S),
    ],
)
def test_a_429_closes_the_token_for_as_long_as_it_says(asked: dict[str, str], pause_s: float) -> None:
    budget = Budget(Clock())
    assert (budget.close(asked), budget.wait_s(Need.NOTE)) == (pause_s, pause_s)


def test_budgets_that_limit_nothing_are_forgotten() -> None:
    budgets = Budgets()
    full = budgets.of("https://api.example.com", "full")
    full.learn(headers(0))
    for number in range(10_000):
        budgets.of("https://api.example.com", f"token {number}")
    assert len(budgets) < 3 * SWEEP_ABOVE
    assert budgets.of("https://api.example.com", "full") is full


def test_a_budget_that_somebody_uses_is_the_budget_of_all() -> None:
    budgets = Budgets()
    used = budgets.of("https://api.example.com", "used")
    for number in range(10_000):
        budgets.of("https://api.example.com", f"token {number}")
    assert budgets.of("https://api.example.com", "used") is used


@pytest.mark.parametrize(
    ("token", "sender", "setting", "words"),
    [
        ("tökén", None, "token", "spec.apiTokenSecretRef"),
        ("token\n", None, "token", "spec.apiTokenSecretRef"),
        ("to\x00ken", None, "token", "spec.apiTokenSecretRef"),
        ("token", "jürgen@example.com", "from", "spec.from"),
        ("token", "a@example.com\r\nX: y", "from", "spec.from"),
    ],
)
async def test_what_no_header_can_carry_is_refused_with_its_mend(
    token: str, sender: str | None, setting: str, words: str
) -> None:
    record = RoutingRecord("i", "n", "n", 0.0, 1, "outbound", "https://x.example", api_token=token, from_email=sender)
    async with create_client(LOOPBACK) as http:
        with pytest.raises(PagerDutyError, match=words) as caught:
            PagerDutyClients(http, uncounted, lambda *_: None).of(record)
    assert refused_setting(caught.value.status, caught.value.code) == setting
    assert token not in str(caught.value) or token == "token"


@pytest.mark.parametrize(
    ("field", "oddity", "lost"), [("more", "null", 0), ("more", "absent", 0), ("incidents.99.id", "null", 2)]
)
async def test_an_odd_page_ends_no_list(
    pd: PagerDutySimulator, connect: Connect, field: str, oddity: str, lost: int
) -> None:
    service = pd.add_service("api")
    made = [pd.trigger(service, "Errors", deliver=False) for _ in range(200)]
    pd.rules.add("odd-answer", path="/incidents", field=field, oddity=oddity)
    listed = [each.id async for each in connect().incidents(time.time() - 3600, time.time() + 60, {})]
    assert len(listed) == len(made) - lost
    assert set(listed) <= {each.id for each in made}
