"""Objects of one kind as the watch shows them; what we wrote ourselves counts before the watch shows it."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, Protocol, TypeVar

from noctuary.kube.reflector import ChangeType

OWN_WRITE_COUNTS_S = 60.0
"""A list may be older than our write; after this long a write that no list shows counts as undone."""


class _HasMeta(Protocol):
    @property
    def metadata(self) -> Any: ...


T = TypeVar("T", bound=_HasMeta)
ObjectKey = tuple[str, str]


class Cache(Generic[T]):
    """Objects by namespace and name; `on_change` gets the old and the new object, never an echo of our own write."""

    def __init__(
        self,
        on_change: Callable[[T | None, T | None], None],
        parse: Callable[[T], T] | None = None,
        group_of: Callable[[T], str] | None = None,
    ) -> None:
        self._on_change = on_change
        self._parse = parse
        self._group_of = group_of
        self._groups: defaultdict[str, dict[ObjectKey, T]] = defaultdict(dict)
        self._objects: dict[ObjectKey, T] = {}
        self._own: dict[ObjectKey, tuple[int, float]] = {}
        self._held: dict[ObjectKey, list[tuple[ChangeType, T]]] = {}

    def get(self, namespace: str, name: str) -> T | None:
        """Return one object, None when it does not exist."""
        return self._objects.get((namespace, name))

    def all(self) -> Iterable[T]:
        """Return all objects."""
        return self._objects.values()

    def group(self, name: str) -> list[T]:
        """Return the objects of one group, in the order of their names."""
        return [obj for _, obj in sorted(self._groups.get(name, {}).items())]

    def _put(self, key: ObjectKey, obj: T) -> None:
        self._objects[key] = obj
        if self._group_of is not None:
            self._groups[self._group_of(obj)][key] = obj

    def _pop(self, key: ObjectKey) -> T | None:
        obj = self._objects.pop(key, None)
        if obj is not None and self._group_of is not None:
            name = self._group_of(obj)
            self._groups[name].pop(key, None)
            if not self._groups[name]:
                del self._groups[name]
        return obj

    @contextmanager
    def writing(self, namespace: str, name: str) -> Iterator[None]:
        """Hold back what the watch shows of an object while we write it.

        The echo may overtake the answer, and so may somebody's edit right after: only the answer's version,
        known through `record_write`, distinguishes them.
        """
        held = self._held[namespace, name] = []
        try:
            yield
        finally:
            del self._held[namespace, name]
            for change, obj in held:
                self.apply_event(change, obj)

    def record_write(self, obj: T) -> None:
        """Remember what we wrote and which version the answer gave it."""
        key = _key(obj)
        known = self._objects.get(key)
        if known is not None and _version(known) > _version(obj):
            return  # a list made meanwhile knows more
        self._own[key] = (_version(obj), time.monotonic())
        self._put(key, obj)

    def record_delete(self, namespace: str, name: str) -> None:
        """Remember that we deleted an object."""
        self._pop((namespace, name))
        self._own.pop((namespace, name), None)

    def clear(self) -> None:
        """Forget everything, our own writes too: the CRD itself is gone."""
        gone = list(self._objects.values())
        self._objects.clear()
        self._groups.clear()
        self._own.clear()
        for obj in gone:
            self._on_change(obj, None)

    def scope(self, namespace: str) -> "Scope[T]":
        """Return the sink for one namespace, for all when it is empty."""
        return Scope(self, namespace)

    def apply_event(self, change: ChangeType, obj: T) -> None:
        """Apply one change of the watch."""
        key = _key(obj)
        if key in self._held:
            self._held[key].append((change, obj))
            return
        if _version(obj) <= self._own.get(key, (0, 0.0))[0]:
            return
        self._own.pop(key, None)
        old = self._objects.get(key)
        if change == "DELETED":
            self._pop(key)
            self._on_change(old or obj, None)
            return
        new = self._parse(obj) if self._parse else obj
        self._put(key, new)
        self._on_change(old, new)

    def apply_list(self, namespace: str, objects: list[T]) -> None:
        """Apply the complete state of one namespace, of all when it is empty."""
        fresh = {_key(obj): obj for obj in objects}
        for key, held in self._held.items():
            if namespace in ("", key[0]):
                held.clear()  # the list is younger than all of it
        for key in [key for key in self._objects if namespace in ("", key[0]) and key not in fresh]:
            if not self._wrote_lately(key):
                self._on_change(self._pop(key), None)
        for key, obj in fresh.items():
            old = self._objects.get(key)
            if old is None or _version(old) < _version(obj) or not self._wrote_lately(key):
                new = self._parse(obj) if self._parse else obj
                self._put(key, new)
                if old is None or _version(old) != _version(obj):
                    self._on_change(old, new)

    def _wrote_lately(self, key: ObjectKey) -> bool:
        own = self._own.get(key)
        if own is None:
            return False
        if time.monotonic() - own[1] < OWN_WRITE_COUNTS_S:
            return True
        del self._own[key]
        return False


class Scope(Generic[T]):
    """What one reflector fills: a namespace's part of a cache."""

    def __init__(self, cache: Cache[T], namespace: str) -> None:
        self._cache = cache
        self._namespace = namespace

    def on_list(self, objects: list[T]) -> None:
        """Handle the complete state, as a LIST gave it."""
        self._cache.apply_list(self._namespace, objects)

    def on_event(self, change: ChangeType, obj: T) -> None:
        """Handle one change, as the watch gave it."""
        self._cache.apply_event(change, obj)


def _key(obj: _HasMeta) -> ObjectKey:
    return (obj.metadata.namespace, obj.metadata.name)


def _version(obj: _HasMeta) -> int:
    return int(obj.metadata.resource_version)
