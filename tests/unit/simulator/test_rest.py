"""What the simulator's REST API answers, and what it holds against a client."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from testbed.pagerduty import PagerDutySimulator

DAY = timedelta(days=1)
NOTE = {"note": {"content": "found it"}}


@pytest.fixture
async def pd() -> AsyncIterator[PagerDutySimulator]:
    async with PagerDutySimulator() as simulator:
        simulator.add_user("Bot", "bot@example.com")
        yield simulator


@pytest.fixture
def service(pd: PagerDutySimulator) -> str:
    return pd.add_service("payments-api")


@pytest.fixture
async def api(pd: PagerDutySimulator) -> AsyncIterator[httpx.AsyncClient]:
    async with _client(pd, pd.add_token()) as client:
        yield client


@pytest.mark.parametrize(
    "authorization",
    ["", "Token token=", "Token token=wrong", "Bearer {token}", "{token}"],
    ids=["none", "empty", "unknown", "bearer", "bare"],
)
async def test_a_call_without_a_known_key_is_refused(pd: PagerDutySimulator, authorization: str) -> None:
    headers = {"Authorization": authorization.format(token=pd.add_token())}
    async with httpx.AsyncClient(base_url=pd.url) as client:
        answer = await client.get("/services", headers=headers)
    assert (answer.status_code, _code(answer)) == (401, 2006)


async def test_a_read_only_key_reads_and_does_not_write(pd: PagerDutySimulator, service: str) -> None:
    incident = pd.trigger(service, "Checkout fails")
    async with _client(pd, pd.add_token(read_only=True)) as reader:
        assert (await reader.get(f"/incidents/{incident.id}")).status_code == 200
        answer = await reader.post(f"/incidents/{incident.id}/notes", json=NOTE)
    assert (answer.status_code, _code(answer), pd.notes(incident.id)) == (403, 2010, [])


@pytest.mark.parametrize(
    ("sender", "code"),
    [(None, 2016), ("", 1028), ("no address", 1028), ("stranger@example.com", 1008)],
    ids=["missing", "empty", "malformed", "unknown"],
)
async def test_an_account_key_must_say_who_writes(
    pd: PagerDutySimulator, api: httpx.AsyncClient, service: str, sender: str | None, code: int
) -> None:
    incident = pd.trigger(service, "Checkout fails")
    headers = {} if sender is None else {"From": sender}
    del api.headers["From"]
    answer = await api.post(f"/incidents/{incident.id}/notes", json=NOTE, headers=headers)
    assert (answer.status_code, _code(answer), pd.notes(incident.id)) == (400, code, [])
    assert len(pd.violations) == (code != 1008)


async def test_a_users_own_key_needs_no_from_and_knows_its_user(pd: PagerDutySimulator, service: str) -> None:
    owner = pd.add_user("Owner", "owner@example.com")
    incident = pd.trigger(service, "Checkout fails")
    async with _client(pd, pd.add_token(user=owner)) as client:
        del client.headers["From"]
        me = (await client.get("/users/me")).json()["user"]
        await client.post(f"/incidents/{incident.id}/notes", json=NOTE)
    assert (me["id"], me["email"]) == (owner.id, "owner@example.com")
    assert [note.user for note in pd.notes(incident.id)] == [owner]
    assert pd.violations == []


async def test_an_account_key_is_nobody(api: httpx.AsyncClient) -> None:
    assert (await api.get("/users/me")).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/incidents/QNOBODY", 404, 5001),
        ("GET", "/incidents/QNOBODY/notes", 404, 5001),
        ("GET", "/incidents/QNOBODY/alerts", 404, 5001),
        ("GET", "/services/PNOBODY", 404, 2100),
        ("PUT", "/incidents/1/notes/PNOBODY", 404, 2100),
        ("DELETE", "/incidents/1/notes/PNOBODY", 404, 2100),
        ("GET", "/nowhere", 404, 2100),
        ("GET", "/incidents/", 404, 2100),
        ("POST", "/users/me", 405, 2000),
        ("PATCH", "/incidents/1", 405, 2000),
    ],
)
async def test_what_is_not_there_is_not_found(
    pd: PagerDutySimulator, api: httpx.AsyncClient, service: str, method: str, path: str, status: int, code: int
) -> None:
    pd.trigger(service, "Checkout fails")
    answer = await api.request(method, path, json=NOTE)
    assert (answer.status_code, _code(answer)) == (status, code)


async def test_services_are_found_by_id_name_and_part_of_the_name(
    pd: PagerDutySimulator, api: httpx.AsyncClient
) -> None:
    wanted, _ = pd.add_service("payments-api"), pd.add_service("search-api")
    assert (await api.get(f"/services/{wanted}")).json()["service"]["name"] == "payments-api"
    for query, names in (
        ({}, ["payments-api", "search-api"]),
        ({"name": "payments-api"}, ["payments-api"]),
        ({"name": "payments"}, []),
        ({"query": "PAY"}, ["payments-api"]),
    ):
        found = (await api.get("/services", params=query)).json()["services"]
        assert [service["name"] for service in found] == names


async def test_incidents_are_listed_by_team_and_name_their_teams(
    pd: PagerDutySimulator, api: httpx.AsyncClient, service: str
) -> None:
    one, two = pd.add_team("Payments"), pd.add_team("Search")
    pd.trigger(service, "nobody's")
    pd.trigger(pd.add_service("one", [one]), "one's")
    pd.trigger(pd.add_service("both", [one, two]), "both's")
    listed = [await _titles(api, **{"team_ids[]": teams}) for teams in ([one], [two], [one, two], ["PNOBODY"])]
    assert listed == [["one's", "both's"], ["both's"], ["one's", "both's"], []]
    shown = (await api.get("/incidents/2")).json()["incident"]["teams"]
    assert [(each["id"], each["type"], each["summary"]) for each in shown] == [(one, "team_reference", "Payments")]


async def test_an_account_without_teams_cannot_be_asked_by_team(api: httpx.AsyncClient) -> None:
    assert (await api.get("/incidents", params={"team_ids[]": "PNOBODY"})).status_code == 402


async def test_an_incident_is_known_by_id_and_by_number(
    pd: PagerDutySimulator, api: httpx.AsyncClient, service: str
) -> None:
    incident = pd.trigger(service, "Checkout fails")
    by_id, by_number = await api.get(f"/incidents/{incident.id}"), await api.get("/incidents/1")
    assert by_id.json() == by_number.json()
    assert by_id.json()["incident"]["incident_key"] is None


async def test_times_carry_the_accounts_offset(pd: PagerDutySimulator, api: httpx.AsyncClient, service: str) -> None:
    incident = pd.trigger(service, "Checkout fails")
    shown = (await api.get("/incidents/1")).json()["incident"]["created_at"]
    assert shown.endswith("-05:00")
    assert datetime.fromisoformat(shown) == incident.created_at.replace(microsecond=0)


async def test_a_sender_finds_its_dedup_key_on_the_alert(
    pd: PagerDutySimulator, api: httpx.AsyncClient, service: str
) -> None:
    link = {"type": "link", "href": "https://grafana.example.com/d/1", "text": "Dashboard"}
    pd.trigger(service, "Two pods", alerts=[{"alert_key": "k1", "contexts": [link]}, {"details": {"pod": "api-1"}}])
    first, second = (await api.get("/incidents/1/alerts")).json()["alerts"]
    assert first["alert_key"] == "k1"
    assert first["body"]["type"] == "alert_body"
    assert first["body"]["contexts"] == [link]
    assert second["body"]["details"] == {"pod": "api-1"}
    assert set(second["body"]) == {"type", "contexts", "details", "cef_details"}
    found = (await api.get("/incidents", params={"incident_key": "k1"})).json()["incidents"]
    assert [incident["incident_number"] for incident in found] == [1]


async def test_alerts_come_in_pages_and_by_status(pd: PagerDutySimulator, api: httpx.AsyncClient, service: str) -> None:
    pd.trigger(service, "Many", alerts=[{"alert_key": f"k{n}", "status": _odd_resolved(n)} for n in range(30)])
    page = (await api.get("/incidents/1/alerts", params={"offset": 25})).json()
    assert ([alert["alert_key"] for alert in page["alerts"]], page["more"]) == ([f"k{n}" for n in range(25, 30)], False)
    resolved = (await api.get("/incidents/1/alerts", params={"statuses[]": "resolved", "limit": 100})).json()
    assert len(resolved["alerts"]) == 15


async def test_an_incident_made_by_a_person_has_a_key_and_no_alert(
    pd: PagerDutySimulator, api: httpx.AsyncClient, service: str
) -> None:
    pd.trigger(service, "By hand", alerts=[])
    assert (await api.get("/incidents/1/alerts")).json()["alerts"] == []
    assert (await api.get("/incidents/1")).json()["incident"]["incident_key"]


async def test_a_misspelt_alert_is_refused_with_the_field_named(pd: PagerDutySimulator, service: str) -> None:
    with pytest.raises(ValueError, match="no field detail: use"):
        pd.trigger(service, "Typo", alerts=[{"detail": {}}])


async def test_the_list_of_incidents_goes_back_a_month_by_default(
    pd: PagerDutySimulator, api: httpx.AsyncClient, service: str
) -> None:
    now = pd.clock.now()
    for days in (0, 20, 40):
        pd.trigger(service, f"{days} days ago", at=now - days * DAY)
    assert await _titles(api) == ["0 days ago", "20 days ago"]
    assert await _titles(api, since=(now - 30 * DAY).isoformat(), until=(now - DAY).isoformat()) == ["20 days ago"]
    assert await _titles(api, since=(now - 90 * DAY).isoformat()) == ["0 days ago", "20 days ago", "40 days ago"]
    assert len(await _titles(api, date_range="all")) == 3


@pytest.mark.parametrize(
    "query",
    [
        {"since": "2026-01-01T00:00:00Z", "until": "2026-07-02T00:00:00Z"},
        {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
        {"since": "yesterday"},
        {"statuses[]": "open"},
        {"sort_by": "title"},
        {"sort_by": "created_at:up"},
        {"time_zone": "Mars/Base"},
        {"limit": "many"},
        {"limit": "0"},
        {"offset": "-1"},
    ],
    ids=str,
)
async def test_a_query_that_breaks_a_rule_is_refused(api: httpx.AsyncClient, query: dict[str, str]) -> None:
    answer = await api.get("/incidents", params=query)
    assert (answer.status_code, _code(answer), len(answer.json()["error"]["errors"])) == (400, 2001, 1)


async def test_six_months_are_a_lawful_range(api: httpx.AsyncClient) -> None:
    query = {"since": "2026-01-31T00:00:00Z", "until": "2026-07-31T00:00:00Z"}
    assert (await api.get("/incidents", params=query)).status_code == 200


async def test_incidents_are_filtered_by_status_and_service_and_sorted(
    pd: PagerDutySimulator, api: httpx.AsyncClient
) -> None:
    first, second = pd.add_service("payments-api"), pd.add_service("search-api")
    pd.resolve(pd.trigger(first, "done").id)
    pd.acknowledge(pd.trigger(first, "seen").id)
    pd.trigger(second, "new")
    assert await _titles(api, **{"statuses[]": ["triggered", "acknowledged"]}) == ["seen", "new"]
    assert await _titles(api, **{"service_ids[]": [first]}) == ["done", "seen"]
    assert await _titles(api, sort_by="incident_number:desc") == ["new", "seen", "done"]


async def test_incidents_come_in_pages_of_a_hundred_at_most(
    pd: PagerDutySimulator, api: httpx.AsyncClient, service: str
) -> None:
    for number in range(101):
        pd.trigger(service, f"incident {number}")
    pages = [(await api.get("/incidents", params={"limit": 100, "offset": offset})).json() for offset in (0, 100)]
    assert [(len(page["incidents"]), page["more"], page["total"]) for page in pages] == [
        (100, True, None),
        (1, False, None),
    ]
    greedy = (await api.get("/incidents", params={"limit": 500, "total": "true"})).json()
    assert (greedy["limit"], greedy["total"]) == (100, 101)
    assert pd.violations == ["/incidents was asked for 500 objects, more than 100"]


async def test_no_page_reaches_beyond_ten_thousand(api: httpx.AsyncClient) -> None:
    assert (await api.get("/incidents", params={"limit": 100, "offset": 9_900})).status_code == 200
    answer = await api.get("/incidents", params={"limit": 100, "offset": 9_901})
    assert (answer.status_code, _code(answer)) == (400, 2002)


async def test_a_note_is_written_edited_and_deleted(
    pd: PagerDutySimulator, api: httpx.AsyncClient, service: str
) -> None:
    incident = pd.trigger(service, "Checkout fails")
    notes = f"/incidents/{incident.id}/notes"
    created = await api.post(notes, json=NOTE)
    key = created.json()["note"]["id"]
    edited = await api.put(f"{notes}/{key}", json={"note": {"content": "found more"}})
    assert [created.status_code, edited.status_code] == [200, 200]
    assert [note["content"] for note in (await api.get(notes)).json()["notes"]] == ["found more"]
    del api.headers["From"]
    assert (await api.delete(f"{notes}/{key}")).status_code == 204
    assert pd.notes(incident.id) == []
    assert [note.content for note in incident.deleted_notes] == ["found more"]
    assert pd.violations == []


async def test_notes_are_listed_the_newest_first(pd: PagerDutySimulator, api: httpx.AsyncClient, service: str) -> None:
    pd.trigger(service, "Checkout fails")
    for content in ("first", "second"):
        await api.post("/incidents/1/notes", json={"note": {"content": content}})
    assert [note["content"] for note in (await api.get("/incidents/1/notes")).json()["notes"]] == ["second", "first"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'{"content":"bare"}',
        b'{"note":"text"}',
        b'{"note":{}}',
        b'{"note":{"content":""}}',
        b'{"note":{"content":" \\n"}}',
        b'{"note":{"content":7}}',
    ],
)
async def test_a_note_without_content_is_refused(
    pd: PagerDutySimulator, api: httpx.AsyncClient, service: str, body: bytes
) -> None:
    pd.trigger(service, "Checkout fails")
    answer = await api.post("/incidents/1/notes", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, _code(answer), pd.notes("1")) == (400, 2001, [])


@pytest.mark.parametrize(("content", "status"), [("é" * 32_767, 200), ("é" * 32_768, 400)], ids=["65534", "65536"])
async def test_a_note_is_measured_in_bytes(
    pd: PagerDutySimulator, api: httpx.AsyncClient, service: str, content: str, status: int
) -> None:
    pd.trigger(service, "Checkout fails")
    answer = await api.post("/incidents/1/notes", json={"note": {"content": content}})
    assert (answer.status_code, len(pd.notes("1"))) == (status, int(status == 200))


async def test_an_incident_holds_two_thousand_notes(
    pd: PagerDutySimulator, api: httpx.AsyncClient, service: str
) -> None:
    incident, person = pd.trigger(service, "Checkout fails"), pd.add_user("Person", "person@example.com")
    for number in range(2_000):
        pd.write_note(incident.id, f"note {number}", person)
    answer = await api.post("/incidents/1/notes", json=NOTE)
    assert (answer.status_code, len(pd.notes("1"))) == (400, 2_000)


@pytest.mark.parametrize(
    ("headers", "status", "violations"),
    [
        ({"Accept": "application/vnd.pagerduty+json;version=2"}, 200, 0),
        ({"Accept": "application/vnd.pagerduty+json; version=2"}, 200, 0),
        ({"Accept": "application/json"}, 200, 0),
        ({"Accept": "text/html"}, 406, 1),
        ({"Accept": "application/vnd.pagerduty+json;version=1"}, 406, 1),
        ({"Content-Type": "text/plain"}, 400, 1),
    ],
    ids=str,
)
async def test_headers_are_checked_where_given(
    pd: PagerDutySimulator, api: httpx.AsyncClient, service: str, headers: dict[str, str], status: int, violations: int
) -> None:
    pd.trigger(service, "Checkout fails")
    answer = await api.post("/incidents/1/notes", json=NOTE, headers=headers)
    assert (answer.status_code, len(pd.violations)) == (status, violations)


async def test_every_answer_says_what_is_left_of_the_limit(api: httpx.AsyncClient) -> None:
    left = [(await api.get("/services")).headers["ratelimit-remaining"] for _ in range(2)]
    assert left == ["959", "958"]
    headers = (await api.get("/nowhere")).headers
    assert (headers["ratelimit-limit"], headers["ratelimit-remaining"]) == ("960", "957")
    assert 1 <= int(headers["ratelimit-reset"]) <= 60


async def test_beyond_the_limit_a_key_waits_for_the_next_minute() -> None:
    async with PagerDutySimulator(requests_per_minute=2) as pd, _client(pd, pd.add_token()) as api:
        answers = [await api.get("/services") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert (_code(answers[2]), answers[2].headers["ratelimit-remaining"]) == (2020, "0")
        pd.clock.advance(float(answers[2].headers["ratelimit-reset"]))
        assert (await api.get("/services")).status_code == 200
        assert pd.violations == []


async def test_calling_again_before_the_limit_opens_is_a_violation() -> None:
    async with PagerDutySimulator(requests_per_minute=1) as pd, _client(pd, pd.add_token()) as api:
        await api.get("/services")
        await api.get("/services")
        pd.clock.advance(5)
        assert (await api.get("/services")).status_code == 429
        assert len(pd.violations) == 1
        assert "before the rate limit was to open again" in pd.violations[0]


async def test_a_persons_keys_share_one_limit_and_other_keys_have_their_own() -> None:
    async with PagerDutySimulator(requests_per_minute=1) as pd:
        owner = pd.add_user("Owner", "owner@example.com")
        statuses = []
        for token in (pd.add_token(user=owner), pd.add_token(user=owner), pd.add_token()):
            async with _client(pd, token) as api:
                statuses.append((await api.get("/services")).status_code)
    assert statuses == [200, 429, 200]


async def test_calls_are_remembered(pd: PagerDutySimulator, api: httpx.AsyncClient) -> None:
    await api.get("/services")
    await api.get("/nowhere")
    assert [(call.method, call.path, call.status) for call in pd.calls] == [
        ("GET", "/services", 200),
        ("GET", "/nowhere", 404),
    ]


async def test_a_resolved_incident_stays_resolved(pd: PagerDutySimulator, api: httpx.AsyncClient, service: str) -> None:
    incident = pd.trigger(service, "Checkout fails")
    pd.resolve(incident.id)
    with pytest.raises(ValueError, match="resolved already"):
        pd.acknowledge(incident.id)
    shown = (await api.get("/incidents/1")).json()["incident"]
    assert (shown["status"], shown["assignments"]) == ("resolved", [])
    assert shown["alert_counts"] == {"all": 1, "triggered": 0, "resolved": 1}


def _client(pd: PagerDutySimulator, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Token token={token}", "From": "bot@example.com"}
    return httpx.AsyncClient(base_url=pd.url, headers=headers, trust_env=False)


def _code(answer: httpx.Response) -> int:
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) <= {"message", "code", "errors"}
    return int(error["code"])


async def _titles(api: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await api.get("/incidents", params=query)
    return [incident["title"] for incident in answer.json()["incidents"]]


def _odd_resolved(number: int) -> str:
    return "resolved" if number % 2 else "triggered"
