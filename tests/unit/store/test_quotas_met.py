"""Who is told to have met a quota beside those of events, when it was met and after the receiver was started again."""

import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from noctuary.common import clock
from noctuary.common.errors import QuotaExceeded
from noctuary.models.incident import IncidentRow
from noctuary.store.changes import SaveIncident
from noctuary.store.limits import Quota, StoreLimits
from noctuary.store.rows import NewWebhook
from noctuary.store.sqlite.store import SqliteStore
from testbed.posted_events import context_event

ROOMY = StoreLimits()
TENANTS = {"i0": "shop", "other": "else"}
Fill = Callable[[SqliteStore], Awaitable[object]]


async def webhooks(store: SqliteStore, size: int = 10_000) -> None:
    for number in range(20):
        with contextlib.suppress(QuotaExceeded):
            await store.add_webhook(NewWebhook("i0", f"w{number}", "hash", clock.now(), b"x" * size, "shop"))


async def incidents(store: SqliteStore) -> None:
    await store.add_webhook(NewWebhook("i0", "w", "hash", clock.now(), b"{}", "shop"))  # tells whose namespace it is
    for number in range(20):
        row = IncidentRow(incident_id=f"P{number}", integration_id="i0", account="a", status="resolved")
        row.triggered_at, row.diagnosis = clock.now(), b"e" * 10_000
        await store.commit(SaveIncident(row))
    await store.retain(clock.now(), 100, TENANTS)


async def events(store: SqliteStore) -> None:
    for number in range(20):
        keys = [f"k{number}-{n}" for n in range(50)]
        await store.add_events([context_event(key, tenant="shop", new_value="x" * 4_000) for key in keys])


MATRIX = [
    ("shop", Quota.WEBHOOKS, {"tenant_webhook_bytes": 100_000}, webhooks),
    ("shop", Quota.INCIDENTS, {"tenant_incident_bytes": 100_000}, incidents),
    ("i0", Quota.OWN_WEBHOOKS, {"waiting_webhooks": 5}, webhooks),
    ("i0", Quota.OWN_WEBHOOK_BYTES, {"waiting_webhook_bytes": 50_000}, webhooks),
    ("i0", Quota.OWN_INCIDENTS, {"incidents_per_integration": 5}, incidents),
    ("shop", Quota.STORE, {"store_bytes": 3_000_000}, events),
]


@pytest.mark.parametrize(("holder", "quota", "limits", "fill"), MATRIX, ids=[quota.value for _, quota, *_ in MATRIX])
async def test_a_quota_is_told_of_its_holder_also_after_a_restart(
    tmp_path: Path, holder: str, quota: Quota, limits: dict[str, int], fill: Fill
) -> None:
    small = StoreLimits(**limits)
    told = []
    store = await SqliteStore.open(tmp_path, small)
    await store.retain(clock.now(), 100, TENANTS)
    await fill(store)
    told.append(store.quotas_met(clock.now()))
    await store.close()
    again = await SqliteStore.open(tmp_path, small)
    told.append(again.quotas_met(clock.now()))
    await again.close()
    assert [{who: each.quota for who, each in met.items()} for met in told] == [{holder: quota}] * 2


@pytest.mark.parametrize("fill", [webhooks, incidents, events])
async def test_what_is_kept_far_below_every_quota_is_told_of_nobody(tmp_path: Path, fill: Fill) -> None:
    store = await SqliteStore.open(tmp_path, ROOMY)
    await fill(store)
    await store.close()
    again = await SqliteStore.open(tmp_path, ROOMY)
    assert again.quotas_met(clock.now()) == {}
    await again.close()
