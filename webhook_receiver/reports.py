"""What changed about the integrations since the operator last asked, numbered within one life of the receiver."""

import secrets

from noctuary.common import clock
from noctuary.models.reports import IntegrationReport, ReportPage
from noctuary.routing.directory import Integration
from noctuary.routing.table import RoutingTable
from noctuary.store.interface import IntegrationFacts, Store
from webhook_receiver.refusals import Refusals

PAGE_ITEMS = 1000
"""About 200 KB of JSON; the operator asks again with the new cursor."""


class ReportLog:
    """Merges changes of records and of stored facts into one order, which starts anew with every process."""

    def __init__(self, routing: RoutingTable) -> None:
        self.boot = secrets.token_hex(8)
        self._routing = routing
        self._facts: dict[str, IntegrationFacts] = {}
        self._facts_seq = 0
        self._order: dict[str, int] = {}
        self._cursor = 0
        self._refusals = Refusals(clock.now)
        routing.subscribe(self._take)

    def _take(self, integration_id: str) -> None:
        loaded = self._routing.get(integration_id)
        self._refusals.note(integration_id, loaded.record if loaded is not None else None)
        self.note_change(integration_id)

    def note_change(self, integration_id: str) -> None:
        """Move an integration to the end of the order."""
        self._cursor += 1
        self._order.pop(integration_id, None)
        self._order[integration_id] = self._cursor

    async def since(self, cursor: int, store: Store) -> ReportPage:
        """Return what changed after a cursor, oldest change first, at most PAGE_ITEMS at once."""
        for facts in await store.facts_since(self._facts_seq):
            self._facts_seq = max(self._facts_seq, facts.seq)
            self._facts[facts.id] = facts
            self.note_change(facts.id)
        changed = [(number, each) for each, number in self._order.items() if number > cursor][:PAGE_ITEMS]
        loaded = [self._routing.get(each) for _, each in changed]
        items = [self._report(integration) for integration in loaded if integration is not None]
        return ReportPage(boot=self.boot, cursor=changed[-1][0] if changed else self._cursor, items=items)

    def _report(self, integration: Integration) -> IntegrationReport:
        record, version = integration
        facts = self._facts.get(record.id) or IntegrationFacts(id=record.id)
        return IntegrationReport(
            id=record.id,
            record_version=version,
            proven_token_sha256=facts.proven_token_sha256,
            last_webhook_at=facts.last_webhook_at,
            last_note_at=facts.last_note_at,
            last_failure_at=facts.last_failure_at,
            last_failure_reason=facts.last_failure_reason,
            refusal=self._refusals.standing(facts),
        )
