"""The routing records in memory, as the receiver looks them up: by id, by webhook token, by ingest key."""

import base64
from collections.abc import Callable, Iterator

import msgspec
import structlog

from noctuary.common.errors import InvalidInput
from noctuary.kube.client import KubeClient
from noctuary.kube.reflector import ChangeType, Health, Reflector
from noctuary.models.routing_record import (
    INTERNAL_TOKEN_KEY,
    INTERNAL_TOKEN_SECRET,
    ROLE_INTERNAL_TOKEN,
    ROLE_LABEL,
    ROLE_ROUTING_RECORD,
    RoutingRecord,
    TokenHash,
    decode_record,
    hash_secret,
    record_secret_name,
)

log = structlog.get_logger()

WATCHES_PER_MAX_AGE = 2.4
"""A quiet watch confirms itself when it ends: twice, with some time to spare, before it counts as stale."""
LONGEST_WATCH_S = 30
MAX_STALL_GRACE_S = 10.0

Listener = Callable[[str], None]


class SecretMeta(msgspec.Struct, frozen=True):
    """The name of a Secret."""

    name: str


class Secret(msgspec.Struct, frozen=True):
    """A Secret as far as the receiver reads it; values are base64."""

    metadata: SecretMeta
    data: dict[str, str] = {}


class RoutingTable:
    """Takes records from a watch of Secrets; listeners are told the id of every integration that changed or went."""

    def __init__(self) -> None:
        self.health = Health()
        self._unreadable: set[str] = set()
        self._by_id: dict[str, RoutingRecord] = {}
        self._by_token: dict[str, tuple[str, TokenHash]] = {}
        self._by_ingest_key: dict[str, str] = {}
        self._listeners: list[Listener] = []

    def __iter__(self) -> Iterator[RoutingRecord]:
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def subscribe(self, listener: Listener) -> None:
        """Call the listener with the id of each integration whose record changed or went; it must not block."""
        self._listeners.append(listener)

    def is_fresh(self, max_age_s: float) -> bool:
        """Tell whether the records were loaded and confirmed within the given time."""
        return self.health.age_s() <= max_age_s

    def age_s(self) -> float:
        """Return the seconds since the records were last known to be current; infinite before they were loaded."""
        return self.health.age_s()

    def get(self, integration_id: str) -> RoutingRecord | None:
        """Return one integration."""
        return self._by_id.get(integration_id)

    def by_token(self, token: str, now: float) -> tuple[RoutingRecord, TokenHash] | None:
        """Return whose webhook token this is, when it has not expired.

        What is compared are hashes: how long it takes tells nothing about the token.
        """
        found = self._by_token.get(hash_secret(token))
        if found is None:
            return None
        integration_id, known = found
        is_expired = known.expires_at is not None and known.expires_at <= now
        return None if is_expired else (self._by_id[integration_id], known)

    def by_ingest_key(self, key: str) -> RoutingRecord | None:
        """Return whose ingest key this is."""
        integration_id = self._by_ingest_key.get(hash_secret(key))
        return None if integration_id is None else self._by_id[integration_id]

    @property
    def unreadable(self) -> int:
        """Return how many Secrets that should hold a record hold none."""
        return len(self._unreadable)

    def may_hold(self, integration_id: str | None) -> bool:
        """Tell whether an integration (None: any) may exist whose record cannot be read: unknown is not absent."""
        if integration_id is None:
            return bool(self._unreadable)
        return record_secret_name(integration_id) in self._unreadable

    def on_list(self, objects: list[Secret]) -> None:
        """Take all records, as a LIST gave them."""
        for name in {record_secret_name(each) for each in self._by_id} - {secret.metadata.name for secret in objects}:
            self._drop(name)
        self._unreadable.clear()
        for secret in objects:
            self._take(secret)

    def on_event(self, change: ChangeType, obj: Secret) -> None:
        """Take one change, as the watch gave it."""
        if change == "DELETED":
            self._drop(obj.metadata.name)
        else:
            self._take(obj)

    def _take(self, secret: Secret) -> None:
        # What was readable before stays in force until its Secret is readable again or gone.
        try:
            record = _read(secret)
        except InvalidInput as error:
            self._unreadable.add(secret.metadata.name)
            log.warning("Routing record is unusable", secret=secret.metadata.name, problem=error.problem, fix=error.fix)
            return
        self._unreadable.discard(secret.metadata.name)
        self._put(record)

    def _put(self, record: RoutingRecord) -> None:
        if self._by_id.get(record.id) == record:
            return
        self._forget(record.id)
        self._by_id[record.id] = record
        self._by_token |= {token.sha256: (record.id, token) for token in record.tokens}
        if record.ingest_key_sha256 is not None:
            self._by_ingest_key[record.ingest_key_sha256] = record.id
        log.info("Routing record loaded", integration=record.id, namespace=record.namespace, name=record.name)
        self._tell(record.id)

    def _drop(self, secret_name: str) -> None:
        self._unreadable.discard(secret_name)
        integration_id = secret_name.removeprefix(record_secret_name(""))
        if integration_id in self._by_id:
            self._forget(integration_id)
            log.info("Routing record gone", integration=integration_id)
            self._tell(integration_id)

    def _forget(self, integration_id: str) -> None:
        gone = self._by_id.pop(integration_id, None)
        if gone is None:
            return
        for token in gone.tokens:
            self._by_token.pop(token.sha256, None)
        self._by_ingest_key.pop(gone.ingest_key_sha256 or "", None)

    def _tell(self, integration_id: str) -> None:
        for listener in self._listeners:
            listener(integration_id)


class OperatorToken:
    """The token that the operator shows on the internal port; None until its Secret was seen."""

    def __init__(self) -> None:
        self.value: str | None = None

    def on_list(self, objects: list[Secret]) -> None:
        """Take the Secret, if there is one."""
        self.value = None
        for secret in objects:
            self.on_event("ADDED", secret)

    def on_event(self, change: ChangeType, obj: Secret) -> None:
        """Take one change of the Secret."""
        if obj.metadata.name == INTERNAL_TOKEN_SECRET:
            self.value = None if change == "DELETED" else _value(obj, INTERNAL_TOKEN_KEY)


def _read(secret: Secret) -> RoutingRecord:
    record = decode_record(secret.data)
    if record_secret_name(record.id) != secret.metadata.name:
        raise InvalidInput(secret.metadata.name, f"holds the record of {record.id}", "delete this Secret")
    return record


def _value(secret: Secret, key: str) -> str | None:
    try:
        return base64.b64decode(secret.data[key]).decode() or None
    except (KeyError, ValueError):
        log.warning("Secret lacks a value", secret=secret.metadata.name, key=key)
        return None


def reflectors(
    client: KubeClient, namespace: str, table: RoutingTable, internal: OperatorToken, max_age_s: float
) -> list[Reflector[Secret]]:
    """Return the two watches of Secrets, in our own namespace only: of the records, and of the internal token."""
    path = f"/api/v1/namespaces/{namespace}/secrets"
    watch_s = max(1, min(LONGEST_WATCH_S, int(max_age_s / WATCHES_PER_MAX_AGE)))
    pairs = ((table, ROLE_ROUTING_RECORD), (internal, ROLE_INTERNAL_TOKEN))
    made = [
        Reflector(
            client,
            path,
            Secret,
            sink,
            label_selector=f"{ROLE_LABEL}={role}",
            watch_timeout_s=watch_s,
            stall_grace_s=min(MAX_STALL_GRACE_S, max_age_s),
        )
        for sink, role in pairs
    ]
    table.health = made[0].health
    return made
