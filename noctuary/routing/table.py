"""The routing records in memory, as the receiver looks them up: by id, by webhook token, by ingest key."""

from collections.abc import Callable, Iterable, Iterator

import structlog

from noctuary.common.errors import InvalidInput
from noctuary.kube.reflector import ChangeType, Health
from noctuary.models.routing_record import (
    RoutingRecord,
    TokenHash,
    decode_record,
    hash_secret,
    record_secret_name,
)
from noctuary.routing.record_secrets import Secret

log = structlog.get_logger()

Listener = Callable[[str], None]


class RoutingTable:
    """Keeps records from a watch of Secrets; listeners get the id of every integration that changed or went."""

    def __init__(self) -> None:
        self.health = Health()
        self._unreadable: set[str] = set()
        self._by_id: dict[str, RoutingRecord] = {}
        self._by_token: dict[str, dict[str, TokenHash]] = {}
        self._by_ingest_key: dict[str, set[str]] = {}
        self._listeners: list[Listener] = []

    def __iter__(self) -> Iterator[RoutingRecord]:
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def subscribe(self, listener: Listener) -> None:
        """Call the listener with the id of each integration whose record changed or went; it must not block."""
        self._listeners.append(listener)

    def is_fresh(self, max_age_s: float) -> bool:
        """Return whether the records were loaded and confirmed within the given time."""
        return self.health.age_s() <= max_age_s

    def age_s(self) -> float:
        """Return the seconds since the records were last known to be current; infinite before they were loaded."""
        return self.health.age_s()

    def get(self, integration_id: str) -> RoutingRecord | None:
        """Return one integration."""
        return self._by_id.get(integration_id)

    def by_token(
        self, token: str, now: float, integration_id: str | None = None
    ) -> tuple[RoutingRecord, TokenHash] | None:
        """Return whose webhook token this is, of this integration (None: of any), when it has not expired.

        What is compared are hashes: the time it takes reveals nothing of the token. Whoever else holds the same token
        takes nothing from it.
        """
        holders = self._by_token.get(hash_secret(token), {})
        valid = {
            each: known
            for each, known in holders.items()
            if integration_id in (None, each) and (known.expires_at is None or known.expires_at > now)
        }
        record = self._oldest(valid)
        return None if record is None else (record, valid[record.id])

    def by_ingest_key(self, key: str) -> RoutingRecord | None:
        """Return whose ingest key this is."""
        return self._oldest(self._by_ingest_key.get(hash_secret(key), ()))

    def _oldest(self, integration_ids: Iterable[str]) -> RoutingRecord | None:
        """Return the one that was there first: as a rule there is no other."""
        records = (self._by_id[each] for each in integration_ids)
        return min(records, key=lambda record: (record.created_at, record.id), default=None)

    @property
    def unreadable(self) -> int:
        """Return how many Secrets that should hold a record hold none."""
        return len(self._unreadable)

    def may_hold(self, integration_id: str | None) -> bool:
        """Return whether an integration (None: any) may exist whose record cannot be read: unknown is not absent."""
        if integration_id is None:
            return bool(self._unreadable)
        return record_secret_name(integration_id) in self._unreadable

    def on_list(self, objects: list[Secret]) -> None:
        """Load all records, as a LIST gave them."""
        for name in {record_secret_name(each) for each in self._by_id} - {secret.metadata.name for secret in objects}:
            self._drop(name)
        self._unreadable.clear()
        for secret in objects:
            self._load(secret)

    def on_event(self, change: ChangeType, obj: Secret) -> None:
        """Handle one change, as the watch gave it."""
        if change == "DELETED":
            self._drop(obj.metadata.name)
        else:
            self._load(obj)

    def _load(self, secret: Secret) -> None:
        # What was readable before stays in force until its Secret is readable again or gone.
        try:
            record = _read(secret)
        except InvalidInput as error:
            self._unreadable.add(secret.metadata.name)
            log.warning(
                "Routing record cannot be read", secret=secret.metadata.name, error=error.problem, fix=error.fix
            )
            return
        self._unreadable.discard(secret.metadata.name)
        self._put(record)

    def _put(self, record: RoutingRecord) -> None:
        if self._by_id.get(record.id) == record:
            return
        self._forget(record.id)
        self._by_id[record.id] = record
        for token in record.tokens:
            self._by_token.setdefault(token.sha256, {})[record.id] = token
        for key in record.ingest_key_hashes:
            self._by_ingest_key.setdefault(key, set()).add(record.id)
        log.info("Routing record loaded", integration=record.id, namespace=record.namespace, name=record.name)
        self._notify(record.id)

    def _drop(self, secret_name: str) -> None:
        self._unreadable.discard(secret_name)
        integration_id = secret_name.removeprefix(record_secret_name(""))
        if integration_id in self._by_id:
            self._forget(integration_id)
            log.info("Routing record removed", integration=integration_id)
            self._notify(integration_id)

    def _forget(self, integration_id: str) -> None:
        gone = self._by_id.pop(integration_id, None)
        if gone is None:
            return
        for token in gone.tokens:
            holders = self._by_token.get(token.sha256, {})
            holders.pop(integration_id, None)
            if not holders:
                self._by_token.pop(token.sha256, None)
        for key in gone.ingest_key_hashes:
            owners = self._by_ingest_key.get(key, set())
            owners.discard(integration_id)
            if not owners:
                self._by_ingest_key.pop(key, None)

    def _notify(self, integration_id: str) -> None:
        for listener in self._listeners:
            listener(integration_id)


def _read(secret: Secret) -> RoutingRecord:
    record = decode_record(secret.data)
    if record_secret_name(record.id) != secret.metadata.name:
        raise InvalidInput(secret.metadata.name, f"holds the record of {record.id}", "delete this Secret")
    return record
