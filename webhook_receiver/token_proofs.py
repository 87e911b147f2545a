"""Which webhook token of each integration has carried a valid signature."""

from noctuary.models.routing_record import RoutingRecord, TokenHash
from noctuary.routing.directory import RoutingDirectory
from noctuary.routing.forgetting import Forgetting
from noctuary.store.interface import IntegrationState, SaveIntegrationState, Store


class TokenProofs:
    """Remembers in memory and in the store, so that each proof is written once."""

    def __init__(self) -> None:
        self._newest: dict[str, str] = {}

    def follow(self, routing: RoutingDirectory) -> None:
        """Forget the proofs of integrations that are gone."""
        Forgetting(routing, self._newest)

    async def load(self, store: Store) -> None:
        """Read what earlier lives of this receiver saw."""
        for state in await store.integration_states_since(0):
            if state.proven_token_sha256 is not None:
                self._newest[state.id] = state.proven_token_sha256

    def is_proven(self, record: RoutingRecord, token: TokenHash) -> bool:
        """Tell whether this token, or a newer one of the record, has carried a valid signature."""
        newest = self._newest.get(record.id)
        serials = [each.serial for each in record.tokens if each.sha256 == newest]
        return newest == token.sha256 or any(serial > token.serial for serial in serials)

    async def prove(self, store: Store, record: RoutingRecord, token: TokenHash) -> None:
        """Store that this token has carried a valid signature."""
        if self.is_proven(record, token):
            return
        await store.commit(SaveIntegrationState(IntegrationState(id=record.id, proven_token_sha256=token.sha256)))
        self._newest[record.id] = token.sha256
