"""What is remembered of integrations that are gone is forgotten, and read again of one that comes back."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from noctuary.common.metrics import Metrics
from noctuary.incidents.trust.proofs import Proofs
from noctuary.incidents.unread import Unread
from noctuary.models.routing_record import RoutingRecord, encode_record, record_secret_name
from noctuary.routing.record_secrets import Secret, SecretMeta
from noctuary.routing.table import RoutingTable
from noctuary.store.changes import SaveIntegrationState
from noctuary.store.rows import IntegrationState
from noctuary.store.sqlite.store import SqliteStore
from testbed.routing_records import routing_record
from webhook_receiver.reports import ReportLog
from webhook_receiver.token_proofs import TokenProofs

IDS = [f"id-{number}" for number in range(10_000)]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(tmp_path)
    yield store
    await store.close()


def record_of(integration_id: str, **changes: object) -> RoutingRecord:
    changed: RoutingRecord = msgspec.structs.replace(routing_record(), id=integration_id, tokens=[], **changes)
    return changed


def secret(record: RoutingRecord) -> Secret:
    return Secret(SecretMeta(record_secret_name(record.id)), encode_record(record))


def loaded(*ids: str) -> RoutingTable:
    routing = RoutingTable()
    routing.on_list([secret(record_of(each)) for each in ids])
    routing.health.confirm()
    return routing


async def save(store: SqliteStore, *ids: str) -> None:
    states = (IntegrationState(id=each, proven_token_sha256="hash", last_failure_reason="told") for each in ids)
    await store.commit(*map(SaveIntegrationState, states))


async def test_of_ten_thousand_integrations_that_came_and_went_nothing_is_kept(store: SqliteStore) -> None:
    routing = loaded("stays")
    reports, proofs, tokens = ReportLog(routing, Unread(Metrics(), routing)), Proofs(store, routing), TokenProofs()
    tokens.follow(routing)
    await save(store, "stays", *IDS)
    await tokens.load(store)
    for each in IDS:
        for suspend in (True, False):
            routing.on_event("MODIFIED", secret(record_of(each, suspend=suspend)))
        reports.unread.note(each, "webhook_url", "unsigned")
    await reports.since(0, store)
    await proofs.refresh()
    assert (len(reports._states), len(proofs._states)) == (10_001, 10_001)
    for each in IDS:
        routing.on_event("DELETED", secret(record_of(each)))
    await save(store, *IDS[:100])
    await reports.since(0, store)
    await proofs.refresh()
    assert (len(reports._states), len(proofs._states)) == (1, 1)
    kept = (
        reports._order,
        reports.unread._counts,
        reports.unread._told,
        reports._refusals._known,
        proofs._refusals._known,
        tokens._states,
        tokens._stored_at,
    )
    assert all(set(each) <= {"stays"} for each in kept)


async def test_an_integration_that_comes_back_has_its_state_read_again(store: SqliteStore) -> None:
    routing = loaded("stays", "returns")
    reports = ReportLog(routing, Unread(Metrics(), routing))
    await save(store, "stays", "returns")
    await reports.since(0, store)
    routing.on_event("DELETED", secret(record_of("returns")))
    await reports.since(0, store)
    routing.on_event("ADDED", secret(record_of("returns")))
    page = await reports.since(0, store)
    assert {each.id: each.last_failure_reason for each in page.items} == {"stays": "told", "returns": "told"}


async def test_what_was_read_before_the_records_were_loaded_goes_if_none_came(store: SqliteStore) -> None:
    await save(store, "gone", "stays")
    routing, tokens = RoutingTable(), TokenProofs()
    await tokens.load(store)
    tokens.follow(routing)
    routing.on_list([secret(record_of("stays"))])
    assert set(tokens._states) == {"gone", "stays"}
    routing.health.confirm()
    routing.on_event("ADDED", secret(record_of("new")))
    assert set(tokens._states) == {"stays"}
