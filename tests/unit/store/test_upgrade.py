"""A store of release 0.2.0 is opened, brought up to date, and nothing of it is lost."""

import shutil
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
import structlog

from noctuary.models.evidence import Evidence
from noctuary.store.interface import Store
from noctuary.store.open import open_store
from noctuary.store.queries import EventQuery
from noctuary.store.sqlite import schema
from noctuary.store.sqlite.schema import MIGRATIONS
from noctuary.store.sqlite.store import FILE_NAME
from testbed.cluster_events import fault, rollout

FIXTURE = Path(__file__).parent / "fixtures" / "release-0.2.0.sqlite"
API = "https://api.pagerduty.example"
AT = 1_790_000_000.0


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    shutil.copy(FIXTURE, tmp_path / FILE_NAME)
    store = await open_store(tmp_path)
    yield store
    await store.close()


async def test_open_incidents_keep_their_diagnosis(store: Store) -> None:
    names = {name for _, name in await store.open_incident_ids(["one"])}
    assert names == {"OPEN-SENT", "OPEN-UNSENT", "OPEN-UNCERTAIN"}
    rows = [await store.incident("one", name) for name in names]
    diagnosis = {row.incident_id: row.diagnosis for row in rows if row is not None}
    assert set(diagnosis) == names
    evidence = msgspec.json.decode(diagnosis["OPEN-SENT"] or b"", type=Evidence)
    assert [cause.change.new_value for cause in evidence.diagnosis.causes if cause.change] == ["2.4.1"]


async def test_unsent_notes_are_due_as_they_were(store: Store) -> None:
    due = {note.incident_id: note for note in await store.claim_notes(10, 60, AT + 100)}
    assert set(due) == {"OPEN-UNSENT", "OPEN-UNCERTAIN"}
    assert due["OPEN-UNCERTAIN"].posting_since == AT
    assert due["OPEN-UNSENT"].text.startswith("Possible cause: ")


async def test_a_sent_note_is_known_by_its_id(store: Store) -> None:
    note = await store.note(API, "OPEN-SENT")
    assert note is not None
    assert (note.note_id, note.sent_rev, note.revision) == ("NOTE-OPEN-SENT", 1, 1)


async def test_webhooks_that_were_claimed_or_waited_are_due_again(store: Store) -> None:
    assert [row.webhook_id for row in await store.claim_webhooks(10, 60, AT + 100)] == ["w1", "w2"]
    assert await store.is_event_known("one", "E1")


async def test_proven_tokens_and_the_last_backfill_are_kept(store: Store) -> None:
    state = await store.integration_state("one")
    assert state is not None
    assert (state.proven_token_sha256, state.compared_until) == ("a" * 64, AT + 5)


@pytest.mark.parametrize(
    ("integration", "numbers"), [("refused", (400, 1028)), ("token", (401, 0)), ("lost", (0, 0)), ("one", (None, None))]
)
async def test_what_pagerduty_refused_stands_in_numbers(
    store: Store, integration: str, numbers: tuple[int | None, int | None]
) -> None:
    state = await store.integration_state(integration)
    assert state is not None
    assert (state.last_failure_status, state.last_failure_code) == numbers


async def test_baselines_are_kept(store: Store) -> None:
    assert [(each.uid, each.template_hash) for each in await store.baselines()] == [("u1", "h1")]


async def test_events_are_kept(store: Store) -> None:
    assert await store.last_event_at(["payments"], ["payments-api"]) == AT - 120


async def test_an_incident_that_came_just_before_the_upgrade_is_rechecked_and_an_old_one_is_not(tmp_path: Path) -> None:
    shutil.copy(FIXTURE, tmp_path / FILE_NAME)
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as old, old:
        old.execute(
            "UPDATE incidents SET incident = json_set(CAST(incident AS TEXT), '$.triggered_at', unixepoch() - 10)"
            " WHERE incident_id = 'OPEN-SENT'"
        )
    store = await open_store(tmp_path)
    assert await store.claim_rechecks(10, 60, time.time()) == []
    assert await store.claim_rechecks(10, 60, time.time() + 61) == [("one", "OPEN-SENT")]
    await store.close()


async def test_a_second_start_changes_nothing_more(store: Store, tmp_path: Path) -> None:
    await store.close()
    before = (tmp_path / FILE_NAME).read_bytes()
    await (await open_store(tmp_path)).close()
    again = (tmp_path / FILE_NAME).read_bytes()
    assert len(again) == len(before)


async def test_events_of_the_last_day_are_found_by_name_and_by_label(tmp_path: Path) -> None:
    shutil.copy(FIXTURE, tmp_path / FILE_NAME)
    change = rollout(AT - 60, workload="web", service="shop-web", namespace="payments", labels={"app": "web"})
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as old, old:
        old.execute(
            "INSERT INTO events"
            " (tenant, source, dedup_key, service_name, timestamp, last_seen, expires_at, count, event)"
            " VALUES ('payments', 'kubernetes', 'k', 'shop-web', ?1, ?1, ?2, 1, ?3)",
            (AT - 60, AT + 7200, msgspec.json.encode(change)),
        )
        old.execute("INSERT INTO services VALUES ('payments', 'shop-web', ?)", (AT - 60,))
    store = await open_store(tmp_path)
    found = [
        await store.window(EventQuery(["payments"], [name], AT - 3600, AT, AT, workloads=[name], match_labels=labels))
        for name, labels in (("web", {}), ("shop-web", {}), ("other", {"app": "web"}), ("other", {"app": "we"}))
    ]
    assert [len(events) for events in found] == [1, 1, 1, 0]
    await store.close()


async def test_what_was_posted_before_the_upgrade_is_told_from_the_clusters_own(tmp_path: Path) -> None:
    shutil.copy(FIXTURE, tmp_path / FILE_NAME)
    own = rollout(AT - 60, workload="web", namespace="payments")
    sent = [msgspec.structs.replace(own, object=None, source="api", vendor="argocd", entity=f"x{n}") for n in range(4)]
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as old, old:
        old.executemany(
            "INSERT INTO events"
            " (tenant, source, dedup_key, service_name, timestamp, last_seen, expires_at, count, event)"
            " VALUES ('payments', 'any', ?1, 'web', ?2, ?2, ?2 + 7200, 1, ?3)",
            [(f"k{n}", AT - 60 + n, msgspec.json.encode(each)) for n, each in enumerate([own, *sent])],
        )
        old.execute("INSERT INTO services VALUES ('payments', 'web', ?)", (AT - 60,))
    store = await open_store(tmp_path)
    window = await store.select(EventQuery(["payments"], ["web"], AT - 3600, AT, AT, change_limit=2))
    assert (len(window.events), window.changes_cut, window.posted_changes_cut) == (2, 3, 3)
    assert any(event.object is not None for event in window.events)
    await store.close()


async def test_of_a_flood_all_changes_and_the_newest_of_each_service_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "MIGRATIONS", tuple(each.replace("LIMIT 50000", "LIMIT 40") for each in MIGRATIONS))
    shutil.copy(FIXTURE, tmp_path / FILE_NAME)
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as old, old:
        for number in range(80):
            service, at = f"svc-{number % 10}", AT - 60 - number
            event = rollout(at, service=service) if number >= 70 else fault(at, service=service)
            old.execute(
                "INSERT INTO events"
                " (tenant, source, dedup_key, service_name, timestamp, last_seen, expires_at, count, event)"
                " VALUES ('payments', 'kubernetes', ?1, ?2, ?3, ?3, ?4, 1, ?5)",
                (f"flood {number}", service, at, AT + 7200, msgspec.json.encode(event)),
            )
            old.execute("INSERT OR REPLACE INTO services VALUES ('payments', ?, ?)", (service, AT - 60))
    with structlog.testing.capture_logs() as logs:
        store = await open_store(tmp_path)
    found = [await store.select(EventQuery(["payments"], [f"svc-{number}"], AT - 3600, AT, AT)) for number in range(10)]
    assert [len(window.events) for window in found] == [5] * 10
    assert [each["events"] for each in logs if "left the oldest warnings" in each["event"]] == [30]
    await store.close()
