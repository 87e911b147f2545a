"""What changed about the integrations since the operator last asked, numbered within one life of the receiver."""

import secrets

from noctuary.common import clock
from noctuary.models.reports import IntegrationReport, ReportPage
from noctuary.models.routing_record import RoutingRecord
from noctuary.routing.table import RoutingTable
from noctuary.store.interface import IntegrationState, Store
from webhook_receiver.refusals import Refusals

PAGE_ITEMS = 1000
"""About 200 KB of JSON; the operator asks again with the new cursor."""


class ReportLog:
    """Merges changes of records and of stored states into one order, which starts anew with every process."""

    def __init__(self, routing: RoutingTable) -> None:
        self.boot = secrets.token_hex(8)
        self._routing = routing
        self._states: dict[str, IntegrationState] = {}
        self._states_seq = 0
        self._order: dict[str, int] = {}
        self._cursor = 0
        self._refusals = Refusals()
        routing.subscribe(self._on_record_change)

    def _on_record_change(self, integration_id: str) -> None:
        self._refusals.credentials_loaded(integration_id, self._routing.get(integration_id), clock.now())
        self.note_change(integration_id)

    def note_change(self, integration_id: str) -> None:
        """Move an integration to the end of the order."""
        self._cursor += 1
        self._order.pop(integration_id, None)
        self._order[integration_id] = self._cursor

    async def since(self, cursor: int, store: Store) -> ReportPage:
        """Return what changed after a cursor, oldest change first, at most PAGE_ITEMS at once."""
        for state in await store.integration_states_since(self._states_seq):
            self._states_seq = max(self._states_seq, state.seq)
            self._states[state.id] = state
            self.note_change(state.id)
        changed = [(number, each) for each, number in self._order.items() if number > cursor][:PAGE_ITEMS]
        loaded = [self._routing.get(each) for _, each in changed]
        items = [self._report(record) for record in loaded if record is not None]
        return ReportPage(boot=self.boot, cursor=changed[-1][0] if changed else self._cursor, items=items)

    def _report(self, record: RoutingRecord) -> IntegrationReport:
        state = self._states.get(record.id) or IntegrationState(id=record.id)
        return IntegrationReport(
            id=record.id,
            proven_token_sha256=state.proven_token_sha256,
            last_webhook_at=state.last_webhook_at,
            last_note_at=state.last_note_at,
            last_failure_at=state.last_failure_at,
            last_failure_reason=state.last_failure_reason,
            refusal=self._refusals.current(state),
        )
