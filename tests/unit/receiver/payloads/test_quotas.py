"""What a sender and the operator are told when a namespace has met a quota of the store."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from noctuary.common.errors import QuotaExceeded
from noctuary.common.metrics import Metrics
from noctuary.incidents.unread import Unread
from noctuary.models.reports import QuotaReport
from noctuary.models.routing_record import encode_record, record_secret_name
from noctuary.routing.record_secrets import Secret, SecretMeta
from noctuary.routing.table import RoutingTable
from noctuary.store.limits import Quota, QuotaMet, StoreLimits
from noctuary.store.rows import NewWebhook
from noctuary.store.sqlite.store import SqliteStore
from testbed.posted_events import EVENT
from testbed.routing_records import routing_record
from webhook_receiver.quotas import FIXES, QuotaReports
from webhook_receiver.reports import ReportLog
from webhook_receiver.routes.events import Counters, parse_batch, store_events

RECORD = routing_record()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(tmp_path, StoreLimits(tenant_events=2))
    yield store
    await store.close()


async def post(store: SqliteStore, *items: dict[str, object]) -> tuple[int, dict[str, object]]:
    answer = await store_events(
        store, Counters(Metrics()), parse_batch(RECORD, {"headers": []}, json.dumps(items).encode())
    )
    return answer.status, json.loads(answer.body)


def item(key: str, **changes: object) -> dict[str, object]:
    return {**EVENT, "dedup_key": key, **changes}


async def test_each_refused_item_names_the_quota_and_the_mend(store: SqliteStore) -> None:
    bad = item("bad", confidence=7)
    status, answer = await post(store, item("a"), bad, item("b"), item("c"), item("a"))
    assert (status, answer["accepted"], answer["repeated"]) == (207, 2, 1)
    errors = answer["errors"]
    assert isinstance(errors, list)
    assert [(each["index"], each["field"]) for each in errors] == [(1, "confidence"), (3, "quota.events")]
    assert errors[1]["fix"] == FIXES[Quota.EVENTS]


async def test_a_request_of_which_nothing_is_kept_is_answered_429(store: SqliteStore) -> None:
    await post(store, item("a"), item("b"))
    assert (await post(store, item("c")))[0] == 429


async def test_the_operator_is_told_when_a_quota_is_met_and_when_it_is_not_any_more(store: SqliteStore) -> None:
    routing = RoutingTable()
    reports = ReportLog(routing, Unread(Metrics(), routing))
    routing.on_list([Secret(SecretMeta(record_secret_name(RECORD.id)), encode_record(RECORD))])
    before = await reports.since(0, store)
    await post(store, item("a"), item("b"), item("c"))
    met = await reports.since(before.cursor, store)
    assert [each.quota for each in met.items] == [QuotaReport("events", 2)]
    assert (await reports.since(met.cursor, store)).items == []
    store._met._met.clear()
    over = await reports.since(met.cursor, store)
    assert [each.quota for each in over.items] == [None]


def test_only_tenants_whose_quota_changed_are_told_of_again() -> None:
    reports = QuotaReports()
    met = {"a": QuotaMet(Quota.EVENTS, 5, 1.0), "b": QuotaMet(Quota.BYTES, 6, 1.0)}
    assert reports.changed(met) == {"a", "b"}
    assert reports.changed({"a": QuotaMet(Quota.EVENTS, 5, 9.0)}) == {"b"}
    assert (reports.of("i", "a"), reports.of("i", "b")) == (QuotaReport("events", 5), None)


def test_an_integration_shows_its_own_quota_and_others_of_its_namespace_do_not() -> None:
    reports = QuotaReports()
    assert reports.changed({"i": QuotaMet(Quota.OWN_WEBHOOKS, 7, 1.0)}) == {"i"}
    assert (reports.of("i", "a"), reports.of("other", "a")) == (QuotaReport("waiting_webhooks", 7), None)


async def test_the_operator_is_told_of_webhooks_that_the_namespace_may_not_keep(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path, StoreLimits(tenant_webhook_bytes=1_000))
    routing = RoutingTable()
    reports = ReportLog(routing, Unread(Metrics(), routing))
    routing.on_list([Secret(SecretMeta(record_secret_name(RECORD.id)), encode_record(RECORD))])
    with pytest.raises(QuotaExceeded):
        await store.add_webhook(NewWebhook(RECORD.id, "w", "hash", 1.0, b"x" * 1_000, RECORD.namespace))
    assert [each.quota for each in (await reports.since(0, store)).items] == [QuotaReport("webhook_bytes", 1_000)]
    await store.close()
