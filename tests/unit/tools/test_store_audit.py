"""The audit of a receiver's store, against the store as it is."""

from pathlib import Path

from noctuary.store.changes import FinishWebhook
from noctuary.store.rows import NewWebhook
from noctuary.store.sqlite.store import SqliteStore
from testbed.stage.store_audit import InboxAudit, audit_inbox, rows_that_hold

NOW = 1_800_000_000.0


async def test_a_closed_store_shows_its_webhooks_in_order_and_which_are_not_processed(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    for integration_id, webhook_id in (("i1", "w1"), ("i1", "w2"), ("i2", "w1")):
        await store.add_webhook(NewWebhook(integration_id, webhook_id, "", NOW, b"{}"))
    first = (await store.claim_webhooks(10, 30, NOW))[0]
    await store.commit(FinishWebhook(first.id, first.integration_id, None))
    await store.close()
    assert audit_inbox(tmp_path) == InboxAudit(["w1", "w2", "w1"], distinct=3, unfinished=2)


async def test_a_text_is_found_in_whatever_table_holds_it(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    await store.add_webhook(NewWebhook("i1", "w1", "", NOW, b'{"title":"of a stranger"}'))
    await store.close()
    assert rows_that_hold("stranger", tmp_path) == {"inbox": 1}
    assert rows_that_hold("nobody", tmp_path) == {}
