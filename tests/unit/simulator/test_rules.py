"""How the simulator's REST API goes wrong on demand."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from testbed.pagerduty import Action, PagerDutySimulator, Rule

NOTES = "/incidents/1/notes"
NOTE = {"note": {"content": "found it"}}


@pytest.fixture
async def pd() -> AsyncIterator[PagerDutySimulator]:
    async with PagerDutySimulator() as simulator:
        simulator.add_user("Bot", "bot@example.com")
        simulator.trigger(simulator.add_service("payments-api"), "Checkout fails")
        yield simulator


@pytest.fixture
async def api(pd: PagerDutySimulator) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Token token={pd.add_token()}", "From": "bot@example.com"}
    async with httpx.AsyncClient(base_url=pd.url, headers=headers, trust_env=False) as client:
        yield client


@pytest.mark.parametrize(
    ("options", "struck"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"nth": 2}, [2]),
        ({"every": 3}, [3, 6]),
        ({"times": 2}, [1, 2]),
        ({"every": 2, "times": 1}, [2]),
        ({"probability": 0.0}, []),
        ({"probability": 1.0}, [1, 2, 3, 4, 5, 6]),
    ],
    ids=str,
)
def test_a_rule_strikes_the_calls_it_names(options: dict[str, float], struck: list[int]) -> None:
    rule = Rule(Action.SERVER_ERROR, **options)  # type: ignore[arg-type]  # a matrix of mixed options
    assert [number for number in range(1, 7) if rule.strikes()] == struck


def test_chance_repeats_itself_with_the_same_seed() -> None:
    first, again, other = (Rule(Action.HANG, probability=0.5, seed=seed) for seed in (7, 7, 8))
    outcomes = [[rule.strikes() for _ in range(64)] for rule in (first, again, other)]
    assert outcomes[0] == outcomes[1] != outcomes[2]


@pytest.mark.parametrize(
    ("method", "path", "call", "chosen"),
    [
        ("*", "**", ("GET", "/services"), True),
        ("POST", "**", ("GET", "/services"), False),
        ("*", "/incidents/*/notes", ("GET", "/incidents/Q1/notes"), True),
        ("*", "/incidents/*/notes", ("GET", "/incidents/Q1/notes/Q2"), False),
        ("*", "/incidents/*", ("GET", "/incidents/Q1/notes"), False),
        ("*", "/incidents/**", ("GET", "/incidents/Q1/notes/Q2"), True),
        ("*", "/service.", ("GET", "/services"), False),
    ],
)
def test_a_rule_chooses_calls_by_method_and_path(method: str, path: str, call: tuple[str, str], chosen: bool) -> None:
    assert Rule(Action.HANG, method=method, path=path).chooses_call(*call) is chosen


def test_a_rule_of_delivery_leaves_calls_alone() -> None:
    assert not Rule(Action.DUPLICATE).chooses_call("GET", "/services")
    assert Rule(Action.DUPLICATE, event="incident.*").chooses_event("incident.triggered")
    assert not Rule(Action.DUPLICATE, event="incident.*").chooses_event("service.created")
    assert not Rule(Action.HANG).chooses_event("incident.triggered")


def test_an_unknown_misbehaviour_is_refused(pd: PagerDutySimulator) -> None:
    with pytest.raises(ValueError, match="'explode' is not a valid Action"):
        pd.rules.add("explode")


async def test_a_429_names_the_second_to_come_back(pd: PagerDutySimulator, api: httpx.AsyncClient) -> None:
    pd.rules.add("rate-limit", path=NOTES, nth=1, seconds=7)
    answer = await api.post(NOTES, json=NOTE)
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, 2020)
    assert (answer.headers["ratelimit-remaining"], answer.headers["ratelimit-reset"]) == ("0", "7")
    pd.clock.advance(7)
    assert (await api.post(NOTES, json=NOTE)).status_code == 200
    assert (len(pd.notes("1")), pd.violations) == (1, [])


async def test_who_does_not_wait_after_a_429_is_refused_and_noted(
    pd: PagerDutySimulator, api: httpx.AsyncClient
) -> None:
    pd.rules.add("rate-limit", nth=1, seconds=7)
    await api.get(NOTES)
    pd.clock.advance(6)
    assert (await api.get(NOTES)).status_code == 429
    (violation,) = pd.violations
    assert re.fullmatch(rf"GET {NOTES} came [01]\.\d s before the rate limit was to open again", violation)


async def test_a_429_may_come_without_headers_and_body(pd: PagerDutySimulator, api: httpx.AsyncClient) -> None:
    pd.rules.add("rate-limit", nth=1, headers=False)
    answer = await api.get(NOTES)
    assert (answer.status_code, answer.content) == (429, b"")
    assert not [name for name in answer.headers if name.startswith("ratelimit")]


async def test_a_server_error_applies_nothing(pd: PagerDutySimulator, api: httpx.AsyncClient) -> None:
    pd.rules.add("server-error", method="POST", status=502, times=1)
    assert (await api.post(NOTES, json=NOTE)).status_code == 502
    assert pd.notes("1") == []
    assert (await api.post(NOTES, json=NOTE)).status_code == 200


async def test_a_hanging_call_never_answers(pd: PagerDutySimulator, api: httpx.AsyncClient) -> None:
    pd.rules.add("hang", method="POST", seconds=30)
    with pytest.raises(httpx.ReadTimeout):
        await api.post(NOTES, json=NOTE, timeout=httpx.Timeout(30.0, read=0.1))
    assert pd.notes("1") == []


@pytest.mark.parametrize(("action", "notes"), [("lose-answer", 1), ("lose-request", 0)])
async def test_a_lost_answer_leaves_a_note_and_a_lost_request_none(
    pd: PagerDutySimulator, api: httpx.AsyncClient, action: str, notes: int
) -> None:
    pd.rules.add(action, method="POST", path="/incidents/*/notes", nth=1)
    with pytest.raises(httpx.RemoteProtocolError):
        await api.post(NOTES, json=NOTE)
    assert len(pd.notes("1")) == notes
    assert pd.calls[-1].status is None


async def test_a_hidden_note_counts_and_shows_up_later(pd: PagerDutySimulator, api: httpx.AsyncClient) -> None:
    pd.rules.add("hide-note", seconds=20, nth=1)
    assert (await api.post(NOTES, json=NOTE)).status_code == 200
    assert ((await api.get(NOTES)).json()["notes"], len(pd.notes("1"))) == ([], 1)
    pd.clock.advance(20)
    assert len((await api.get(NOTES)).json()["notes"]) == 1


async def test_cleared_rules_strike_no_more(pd: PagerDutySimulator, api: httpx.AsyncClient) -> None:
    rule = pd.rules.add("server-error")
    await api.get(NOTES)
    pd.rules.clear()
    assert (await api.get(NOTES)).status_code == 200
    assert (rule.seen, rule.struck) == (1, 1)


async def test_calls_take_the_time_they_are_told_to(pd: PagerDutySimulator, api: httpx.AsyncClient) -> None:
    pd.latency_s = 0.05
    assert (await api.get(NOTES)).elapsed.total_seconds() >= 0.05
