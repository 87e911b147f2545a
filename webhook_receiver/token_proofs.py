"""What signatures have proven of each integration: its webhook token, and that its signing secret is the right one."""

from collections.abc import Mapping
from contextlib import suppress

import msgspec

from noctuary.common import clock
from noctuary.common.errors import StoreUnavailable
from noctuary.models.reports import WrongSecret
from noctuary.models.routing_record import RoutingRecord, TokenHash, hash_secret
from noctuary.routing.directory import RoutingDirectory
from noctuary.routing.forgetting import Forgetting
from noctuary.store.changes import SaveIntegrationState
from noctuary.store.interface import Store
from noctuary.store.rows import IntegrationState

STORE_EVERY_S = 60.0
"""A count that grows with every request would be a write each, here and of the status."""


class TokenProofs:
    """Remembers in memory and in the store, so that each proof is written once."""

    def __init__(self) -> None:
        self._states: dict[str, IntegrationState] = {}
        self._stored_at: dict[str, float] = {}

    def follow(self, routing: RoutingDirectory) -> None:
        """Forget the proofs of integrations that are gone."""
        Forgetting(routing, self._states, self._stored_at)

    async def load(self, store: Store) -> None:
        """Read what earlier lives of this receiver saw."""
        for state in await store.integration_states_since(0):
            self._states[state.id] = state

    def is_proven(self, record: RoutingRecord, token: TokenHash) -> bool:
        """Tell whether this token, or a newer one of the record, has carried a valid signature."""
        newest = self._state(record).proven_token_sha256
        serials = [each.serial for each in record.tokens if each.sha256 == newest]
        return newest == token.sha256 or any(serial > token.serial for serial in serials)

    def has_signed(self, record: RoutingRecord) -> bool:
        """Tell whether a signed webhook came since the current signing secret is there."""
        return has_signed(record, self._state(record), clock.now())

    async def prove(self, store: Store, record: RoutingRecord, token: TokenHash, signer: str) -> None:
        """Store that this token has carried a signature by a secret of the record."""
        state, found = self._state(record), {}
        if not self.is_proven(record, token):
            found["proven_token_sha256"] = token.sha256
        if state.signing_proof is None or not self.has_signed(record):
            found["signing_proof"] = proof_by(record, signer)
        if found:
            await self._keep(store, record, found)

    async def note_rejected(self, store: Store, record: RoutingRecord) -> None:
        """Count a webhook that no secret signed, where none signed has come; it is refused whatever becomes of that."""
        digest, now = current_digest(record), clock.now()
        if digest is None or self.has_signed(record):
            return
        state = self._state(record)
        is_first = state.rejected_secret != digest
        found = {
            "rejected_secret": digest,
            "rejected_count": 1 if is_first else (state.rejected_count or 0) + 1,
            "rejected_since": now if is_first else state.rejected_since,
            "rejected_at": now,
        }
        self._states[record.id] = msgspec.structs.replace(state, **found)
        if is_first or not 0 <= now - self._stored_at.get(record.id, 0.0) < STORE_EVERY_S:
            self._stored_at[record.id] = now
            with suppress(StoreUnavailable):
                await self._keep(store, record, found)

    def _state(self, record: RoutingRecord) -> IntegrationState:
        return self._states.get(record.id) or IntegrationState(id=record.id)

    async def _keep(self, store: Store, record: RoutingRecord, found: Mapping[str, object]) -> None:
        await store.commit(SaveIntegrationState(msgspec.structs.replace(IntegrationState(id=record.id), **found)))
        self._states[record.id] = msgspec.structs.replace(self._state(record), **found)


def valid_secrets(record: RoutingRecord, now: float) -> list[str]:
    """Return the secrets that open now: the current one, and replaced ones during their overlap."""
    return [each.value for each in record.signing_secrets if each.expires_at is None or each.expires_at > now]


def current_digest(record: RoutingRecord) -> str | None:
    """Return the digest of the current secret, None where there is none."""
    current = next((each.value for each in record.signing_secrets if each.expires_at is None), None)
    return hash_secret(current) if current is not None else None


def proof_by(record: RoutingRecord, signer: str) -> str:
    """Return what proves that a secret signed while the current one was there."""
    return hash_secret(f"{current_digest(record)} {hash_secret(signer)}")


def has_signed(record: RoutingRecord, state: IntegrationState, now: float) -> bool:
    """Tell whether a secret that counts still has signed since the current one is there.

    Earlier releases kept no such proof: a proven token stands for it.
    """
    if state.signing_proof is None:
        return any(token.sha256 == state.proven_token_sha256 for token in record.tokens)
    return any(state.signing_proof == proof_by(record, each) for each in valid_secrets(record, now))


def wrong_secret(record: RoutingRecord, state: IntegrationState, now: float) -> WrongSecret | None:
    """Return what came and was not signed by the current secret, as long as nothing signed came."""
    digest = current_digest(record)
    if digest is None or state.rejected_secret != digest or has_signed(record, state, now):
        return None
    return WrongSecret(digest, state.rejected_count or 0, state.rejected_since or 0.0, state.rejected_at or 0.0)
