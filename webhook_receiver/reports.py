"""What changed about the integrations since the operator last asked, numbered within one life of the receiver."""

import secrets
from collections.abc import Callable, Mapping

from noctuary.common import clock
from noctuary.incidents.inbox.scope_fits import outside_scope
from noctuary.incidents.trust.refusals import Refusals
from noctuary.incidents.unread import Unread
from noctuary.models.reports import Displaced, IntegrationReport, ReportPage
from noctuary.models.routing_record import RoutingRecord
from noctuary.routing.forgetting import Forgetting, LoadedStates
from noctuary.routing.table import RoutingTable
from noctuary.store.interface import Store
from noctuary.store.limits import QuotaMet
from noctuary.store.rows import IntegrationState
from webhook_receiver.quotas import QuotaReports
from webhook_receiver.token_proofs import wrong_secret

PAGE_ITEMS = 1000
"""About 200 KB of JSON; the operator asks again with the new cursor."""
DISPLACED_FOR_S = 24 * 3600.0
"""How long after the last incident an integration counts as displaced: most accounts have one a day, or none."""


class ReportLog:
    """Merges changes of records and of stored states into one order, which starts anew with every process."""

    def __init__(
        self, routing: RoutingTable, unread: Unread, outranked: Callable[[], Mapping[str, str]] = dict
    ) -> None:
        self.boot = secrets.token_hex(8)
        self.unread = unread
        self._routing = routing
        self._states = LoadedStates(routing)
        self._order: dict[str, int] = {}
        self._cursor = 0
        self._refusals = Refusals()
        self._displaced: dict[str, Displaced] = {}
        self._find_outranked = outranked
        self._outranked: Mapping[str, str] = {}
        self._quotas = QuotaReports()
        self._forgetting = Forgetting(routing, self._order, self._displaced)
        routing.subscribe(self._on_record_change)

    def _on_record_change(self, integration_id: str) -> None:
        record = self._routing.get(integration_id)
        self._refusals.credentials_loaded(integration_id, record, clock.now())
        if record is not None:
            self.note_change(integration_id)

    def note_change(self, integration_id: str) -> None:
        """Move an integration to the end of the order."""
        self._cursor += 1
        self._order.pop(integration_id, None)
        self._order[integration_id] = self._cursor

    async def since(self, cursor: int, store: Store) -> ReportPage:
        """Return what changed after a cursor, oldest change first, at most PAGE_ITEMS at once."""
        for state in await self._states.refresh(store):
            self.note_change(state.id)
        self._end_displacements(clock.now())
        self._take_outranked(self._find_outranked())
        self._take_quotas(store.quotas_met(clock.now()))
        for integration_id in self.unread.changed(clock.now()):
            self.note_change(integration_id)
        changed = [(number, each) for each, number in self._order.items() if number > cursor][:PAGE_ITEMS]
        loaded = [self._routing.get(each) for _, each in changed]
        items = [self._report(record) for record in loaded if record is not None]
        return ReportPage(boot=self.boot, cursor=changed[-1][0] if changed else self._cursor, items=items)

    def _end_displacements(self, now: float) -> None:
        """Report anew who was displaced and is no more: time alone, or the other one's end, changes no state of it."""
        for integration_id, displaced in list(self._displaced.items()):
            if not self._holds(displaced, now):
                del self._displaced[integration_id]
                self.note_change(integration_id)

    def _holds(self, displaced: Displaced, now: float) -> bool:
        return self._routing.get(displaced.by) is not None and displaced.at > now - DISPLACED_FOR_S

    def _take_outranked(self, outranked: Mapping[str, str]) -> None:
        for integration_id, _ in self._outranked.items() ^ outranked.items():
            self.note_change(integration_id)
        self._outranked = outranked

    def _current_displacement(self, state: IntegrationState) -> Displaced | None:
        """Return who wrote instead within a day; else who will, because both have the same scope."""
        self._displaced.pop(state.id, None)
        found = Displaced(state.displaced_by or "", state.displaced_incident or "", state.displaced_at or 0.0)
        if self._holds(found, clock.now()):
            self._displaced[state.id] = found
            return found
        first = self._outranked.get(state.id)
        return Displaced(first) if first is not None else None

    def _take_quotas(self, met: Mapping[str, QuotaMet]) -> None:
        if holders := self._quotas.changed(met):
            for record in self._routing:
                if not holders.isdisjoint((record.id, record.namespace)):
                    self.note_change(record.id)

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
            displaced=self._current_displacement(state),
            quota=self._quotas.of(record.id, record.namespace),
            unread=self.unread.told(record.id),
            wrong_secret=wrong_secret(record, state, clock.now()),
            outside_scope=outside_scope(record, state),
        )
