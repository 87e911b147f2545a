"""Whether webhooks are of incidents within the scope: those outside are counted until the first that is within."""

from collections.abc import Sequence

import msgspec
import structlog

from noctuary.common import clock
from noctuary.common.text import clean
from noctuary.incidents.inbox.sorting import Parsed
from noctuary.models.reports import OutsideScope
from noctuary.models.routing_record import RoutingRecord
from noctuary.routing.directory import RoutingDirectory
from noctuary.routing.forgetting import Forgetting
from noctuary.store.changes import SaveIntegrationState
from noctuary.store.interface import Store
from noctuary.store.rows import IntegrationState

log = structlog.get_logger()

STORE_EVERY_S = 60.0
"""A count that grows with every webhook would be a write each, here and of the status."""
MAX_NAMED_TEAMS = 5
"""Teams of an incident that are named; hardly one has more."""
MAX_OF_CHARS = 250
"""Five teams and a service by their ids, which have 14 characters each."""


class ScopeFits:
    """Counts in memory and in the store, so that restarts of the receiver begin no count anew."""

    def __init__(self, store: Store, routing: RoutingDirectory) -> None:
        self._store = store
        self._states: dict[str, IntegrationState] = {}
        self._stored_at: dict[str, float] = {}
        Forgetting(routing, self._states, self._stored_at)

    async def noted(self, record: RoutingRecord, items: Sequence[Parsed]) -> list[SaveIntegrationState]:
        """Count webhooks of one incident, and return what is to be stored of that; raise StoreUnavailable."""
        scope = record.scope.words
        if record.scope.type == "account" or (state := await self._state(record.id)).scope_met == scope:
            return []
        if any(item.is_within for item in items):
            self._states.pop(record.id, None)  # it is read again: what is returned here may not get into the store
            return [SaveIntegrationState(IntegrationState(id=record.id, scope_met=scope))]
        outside = [item for item in items if item.is_within is False]
        return self._count(record, state, outside) if outside else []

    async def _state(self, integration_id: str) -> IntegrationState:
        if integration_id not in self._states:
            found = await self._store.integration_state(integration_id)
            self._states.setdefault(integration_id, found or IntegrationState(id=integration_id))
        return self._states[integration_id]

    def _count(
        self, record: RoutingRecord, state: IntegrationState, outside: Sequence[Parsed]
    ) -> list[SaveIntegrationState]:
        scope, of, now = record.scope.words, _words_of(record, outside[-1]), clock.now()
        is_first = state.outside_scope != scope
        found = {
            "outside_scope": scope,
            "outside_count": len(outside) + (0 if is_first else state.outside_count or 0),
            "outside_since": now if is_first else state.outside_since,
            "outside_at": now,
            "outside_of": of,
        }
        self._states[record.id] = msgspec.structs.replace(state, **found)
        if is_first:
            log.warning("Webhook is outside the scope", integration=record.id, scope=scope, incident_of=of)
        elif 0 <= now - self._stored_at.get(record.id, 0.0) < STORE_EVERY_S:
            return []
        self._stored_at[record.id] = now
        return [SaveIntegrationState(msgspec.structs.replace(IntegrationState(id=record.id), **found))]


def _words_of(record: RoutingRecord, item: Parsed) -> str:
    """Return the service of an incident, and its teams where they decide."""
    teams = item.sighting.team_ids if record.scope.type == "team" else []
    named = [f"service {item.sighting.service_id}", *(f"team {each}" for each in teams[:MAX_NAMED_TEAMS])]
    return clean(", ".join(named), MAX_OF_CHARS)


def outside_scope(record: RoutingRecord, state: IntegrationState) -> OutsideScope | None:
    """Return what came from outside the scope of now, as long as nothing within came."""
    scope = record.scope.words
    if state.outside_scope != scope or state.scope_met == scope:
        return None
    return OutsideScope(
        scope, state.outside_count or 0, state.outside_since or 0.0, state.outside_at or 0.0, state.outside_of or ""
    )
