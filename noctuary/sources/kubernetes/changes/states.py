"""What is known of watched objects: their facts and whom they reach, in memory and as baselines that outlive a restart.

Objects of a namespace and kind share a few rows, so that a first list of thousands is no flood of writes.
"""

import secrets
import zlib
from collections.abc import Iterator

import msgspec
import structlog

from noctuary.models.reaching.reach import Reach
from noctuary.store.changes import DropBaseline, Mutation, SaveBaseline
from noctuary.store.rows import Baseline

log = structlog.get_logger()

ROW = "object/"
"""What the uids of their baselines begin with; the uid of an object holds no slash."""
MARKER = "object-watch/"
"""The baseline that tells that a kind was listed once: from then on an object that nobody knows is a new one."""
KEY_UID = "object-key"
"""The baseline that holds the key of the hashes, in hexadecimal digits: every state is JSON."""
KEY_BYTES = 32
ROWS_OF_NAMESPACE = 16
"""Rows that the objects of one kind in one namespace are spread over: a change writes one of them anew."""

Place = tuple[str, str]
"""Namespace and name."""


class ObjectState(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of one object: its sealed facts, and whom it reaches."""

    facts: dict[str, str]
    reach: Reach = Reach()


class ObjectStates:
    """The states of the objects of one NamespaceWatches, encoded: most are never read again."""

    def __init__(self, baselines: list[Baseline] | None = None, namespace: str = "") -> None:
        self._namespace = namespace
        rows = [each for each in baselines or [] if is_of_objects(each)]
        key = _key_in(rows)
        self.key = key or secrets.token_bytes(KEY_BYTES)
        self._is_key_stored = bool(key)
        markers = {each.uid for each in rows if each.uid.startswith(MARKER)} if key else set()
        self._begun = {each.rpartition("/")[2] for each in markers if each.split("/")[1] in ("", namespace)}
        self._rows: dict[tuple[str, str, int], dict[str, bytes]] = {}
        for each in rows if key else []:
            if each.uid.startswith(ROW) and namespace in ("", each.namespace):
                self._load(each)

    def _load(self, row: Baseline) -> None:
        try:
            held = msgspec.json.decode(row.state, type=dict[str, msgspec.Raw])
            names = {name: bytes(raw) for name, raw in held.items()}
            for raw in names.values():
                msgspec.json.decode(raw, type=ObjectState)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            log.warning("Damaged baseline left out", namespace=row.namespace, resource=row.kind)
            return
        for name, raw in names.items():
            self._rows.setdefault(_row_of(row.kind, (row.namespace, name)), {})[name] = raw

    def has_begun(self, resource: str) -> bool:
        """Tell whether a kind was listed before, now or by an earlier process."""
        return resource in self._begun

    def of(self, resource: str, place: Place) -> ObjectState | None:
        """Return what is known of an object."""
        raw = self._rows.get(_row_of(resource, place), {}).get(place[1])
        return msgspec.json.decode(raw, type=ObjectState) if raw is not None else None

    def places(self, resource: str) -> set[Place]:
        """Return the places of all objects of a kind that are known."""
        return {(where, name) for (kind, where, _), held in self._rows.items() if kind == resource for name in held}

    def all_of(self, resource: str, namespace: str = "") -> Iterator[tuple[Place, ObjectState]]:
        """Yield what is known of the objects of a kind, of one namespace where that is given."""
        for (kind, where, _), held in list(self._rows.items()):
            if kind == resource and namespace in ("", where):
                for name, raw in held.items():
                    yield (where, name), msgspec.json.decode(raw, type=ObjectState)

    def keep(self, resource: str, place: Place, state: ObjectState) -> None:
        """Remember the state of an object."""
        self._rows.setdefault(_row_of(resource, place), {})[place[1]] = msgspec.json.encode(state)

    def drop(self, resource: str, place: Place) -> None:
        """Forget an object."""
        row = _row_of(resource, place)
        self._rows.get(row, {}).pop(place[1], None)
        if not self._rows.get(row, {"": b""}):
            del self._rows[row]

    def saving(self, resource: str, places: list[Place], now: float) -> list[Mutation]:
        """Return what stores the rows that hold these objects, and first of all the key."""
        rows = dict.fromkeys(_row_of(resource, place) for place in places)
        return [*self._saving_key(now), *(self._saving_row(row, now) for row in rows)]

    def beginning(self, resource: str, now: float) -> list[Mutation]:
        """Return what stores that a kind was listed once; it comes behind the rows."""
        self._begun.add(resource)
        marker = _baseline(f"{MARKER}{self._namespace}/{resource}", resource, self._namespace, b"", now)
        return [*self._saving_key(now), SaveBaseline(marker)]

    def _saving_key(self, now: float) -> list[Mutation]:
        if self._is_key_stored:
            return []
        self._is_key_stored = True
        return [SaveBaseline(_baseline(KEY_UID, "", "", msgspec.json.encode(self.key.hex()), now))]

    def _saving_row(self, row: tuple[str, str, int], now: float) -> Mutation:
        resource, namespace, number = row
        uid = f"{ROW}{resource}/{namespace}/{number}"
        held = self._rows.get(row)
        if not held:
            return DropBaseline(uid)
        state = msgspec.json.encode({name: msgspec.Raw(raw) for name, raw in held.items()})
        return SaveBaseline(_baseline(uid, resource, namespace, state, now))


def _key_in(rows: list[Baseline]) -> bytes:
    """Return the key that was stored; nothing where there is none, so that all is seen as for the first time."""
    for row in rows:
        if row.uid == KEY_UID:
            try:
                return bytes.fromhex(msgspec.json.decode(row.state, type=str))
            except (msgspec.MsgspecError, ValueError):
                log.warning("Damaged key of hashes left out")
    return b""


def is_of_objects(baseline: Baseline) -> bool:
    """Tell whether a baseline is of watched objects, and of no workload."""
    return baseline.uid.startswith((ROW, MARKER)) or baseline.uid == KEY_UID


def _row_of(resource: str, place: Place) -> tuple[str, str, int]:
    namespace, name = place
    return resource, namespace, zlib.crc32(name.encode()) % ROWS_OF_NAMESPACE


def _baseline(uid: str, kind: str, namespace: str, state: bytes, at: float) -> Baseline:
    return Baseline(uid=uid, kind=kind, namespace=namespace, name="", template_hash="", state=state, seen_at=at)
