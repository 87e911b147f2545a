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
from noctuary_operator.resources.ids import may_belong_to
from noctuary_operator.resources.integration import Integration, ObjectKey
from noctuary_operator.resources.minted import decode_minted
from noctuary_operator.resources.objects import (
    LabelledSecret,
    Meta,
    NamespaceHead,
    RouteObject,
    SecretHead,
    integration_ids,
)
from noctuary_operator.settings import MAX_INTEGRATIONS_PER_NAMESPACE
from noctuary_operator.watch.cache import Cache
from noctuary_operator.watch.identities import Identities
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
        self.identities = Identities()
        self.routes = {
            kind: Cache[RouteObject](self._route_changed, group_of=lambda route: route.metadata.named_id)
            for kind in ROUTE_KINDS
        }
        self.http_routes_absent: Problem | None = None
        self.heads = Cache[SecretHead](self._head_changed)
        self.namespaces = Cache[NamespaceHead](self._namespace_changed)

    def mark_filled(self) -> None:
        """Say that the caches hold everything: from now on each change wakes keys."""
        self._is_filled = True

    def record_secret(self, integration_id: str) -> LabelledSecret | None:
        """Return the Secret that holds the routing record of an integration."""
        return self.labelled.get(self._release_namespace, record_secret_name(integration_id))

    def owner_of(self, integration_id: str) -> tuple[ObjectKey | None, str] | None:
        """Return whose the record, else a route, of an id is, as namespace with name, and as uid.

        None where there is neither. Who owns a record that says nothing of it is not known, which is not nobody.
        """
        secret = self.record_secret(integration_id)
        if secret is not None and secret.record is not None:
            return (secret.record.namespace, secret.record.name), secret.metadata.owner_uid
        left = [each.metadata for each in (secret, *self.all_routes_of(integration_id)) if each is not None]
        said = next((meta for meta in left if meta.owner is not None), None)
        if said is not None:
            return said.owner, said.owner_uid
        return (None, integration_id) if left else None

    def is_id_of_another(self, integration_id: str, integration: Integration) -> bool:
        """Whether an id was made for another integration, or is that of one that lives or left something; reads all."""
        uid, whose = integration.uid, self.owner_of(integration_id)
        holder = self.integrations.get(self.identities.uid_of(integration_id) or "")
        return (
            not may_belong_to(integration_id, integration.namespace, integration.name)
            or (holder is not None and holder.uid != uid)
            or (integration_id != uid and self.integrations.get(integration_id) is not None)
            or any(each.status.integration_id == integration_id and each.uid != uid for each in self.integrations.all())
            or (whose is not None and whose[0] != (integration.namespace, integration.name))
        )

    def is_held_elsewhere(self, integration_id: str, sha256: str) -> bool:
        """Whether another integration than this has a token or an ingest key of this hash; reads all records."""
        records = (each.record for each in self.labelled.all() if each.record is not None)
        return any(
            record.id != integration_id
            and (sha256 in record.ingest_key_hashes or any(token.sha256 == sha256 for token in record.tokens))
            for record in records
        )

    def route(self, kind: str, integration_id: str) -> RouteObject | None:
        """Return the route of one kind that an integration has."""
        return self.routes_of(integration_id).get(kind)

    def routes_of(self, integration_id: str) -> dict[str, RouteObject]:
        """Return the routes of an integration by kind: while the kind changes there may be two."""
        found = {kind: cache.group(integration_id) for kind, cache in self.routes.items()}
        return {kind: routes[0] for kind, routes in found.items() if routes}

    def all_routes_of(self, integration_id: str) -> list[RouteObject]:
        """Return all routes of an integration, also those that an earlier or later release made beside its own."""
        return [route for cache in self.routes.values() for route in cache.group(integration_id)]

    def key_of(self, integration_id: str) -> str:
        """Return the work queue's key of an id: the uid of who holds it, the id itself where nobody is known."""
        return self.identities.uid_of(integration_id) or integration_id

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
        """Return the keys of all integrations that have something in the release namespace."""
        ours: Iterable[LabelledSecret | RouteObject] = chain(
            self.labelled.all(), *(cache.all() for cache in self.routes.values())
        )
        ids = {each.metadata.named_id for each in ours if each.metadata.namespace == self._release_namespace}
        return {self.key_of(each) for each in ids - {""}}

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

    def _wake_owners(self, meta: Meta) -> None:
        self._wake_all(self.key_of(each) for each in integration_ids(meta))

    def _labelled_changed(self, old: LabelledSecret | None, new: LabelledSecret | None) -> None:
        if new is not None and self.record_secret(new.metadata.named_id) is new:
            self.identities.learn(new.metadata.owner_uid, new.metadata.named_id)
        for secret in (old, new):
            if secret is None:
                continue
            self._wake_owners(secret.metadata)
            if secret.metadata.name == INTERNAL_TOKEN_SECRET and secret.metadata.namespace == self._release_namespace:
                self._wake(INTERNAL_KEY)

    def _route_changed(self, old: RouteObject | None, new: RouteObject | None) -> None:
        for route in (old, new):
            if route is not None:
                self._wake_owners(route.metadata)

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
