"""The integrations that exist, typed, and which Secrets and Namespaces each of them refers to."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from noctuary_operator.resources.integration import Integration, ObjectKey, read_integration, secret_refs
from noctuary_operator.resources.status import IntegrationStatus
from noctuary_operator.settings import MAX_INTEGRATIONS_PER_NAMESPACE
from noctuary_operator.watch.seats import Seats


class Integrations:
    """All live integrations by uid, with the reverse of their references."""

    def __init__(self, max_per_namespace: int = MAX_INTEGRATIONS_PER_NAMESPACE) -> None:
        self.seats = Seats(max_per_namespace)
        self._by_uid: dict[str, Integration] = {}
        self._uid_of: dict[ObjectKey, str] = {}
        self._secret_users: defaultdict[ObjectKey, set[str]] = defaultdict(set)
        self._namespace_users: defaultdict[str, set[str]] = defaultdict(set)
        self._route_users: defaultdict[str, set[str]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._by_uid)

    def get(self, uid: str) -> Integration | None:
        """Return one integration, None when it is not known."""
        return self._by_uid.get(uid)

    def all(self) -> Iterable[Integration]:
        """Return all."""
        return self._by_uid.values()

    def namespace_of(self, uid: str) -> str:
        """Return the namespace of an integration, nothing when it is not known."""
        integration = self._by_uid.get(uid)
        return integration.namespace if integration is not None else ""

    def uids(self) -> set[str]:
        """Return the uids of all."""
        return set(self._by_uid)

    def uids_in(self, namespace: str) -> set[str]:
        """Return the uids of those that live in a namespace."""
        return {uid for (own, _), uid in self._uid_of.items() if own == namespace}

    def users_of_secret(self, key: ObjectKey) -> set[str]:
        """Return who refers to a Secret, or wants to own one of this name."""
        return self._secret_users.get(key, set())

    def users_of_namespace(self, namespace: str) -> set[str]:
        """Return who maps a namespace or lives in it."""
        return self._namespace_users.get(namespace, set())

    def users_of_route(self, kind: str) -> set[str]:
        """Return who wants a route of this kind."""
        return self._route_users.get(kind, set())

    def upsert(self, raw: dict[str, Any]) -> set[str]:
        """Add or update an integration; return the uids to reconcile, none for an echo of our own write."""
        known = self._by_uid.get(raw["metadata"]["uid"])
        is_old = known is not None and int(raw["metadata"]["resourceVersion"]) <= known.version
        if known is not None and is_old and not (known.is_bare and self.seats.has(known.uid)):
            return set()
        integration = read_integration(raw, known)
        concerned = {integration.uid}
        replaced = self._uid_of.get((integration.namespace, integration.name))
        if replaced is not None and replaced != integration.uid:
            concerned |= {replaced, *self.drop(replaced)}
        concerned |= self._seat(integration)
        if not self.seats.has(integration.uid):
            integration = integration.without_spec()
        if known is None or known.spec is not integration.spec:
            self._unlink(known)
            self._link(integration)
        self._by_uid[integration.uid] = integration
        return concerned

    def drop(self, uid: str) -> set[str]:
        """Forget an integration that is gone; return the uids of those that its seat was given to."""
        known = self._by_uid.pop(uid, None)
        self._unlink(known)
        return self.seats.drop(uid)

    def keys_of_secret(self, key: ObjectKey) -> set[str]:
        """Return the keys of a Secret that somebody refers to."""
        users = (self._by_uid.get(uid) for uid in self.users_of_secret(key))
        refs = (ref for user in users if user is not None and user.spec is not None for ref in secret_refs(user.spec))
        return {ref.key for ref in refs if ref.name == key[1]}

    def _seat(self, integration: Integration) -> set[str]:
        """Give it its place, or take it away from one that is being deleted; return whom that concerns."""
        if integration.deleting:
            return self.seats.drop(integration.uid)
        return self.seats.put(integration.uid, integration.namespace, integration.name, integration.created_at)

    def wrote_status(self, uid: str, status: IntegrationStatus, version: int) -> None:
        """Remember our own write, before the watch shows it."""
        known = self._by_uid.get(uid)
        if known is not None and version >= known.version:
            self._by_uid[uid] = replace(known, status=status, version=version)

    def _link(self, integration: Integration) -> None:
        self._uid_of[integration.namespace, integration.name] = integration.uid
        for key in _secret_keys(integration):
            self._secret_users[key].add(integration.uid)
        for namespace in _namespaces(integration):
            self._namespace_users[namespace].add(integration.uid)
        if integration.spec is not None:
            self._route_users[integration.spec.route_type].add(integration.uid)

    def _unlink(self, integration: Integration | None) -> None:
        if integration is None:
            return
        key = (integration.namespace, integration.name)
        if self._uid_of.get(key) == integration.uid:
            del self._uid_of[key]
        for secret in _secret_keys(integration):
            _discard(self._secret_users, secret, integration.uid)
        for namespace in _namespaces(integration):
            _discard(self._namespace_users, namespace, integration.uid)
        if integration.spec is not None:
            _discard(self._route_users, integration.spec.route_type, integration.uid)


def _secret_keys(integration: Integration) -> set[ObjectKey]:
    names = {ref.name for ref in secret_refs(integration.spec)} if integration.spec else set()
    return {(integration.namespace, name) for name in (*names, integration.webhook_secret_name)}


def _namespaces(integration: Integration) -> set[str]:
    services = integration.spec.services if integration.spec is not None else []
    return {integration.namespace, *(namespace for service in services for namespace in service.namespaces)}


def _discard(index: defaultdict[Any, set[str]], key: Any, uid: str) -> None:
    index[key].discard(uid)
    if not index[key]:
        del index[key]
