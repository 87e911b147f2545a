"""What is remembered by integration is forgotten once the integration is gone: one mechanism for all who remember."""

from collections.abc import MutableMapping
from typing import Any

from noctuary.routing.directory import RoutingDirectory
from noctuary.store.interface import Store
from noctuary.store.rows import IntegrationState


class Forgetting:
    """Drops from maps what belongs to integrations that went.

    What was read before the records were loaded, of integrations that no record came for, goes with the next change.
    """

    def __init__(self, routing: RoutingDirectory, *by_id: MutableMapping[str, Any]) -> None:
        self._routing = routing
        self._by_id = by_id
        self._is_pruned = False
        routing.subscribe(self._changed)

    def is_gone(self, integration_id: str) -> bool:
        """Tell whether no such integration is loaded; before they were loaded none is gone."""
        return self._routing.age_s() != float("inf") and self._routing.get(integration_id) is None

    def _changed(self, integration_id: str) -> None:
        if self._routing.get(integration_id) is None:
            self._drop(integration_id)
        if not self._is_pruned and self._routing.age_s() != float("inf"):
            self._is_pruned = True
            for each in {each for of_all in self._by_id for each in of_all if self.is_gone(each)}:
                self._drop(each)

    def _drop(self, integration_id: str) -> None:
        for of_all in self._by_id:
            of_all.pop(integration_id, None)


class LoadedStates:
    """The stored states of the integrations that are loaded; one that comes back has its state read again."""

    def __init__(self, routing: RoutingDirectory) -> None:
        self._routing = routing
        self._seq = 0
        self._states: dict[str, IntegrationState] = {}
        self._returned: set[str] = set()
        self._forgetting = Forgetting(routing, self._states)
        routing.subscribe(self._changed)

    def __len__(self) -> int:
        return len(self._states)

    def get(self, integration_id: str) -> IntegrationState | None:
        """Return what is stored of an integration."""
        return self._states.get(integration_id)

    async def refresh(self, store: Store) -> list[IntegrationState]:
        """Read what was stored since, and return it in the order of its changes; raise StoreUnavailable."""
        changed = await store.integration_states_since(self._seq)
        known = {state.id: state for state in changed}
        unread = [each for each in self._returned if each not in known and each not in self._states]
        if unread:
            known |= await store.integration_states(unread)
        self._seq = max([self._seq, *(state.seq for state in changed)])
        self._returned.difference_update([*unread, *known, *self._states])
        found = {each: state for each, state in known.items() if not self._forgetting.is_gone(each)}
        self._states |= found
        return list(found.values())

    def _changed(self, integration_id: str) -> None:
        if self._routing.get(integration_id) is None:
            self._returned.discard(integration_id)
        elif integration_id not in self._states and self._seq:
            self._returned.add(integration_id)
