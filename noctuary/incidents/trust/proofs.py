"""What each integration has proven: which account its token belongs to, that it is accepted, that its webhooks come."""

import hashlib
from bisect import insort
from collections.abc import Iterator
from heapq import merge

from noctuary.common import clock
from noctuary.incidents.trust.refusals import Refusals
from noctuary.models.incident import IncidentRow
from noctuary.models.routing_record import RoutingRecord, Scope
from noctuary.pagerduty.endpoint import normal_url
from noctuary.routing.directory import RoutingDirectory
from noctuary.routing.forgetting import LoadedStates
from noctuary.store.interface import Store
from noctuary.store.rows import IntegrationState

REFUSED_FOR_S = 3600.0
"""After this a refused integration competes again: only a note shows that its token may write meanwhile."""

Order = tuple[float, str, str]
_Shelf = tuple[str, str, str]


class Proofs:
    """Follows the routing records and the stored states; used from one event loop."""

    def __init__(self, store: Store, routing: RoutingDirectory) -> None:
        self._store = store
        self._routing = routing
        self._states = LoadedStates(routing)
        self._refusals = Refusals()
        self._shelves: dict[_Shelf, list[tuple[Order, str]]] = {}
        self._places: dict[str, tuple[_Shelf, tuple[Order, str]]] = {}
        for record in routing:
            self._changed(record.id)
        routing.subscribe(self._changed)

    async def refresh(self) -> None:
        """Read what was stored since; raise StoreUnavailable."""
        for state in await self._states.refresh(self._store):
            self._place(state.id)

    def state(self, integration_id: str) -> IntegrationState:
        """Return what is stored of an integration."""
        return self._states.get(integration_id) or IntegrationState(id=integration_id)

    def account(self, record: RoutingRecord) -> str:
        """Return the account that the integration's token was shown; empty until it is known."""
        state = self.state(record.id)
        return (state.account or "") if state.account_key == credential_of(record) else ""

    def is_refused(self, record: RoutingRecord) -> bool:
        """Whether PagerDuty refuses its token or its From at present."""
        state = self.state(record.id)
        is_recent = (state.last_failure_at or 0.0) > clock.now() - REFUSED_FOR_S
        return is_recent and self._refusals.current(state) is not None

    def has_signed(self, record: RoutingRecord) -> bool:
        """Whether a webhook signed by its own secret came to one of its tokens."""
        proven = self.state(record.id).proven_token_sha256
        return any(token.sha256 == proven for token in record.tokens)

    def may_write(self, record: RoutingRecord) -> bool:
        """Whether it is to write notes, and PagerDuty lets it."""
        return record.writes_notes and not self.is_refused(record)

    def outranked(self) -> dict[str, str]:
        """Return who shares account and scope with an older integration that writes the notes, and which that is.

        Where the oldest one's webhooks have not come, only an incident shows who writes.
        """
        found: dict[str, str] = {}
        for places in self._shelves.values():
            writers = self._writers(places) if len(places) > 1 else []
            if writers and self.has_signed(writers[0]):
                found |= {each.id: writers[0].id for each in writers[1:]}
        return found

    def _writers(self, places: list[tuple[Order, str]]) -> list[RoutingRecord]:
        records = (self._routing.get(integration_id) for _, integration_id in places)
        return [each for each in records if each is not None and not each.suspend and self.may_write(each)]

    def in_scope(self, row: IncidentRow) -> Iterator[RoutingRecord]:
        """Yield the integrations of a confirmed incident's account within whose scope it is, the first rank first."""
        teams = [Scope("team", each) for each in row.team_ids]
        for scopes in ([Scope("service", row.service_id)], teams, [Scope()]):
            shelves = [list(self._shelves.get(_shelf(row.account, each), ())) for each in scopes]
            for _, integration_id in merge(*shelves):
                record = self._routing.get(integration_id)
                if record is not None:
                    yield record

    def _changed(self, integration_id: str) -> None:
        record = self._routing.get(integration_id)
        self._refusals.credentials_loaded(integration_id, record, clock.now())
        self._place(integration_id)

    def _place(self, integration_id: str) -> None:
        """Have an integration found by its account and scope, as both are now."""
        gone = self._places.pop(integration_id, None)
        if gone is not None:
            shelf, place = gone
            self._shelves[shelf].remove(place)
            if not self._shelves[shelf]:
                del self._shelves[shelf]
        record = self._routing.get(integration_id)
        account = self.account(record) if record is not None else ""
        if record is None or not account:
            return
        shelf, place = _shelf(account, record.scope), (age_order(record), record.id)
        insort(self._shelves.setdefault(shelf, []), place)
        self._places[integration_id] = shelf, place


def credential_of(record: RoutingRecord) -> str | None:
    """Return the name of what an integration shows PagerDuty: a digest of its API and token, None without a token."""
    if record.api_token is None:
        return None
    return hashlib.sha256(f"{normal_url(record.api_url)}\n{record.api_token}".encode()).hexdigest()


def age_order(record: RoutingRecord) -> Order:
    """Return what ranks integrations of the same scope: the oldest first, then by name."""
    return record.created_at, record.namespace, record.name


def _shelf(account: str, scope: Scope) -> _Shelf:
    return account, scope.type, (scope.id or "") if scope.type != "account" else ""
