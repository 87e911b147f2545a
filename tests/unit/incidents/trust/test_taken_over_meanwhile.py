"""A note that another integration took over while the first one's call was under way: the answer is not for it."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest

from noctuary.common import clock
from noctuary.common.errors import PagerDutyError, PagerDutyUnavailable
from noctuary.common.locks import KeyedLocks
from noctuary.incidents.outbox.rows import MAX_GONE, NoteRows
from noctuary.models.incident import NoteRow
from noctuary.models.routing_record import RoutingRecord
from noctuary.store.changes import SaveNote
from testbed.scene import QUICK, Scene

End = Callable[[NoteRows, RoutingRecord, NoteRow], Awaitable[None]]
NO_USER = PagerDutyError("Requester User Not Found", 400, 1008)
GONE = PagerDutyError("Not Found", 404, 2100)
ENDS: dict[str, End] = {
    "refused": lambda rows, record, row: rows.record_refusal(record, row, NO_USER),
    "busy": lambda rows, _, row: rows.record_unavailable(row, PagerDutyUnavailable("busy", status=429)),
    "unknown incident": lambda rows, record, row: rows.record_gone(record, row, GONE),
    "given up": lambda rows, record, row: rows.record_gone(
        record, msgspec.structs.replace(row, gone_tries=MAX_GONE), GONE
    ),
    "suspended": lambda rows, _, row: rows.postpone(row, 300.0),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
async def test_what_was_answered_to_the_one_before_delays_nothing_of_who_took_over(scene: Scene, end: End) -> None:
    before = NoteRow(account="acme", incident_id="Q1", integration_id="one", marker="nct:a", text="of one")
    before.posting_since = None
    await scene.store.commit(SaveNote(before))
    stored = await scene.store.note("acme", "Q1")
    assert stored is not None
    taken = msgspec.structs.replace(stored, integration_id="two", text="of two", rev=2)
    await scene.store.commit(SaveNote(taken))
    await end(NoteRows(scene.store, KeyedLocks(), scene.metrics, QUICK), scene.records["one"], before)
    note = await scene.store.note("acme", "Q1")
    assert note is not None
    assert (note.integration_id, note.text, note.failed_reason, note.posting_since) == ("two", "of two", None, None)
    assert note.next_attempt_at <= clock.now() and note.rev > note.sent_rev
