"""The end of an integration: whether it has come, asked of the API server, and what is removed then."""

from collections.abc import Callable

import msgspec
import structlog

from noctuary.common.errors import KubernetesError, is_refusal
from noctuary.kube.client import METADATA, KubeClient
from noctuary_operator.act.apply import Applier
from noctuary_operator.resources import paths
from noctuary_operator.resources.integration import Integration
from noctuary_operator.watch.cluster_view import ClusterView
from noctuary_operator.watch.receiver_reports import ReceiverReports

log = structlog.get_logger()


class _Meta(msgspec.Struct, rename="camel"):
    uid: str = ""
    deletion_timestamp: str | None = None


class _Head(msgspec.Struct):
    metadata: _Meta


class Remover:
    """Removes what integrations left in the release namespace that are gone; `ending` are the ids it is at."""

    def __init__(
        self,
        client: KubeClient,
        view: ClusterView,
        applier: Applier,
        reports: ReceiverReports,
        is_closed: Callable[[str], bool],
    ) -> None:
        self._client = client
        self._view = view
        self._applier = applier
        self._reports = reports
        self._is_closed = is_closed
        self.ending: set[str] = set()

    async def is_leaving(self, integration: Integration) -> bool:
        """Whether nothing is made for it any more; a namespace we do not know was just made or deleted."""
        if self._view.is_leaving(integration):
            return True
        if self._view.knows_namespace(integration.namespace):
            return False
        return not await self._exists(integration.uid, integration.namespace, integration.name)

    async def was_deleted(self, integration: Integration) -> bool:
        """Whether its webhook Secret went, or lost its owner, because it is deleted itself: its own watch may be later.

        Nobody took a token away then, and none is made instead. Nor is the Secret taken back that was left on purpose:
        it would be collected.
        """
        was_made = self._view.identities.id_of(integration.uid) is not None
        head = self._view.heads.get(integration.namespace, integration.webhook_secret_name)
        if not was_made or (head is not None and head.is_owned_by(integration.uid)):
            return False
        return not await self._exists(integration.uid, integration.namespace, integration.name)

    async def remove(self, key: str) -> None:
        """Remove what the integration of this uid, or this id, left; the record goes last, as the ledger."""
        identities = self._view.identities
        integration_id = identities.id_of(key) or key
        if not self._has_left(integration_id):
            self._forget(key, integration_id)
            return
        holder = identities.uid_of(integration_id)
        if integration_id in self.ending or await self._lives(integration_id):
            return
        if identities.uid_of(integration_id) != holder:  # one that was made anew took it while we asked
            return
        self.ending.add(integration_id)
        try:
            await self._applier.remove_routes(integration_id)
            await self._applier.remove_record(integration_id)
        finally:
            self.ending.discard(integration_id)
        self._forget(key, integration_id)
        log.info("Integration removed", integration_id=integration_id)

    def _has_left(self, integration_id: str) -> bool:
        return self._view.owner_of(integration_id) is not None

    def _forget(self, key: str, integration_id: str) -> None:
        self._view.deleted.discard(key)
        holder = self._view.identities.uid_of(integration_id)
        if holder is None or self._view.integrations.get(holder) is None:
            self._view.identities.forget(integration_id)
            self._reports.forget(integration_id)

    async def _lives(self, integration_id: str) -> bool:
        """Ask the API server itself whether the integration of this id exists: a cache may be behind."""
        whose, uid = self._view.owner_of(integration_id) or (None, integration_id)
        uid = self._view.identities.uid_of(integration_id) or uid
        if self._view.identities.id_of(uid) not in (None, integration_id):
            return False  # it has another id by now
        integration = self._view.integrations.get(uid)
        if integration is not None:
            return not await self.is_leaving(integration)
        if whose is None:
            return False
        if not self._view.watches(whose[0]):
            return True  # not ours to judge: the namespace was removed from watchNamespaces
        if self._is_closed(whose[0]):
            return uid not in self._view.deleted
        return await self._exists(uid, *whose)

    async def _exists(self, uid: str, namespace: str, name: str) -> bool:
        try:
            raw = await self._client.get(paths.integrations(namespace, name), accept=METADATA)
        except KubernetesError as error:
            if error.not_found or (is_refusal(error) and uid in self._view.deleted):
                return False  # a namespace that is deleted may lose our Role first
            raise
        meta = msgspec.json.decode(raw, type=_Head).metadata
        return meta.uid == uid and meta.deletion_timestamp is None
