"""What the operator knows of the cluster: the caches, and which integration each change concerns."""

from collections.abc import Callable, Collection, Iterable
from itertools import chain

from noctuary.common.errors import InvalidInput
from noctuary.models.routing_record import (
    INTERNAL_TOKEN_SECRET,
    ROLE_LABEL,
    ROLE_ROUTING_RECORD,
    decode_record,
    record_secret_name,
)
from noctuary_operator.plan.policy import Problem
from noctuary_operator.plan.routes.kinds import ROUTE_KINDS
from noctuary_operator.resources.integration import Integration
from noctuary_operator.resources.minted import decode_minted
from noctuary_operator.resources.objects import LabelledSecret, NamespaceHead, RouteObject, SecretHead, integration_ids
from noctuary_operator.settings import MAX_INTEGRATIONS_PER_NAMESPACE
from noctuary_operator.watch.cache import Cache
from noctuary_operator.watch.integrations import Integrations

INTERNAL_KEY = "internal-token"
"""The work queue's key of the internal token, beside the uids of integrations."""

Wake = Callable[[str], None]
"""Puts a key into the work queue."""


class ClusterView:
    """Everything watched; once it is marked as filled, each change wakes the keys that it concerns.

    `labelled` holds our Secrets of the release's namespace with their values, `heads` all Secrets without: what teams
    write may be many and big. `deleted` holds the uids whose deletion the watch has shown and that are not cleaned up.
    """

    def __init__(
        self,
        release_namespace: str,
        wake: Wake,
        watched: Collection[str] = (),
        max_per_namespace: int = MAX_INTEGRATIONS_PER_NAMESPACE,
    ) -> None:
        self._release_namespace = release_namespace
        self._wake_key = wake
        self._watched = watched
        self._is_filled = False
        self.integrations = Integrations(max_per_namespace)
        self.deleted: set[str] = set()
        self.labelled = Cache[LabelledSecret](self._labelled_changed, parse_labelled)
        self.routes = {kind: Cache[RouteObject](self._route_changed) for kind in ROUTE_KINDS}
        self.http_routes_absent: Problem | None = None
        self.heads = Cache[SecretHead](self._head_changed)
        self.namespaces = Cache[NamespaceHead](self._namespace_changed)

    def mark_filled(self) -> None:
        """Say that the caches hold everything: from now on each change wakes keys."""
        self._is_filled = True

    def record_secret(self, uid: str) -> LabelledSecret | None:
        """Return the Secret that holds the routing record of an integration."""
        return self.labelled.get(self._release_namespace, record_secret_name(uid))

    def is_held_elsewhere(self, uid: str, sha256: str) -> bool:
        """Whether another integration than this has a token or an ingest key of this hash; reads all records."""
        records = (each.record for each in self.labelled.all() if each.record is not None)
        return any(
            record.id != uid
            and (record.ingest_key_sha256 == sha256 or any(token.sha256 == sha256 for token in record.tokens))
            for record in records
        )

    def route(self, kind: str, uid: str) -> RouteObject | None:
        """Return the route of one kind that an integration has."""
        return self.routes_of(uid).get(kind)

    def routes_of(self, uid: str) -> dict[str, RouteObject]:
        """Return all routes of an integration by kind: while the kind changes there may be two."""
        name = record_secret_name(uid)
        found = ((kind, cache.get(self._release_namespace, name)) for kind, cache in self.routes.items())
        return {kind: route for kind, route in found if route is not None}

    def is_leaving(self, integration: Integration) -> bool:
        """Whether an integration is being deleted, alone or with its namespace: nothing is made for it any more."""
        namespace = self.namespaces.get("", integration.namespace)
        return integration.deleting or (namespace is not None and namespace.terminating)

    def knows_namespace(self, name: str) -> bool:
        """Whether the watch of Namespaces has shown this one."""
        return self.namespaces.get("", name) is not None

    def watches(self, namespace: str) -> bool:
        """Whether this release serves a namespace: each one, or those in watchNamespaces."""
        return not self._watched or namespace in self._watched

    def ledger(self) -> set[str]:
        """Return the uids of all integrations that have something in the release namespace."""
        ours: Iterable[LabelledSecret | RouteObject] = chain(
            self.labelled.all(), *(cache.all() for cache in self.routes.values())
        )
        return {
            uid
            for each in ours
            if each.metadata.namespace == self._release_namespace
            for uid in integration_ids(each.metadata)
            if each.metadata.name == record_secret_name(uid)
        }

    def wake_users_of_route(self, kind: str) -> None:
        """Wake the integrations that want a route of this kind."""
        self._wake_all(self.integrations.users_of_route(kind))

    def _wake(self, key: str) -> None:
        """Wake nothing while the caches fill: without its integration, a record would look like an orphan."""
        if self._is_filled:
            self._wake_key(key)

    def _wake_all(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._wake(key)

    def _labelled_changed(self, old: LabelledSecret | None, new: LabelledSecret | None) -> None:
        for secret in (old, new):
            if secret is None:
                continue
            self._wake_all(integration_ids(secret.metadata))
            if secret.metadata.name == INTERNAL_TOKEN_SECRET and secret.metadata.namespace == self._release_namespace:
                self._wake(INTERNAL_KEY)

    def _route_changed(self, old: RouteObject | None, new: RouteObject | None) -> None:
        for route in (old, new):
            if route is not None:
                self._wake_all(integration_ids(route.metadata))

    def _head_changed(self, old: SecretHead | None, new: SecretHead | None) -> None:
        for head in (old, new):
            if head is not None:
                self._wake_all(self.integrations.users_of_secret((head.metadata.namespace, head.metadata.name)))

    def _namespace_changed(self, old: NamespaceHead | None, new: NamespaceHead | None) -> None:
        head = new or old
        if head is None or (old is not None and new is not None and _same_to_us(old, new)):
            return
        self._wake_all(self.integrations.users_of_namespace(head.metadata.name))


def _same_to_us(old: NamespaceHead, new: NamespaceHead) -> bool:
    return old.metadata.annotations == new.metadata.annotations and old.terminating == new.terminating


def parse_labelled(secret: LabelledSecret) -> LabelledSecret:
    """Read the record of a routing record Secret once; one that cannot be read counts as absent."""
    if secret.metadata.labels.get(ROLE_LABEL) != ROLE_ROUTING_RECORD:
        return secret
    try:
        record = decode_record(secret.data)
    except InvalidInput:
        return secret
    return LabelledSecret(secret.metadata, record=record, minted=decode_minted(secret.data))
