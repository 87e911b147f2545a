import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest

from noctuary.common import clock
from noctuary.common.metrics import Metrics
from noctuary.incidents.unread import Unread
from noctuary.models.context_event import ContextEvent
from noctuary.models.reports import INTERNAL_PATH, ReportPage
from noctuary.models.routing_record import RoutingRecord, encode_record, record_secret_name
from noctuary.routing.operator_token import OperatorToken
from noctuary.routing.record_secrets import Secret, SecretMeta
from noctuary.routing.table import RoutingTable
from noctuary.store.changes import SaveIntegrationState
from noctuary.store.queries import EventQuery
from noctuary.store.rows import IntegrationState
from noctuary.store.sqlite.store import SqliteStore
from testbed.docs.snippets import ROOT, snippets
from testbed.posted_events import EVENT
from testbed.routing_records import routing_record
from webhook_receiver.app import create_app
from webhook_receiver.deps import Deps
from webhook_receiver.reports import ReportLog
from webhook_receiver.routes.internal import create_internal_app
from webhook_receiver.token_proofs import TokenProofs

NOW = clock.now()
PAGE = ROOT / "docs" / "reference" / "events-api.md"
KEY = {"authorization": "Bearer key-a"}
INTERNAL = {"authorization": "Bearer internal-token"}


class Receiver:
    def __init__(self, deps: Deps) -> None:
        self.deps = deps
        self.public = httpx.AsyncClient(transport=httpx.ASGITransport(create_app(deps)), base_url="http://public")
        internal = httpx.ASGITransport(create_internal_app(deps))
        self.internal = httpx.AsyncClient(transport=internal, base_url="http://internal")

    def route(self, *records: RoutingRecord) -> None:
        self.deps.routing.on_list(
            [Secret(SecretMeta(record_secret_name(each.id)), encode_record(each)) for each in records]
        )

    async def post(self, content: str | bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        return await self.public.post("/v1/events", content=content, headers=KEY if headers is None else headers)

    async def stored(self) -> list[ContextEvent]:
        return await self.deps.store.window(EventQuery(["team-a"], None, NOW - 1e6, NOW + 1e6, NOW))

    async def reports(self, cursor: int) -> ReportPage:
        answer = await self.internal.get(INTERNAL_PATH, params={"cursor": cursor}, headers=INTERNAL)
        return msgspec.json.decode(answer.content, type=ReportPage)


@pytest.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[Receiver]:
    store = await SqliteStore.open(tmp_path)
    routing = RoutingTable()
    routing.health.confirm()
    token = OperatorToken()
    token.value = "internal-token"
    metrics = Metrics()
    made = Receiver(Deps(store, routing, token, metrics, TokenProofs(), ReportLog(routing, Unread(metrics, routing))))
    made.route(routing_record())
    yield made
    await made.public.aclose()
    await made.internal.aclose()
    await store.close()


# POST /v1/events


async def test_an_event_is_durable_before_it_is_answered(receiver: Receiver) -> None:
    answer = await receiver.post(json.dumps(EVENT))
    assert (answer.status_code, answer.json()) == (201, {"accepted": 1, "repeated": 0})
    assert [(event.tenant, event.service_name) for event in await receiver.stored()] == [("team-a", "cart")]


async def test_the_page_of_the_api_shows_what_is_taken_and_what_is_answered(receiver: Receiver) -> None:
    sent, shown = [json.loads(each.text) for each in snippets(PAGE) if each.language == "json"]
    answer = await receiver.post(json.dumps([sent, sent | {"entity": "another", "confidence": 7}]))
    assert (answer.status_code, answer.json()) == (207, shown)


async def test_a_repeated_event_is_counted_and_reported(receiver: Receiver) -> None:
    dated = json.dumps({**EVENT, "dedup_key": "k"})
    answer = await receiver.post(f"[{dated},{dated}]")
    assert answer.json() == {"accepted": 1, "repeated": 1}
    assert len(await receiver.stored()) == 1


async def test_good_items_are_kept_and_bad_ones_are_named(receiver: Receiver) -> None:
    answer = await receiver.post(json.dumps([EVENT, {**EVENT, "confidence": 2}]))
    assert answer.status_code == 207
    assert answer.json()["accepted"] == 1
    [error] = answer.json()["errors"]
    assert (error["index"], error["field"]) == (1, "confidence")
    assert error["fix"] == "send a number above 0 and at most 1"
    assert len(await receiver.stored()) == 1


@pytest.mark.parametrize("body", ["[{}]", "{", "[]", b"\xff", "[" * 50_000])
async def test_nothing_good_is_a_bad_request(receiver: Receiver, body: str | bytes) -> None:
    answer = await receiver.post(body)
    assert answer.status_code == 400
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic ingest-key", "ingest-key", "Bearer \xff"]
)
async def test_only_the_ingest_key_opens(receiver: Receiver, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    answer = await receiver.public.post("/v1/events", content=json.dumps(EVENT), headers=raw)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_events_are_answered_with_a_retry_time_while_we_are_not_ready(receiver: Receiver) -> None:
    receiver.deps.routing_max_age_s = -1
    answer = await receiver.post(json.dumps(EVENT))
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


async def test_events_over_the_cap_are_refused(receiver: Receiver) -> None:
    assert (await receiver.post(b"x" * 2_097_153)).status_code == 413


async def test_compressed_events_are_refused_and_never_unpacked(receiver: Receiver) -> None:
    assert (await receiver.post(b"x", {**KEY, "content-encoding": "gzip"})).status_code == 415


async def test_events_are_counted_by_outcome(receiver: Receiver) -> None:
    await receiver.post(json.dumps([{**EVENT, "dedup_key": "k"}, {**EVENT, "dedup_key": "k"}, {}]))
    metrics = (await receiver.internal.get("/metrics")).text
    for outcome in ("stored", "repeated", "refused"):
        assert f'noctuary_events_total{{outcome="{outcome}",source="api"}} 1.0' in metrics


# The internal port


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer wrong", "Bearer \xe4", "internal-token"])
async def test_reports_are_for_the_operator_only(receiver: Receiver, authorization: str) -> None:
    raw = [(b"authorization", authorization.encode("latin-1"))]
    assert (await receiver.internal.get(INTERNAL_PATH, headers=raw)).status_code == 401


async def test_reports_wait_for_the_internal_token(receiver: Receiver) -> None:
    receiver.deps.internal_token.value = None
    assert (await receiver.internal.get(INTERNAL_PATH, headers=INTERNAL)).status_code == 503


async def test_reports_tell_what_the_store_knows_of_each_loaded_integration(receiver: Receiver) -> None:
    await receiver.deps.store.commit(
        SaveIntegrationState(IntegrationState(id="a", last_note_at=5.0, last_failure_reason="x"))
    )
    [report] = (await receiver.reports(0)).items
    assert report.id == "a"
    assert (report.last_note_at, report.last_failure_reason) == (5.0, "x")


async def test_reports_since_a_cursor_hold_only_what_changed(receiver: Receiver) -> None:
    receiver.route(routing_record("a"), routing_record("b"))
    first = await receiver.reports(0)
    assert {report.id for report in first.items} == {"a", "b"}
    assert (await receiver.reports(first.cursor)).items == []
    receiver.route(routing_record("a"), routing_record("b", suspend=True))
    second = await receiver.reports(first.cursor)
    assert [report.id for report in second.items] == ["b"]
    await receiver.deps.store.commit(SaveIntegrationState(IntegrationState(id="a", last_webhook_at=7.0)))
    third = await receiver.reports(second.cursor)
    assert [(report.id, report.last_webhook_at) for report in third.items] == [("a", 7.0)]
    assert third.boot == first.boot


async def test_a_deleted_integration_is_in_no_report(receiver: Receiver) -> None:
    await receiver.deps.store.commit(SaveIntegrationState(IntegrationState(id="a", last_webhook_at=7.0)))
    receiver.route()
    assert (await receiver.reports(0)).items == []


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30, "1.0"])
async def test_a_cursor_must_be_a_number(receiver: Receiver, cursor: str) -> None:
    answer = await receiver.internal.get(INTERNAL_PATH, params={"cursor": cursor}, headers=INTERNAL)
    assert answer.status_code == 400


async def test_health_is_good_when_routing_and_store_are(receiver: Receiver) -> None:
    for path in ("/healthz", "/readyz"):
        assert (await receiver.internal.get(path)).text == "ok"


async def test_stale_routing_is_not_ready_but_alive(receiver: Receiver) -> None:
    receiver.deps.routing_max_age_s = -1
    assert (await receiver.internal.get("/healthz")).status_code == 200
    assert (await receiver.internal.get("/readyz")).status_code == 503


async def test_a_closed_store_is_neither_alive_nor_ready_and_metrics_still_answer(receiver: Receiver) -> None:
    await receiver.deps.store.close()
    for path in ("/healthz", "/readyz"):
        assert (await receiver.internal.get(path)).status_code == 503
    assert "noctuary_queue_depth" in (await receiver.internal.get("/metrics")).text


async def test_metrics_show_how_much_waits(receiver: Receiver) -> None:
    text = (await receiver.internal.get("/metrics")).text
    for queue in ("inbox", "notes", "store_writes"):
        assert f'noctuary_queue_depth{{queue="{queue}"}} 0.0' in text
    assert 'noctuary_watch_age_seconds{resource="secrets"}' in text


# Who is displaced


async def displaced(receiver: Receiver, cursor: int = 0) -> tuple[str | None, int]:
    """Return who the report of integration `a` says writes instead, if it is in the page, and the new cursor."""
    page = await receiver.reports(cursor)
    found = [report.displaced.by if report.displaced else "nobody" for report in page.items if report.id == "a"]
    return (found[0] if found else None), page.cursor


async def displace(receiver: Receiver, age_s: float = 0.0) -> None:
    state = IntegrationState(id="a", displaced_by="b", displaced_incident="Q1", displaced_at=clock.now() - age_s)
    await receiver.deps.store.commit(SaveIntegrationState(state))


@pytest.mark.parametrize(("age_s", "expected"), [(0.0, "b"), (86_000.0, "b"), (86_500.0, "nobody")])
async def test_an_integration_counts_as_displaced_for_a_day(receiver: Receiver, age_s: float, expected: str) -> None:
    receiver.route(routing_record("a"), routing_record("b"))
    await displace(receiver, age_s)
    assert (await displaced(receiver))[0] == expected


async def test_it_ends_and_is_reported_when_the_other_one_is_gone(receiver: Receiver) -> None:
    receiver.route(routing_record("a"), routing_record("b"))
    await displace(receiver)
    said, cursor = await displaced(receiver)
    receiver.route(routing_record("a"))
    assert (said, (await displaced(receiver, cursor))[0]) == ("b", "nobody")


async def test_it_ends_and_is_reported_when_the_day_is_over(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.route(routing_record("a"), routing_record("b"))
    await displace(receiver)
    said, cursor = await displaced(receiver)
    assert await displaced(receiver, cursor) == (None, cursor)
    later = clock.now() + 90_000
    monkeypatch.setattr(clock, "now", lambda: later)
    assert (said, (await displaced(receiver, cursor))[0]) == ("b", "nobody")


async def test_whoever_has_the_scope_of_an_older_one_is_reported_while_that_lasts(receiver: Receiver) -> None:
    outranked = {"a": "b"}
    receiver.deps.reports = ReportLog(receiver.deps.routing, receiver.deps.unread, lambda: dict(outranked))
    receiver.route(routing_record("a"), routing_record("b"))
    said, cursor = await displaced(receiver)
    assert await displaced(receiver, cursor) == (None, cursor)
    outranked.clear()
    assert (said, (await displaced(receiver, cursor))[0]) == ("b", "nobody")
