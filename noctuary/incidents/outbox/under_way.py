"""The notes that are worked on: each is claimed in the store, so that nobody else begins it, and holds a slot."""

from noctuary.common import clock
from noctuary.incidents.outbox.rows import key_of
from noctuary.incidents.slots import Slots, tenants_in
from noctuary.incidents.timings import Timings
from noctuary.models.incident import NoteRow
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.interface import Store
from noctuary.store.rows import NoteKey
from noctuary.store.shares import Work

MAX_AT_ONCE = 128
"""Notes sent side by side: the token's budget bounds the calls further."""
MAX_OF_ONE = 16
"""Of them of one integration: twice the calls that its token may make at once."""


class UnderWay:
    """Claims notes and ends their claims, however what was done with them ended."""

    def __init__(self, store: Store, routing: RoutingDirectory, timings: Timings) -> None:
        self._store = store
        self._timings = timings
        self._slots = Slots(MAX_AT_ONCE, MAX_OF_ONE, tenants_in(routing))
        self._keys: set[NoteKey] = set()

    async def claim_due(self) -> list[NoteRow]:
        """Claim what is due, as much as there are slots for; raise NotReady."""
        if self._slots.free <= 0:
            return []
        rows = await self._store.claim_notes(self._slots.free, self._timings.lease_s, clock.now(), self._slots.share())
        rows = [row for row in rows if key_of(row) not in self._keys]  # a claim of ours may have outlived its lease
        for row in rows:
            self._take(row)
        return rows

    async def claim(self, row: NoteRow) -> bool:
        """Claim one note, stored yet or not; False when it has to wait for a slot, or somebody is at it."""
        if key_of(row) in self._keys or self._slots.share().room(row.integration_id) <= 0:
            return False
        if not await self._store.claim_note(*key_of(row), self._timings.lease_s, clock.now()):
            return False
        self._take(row)
        return True

    async def end(self, row: NoteRow, again_at: float = 0.0) -> None:
        """End a claim, at a time in seconds since the epoch."""
        self._keys.discard(key_of(row))
        self._slots.give_back(row.integration_id)
        await self._store.release(Work.NOTE, *key_of(row), until=again_at)

    async def release_all(self) -> None:
        """Leave to others what nobody here works on any more."""
        for key in tuple(self._keys):  # what ends meanwhile leaves them
            await self._store.release(Work.NOTE, *key)

    def _take(self, row: NoteRow) -> None:
        self._keys.add(key_of(row))
        self._slots.take(row.integration_id)
