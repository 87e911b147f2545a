"""Find what is left of integrations that were deleted while nobody watched: at the start, and periodically."""

import asyncio
from collections.abc import Callable

import msgspec
import structlog

from noctuary.common.clock import parse_time
from noctuary.common.errors import KubernetesError, is_refusal
from noctuary.kube.client import METADATA_LIST, KubeClient
from noctuary.kube.listing import list_objects
from noctuary.models.integration_spec import PLURAL
from noctuary_operator.resources import paths
from noctuary_operator.watch.cluster_view import ClusterView

log = structlog.get_logger()

CRD_POLL_S = 1.0
"""How often we check whether the CRD is served: a chart may install it after us."""
AFTER_FAILURE_S = 5.0
"""What vanished meanwhile should not wait for the next regular sweep."""
NOT_FOUND = 404


class _Meta(msgspec.Struct, rename="camel"):
    uid: str = ""
    name: str = ""
    namespace: str = ""
    creation_timestamp: str = ""
    deletion_timestamp: str | None = None


class _Item(msgspec.Struct):
    metadata: _Meta


class _Resource(msgspec.Struct):
    name: str = ""


class _Resources(msgspec.Struct):
    resources: list[_Resource] = []


class Sweeper:
    """Wakes the keys of integrations that the API server does not list; reconciling asks again before it removes."""

    def __init__(
        self, client: KubeClient, view: ClusterView, wake: Callable[[str], None], namespaces: tuple[str, ...]
    ) -> None:
        self._client = client
        self._view = view
        self._wake = wake
        self._namespaces = namespaces or ("",)
        self._seated: set[str] = set()

    async def wait_for_crd(self) -> None:
        """Wait until the API server serves our CRD and lets us list it in one of our namespaces."""
        waiting = False
        while True:
            try:
                await self._find_crd()
            except KubernetesError as error:
                if not waiting:
                    waiting = True
                    log.warning(
                        "CRD cannot be listed yet, waiting", crd="pagerdutyintegrations.noctuary.io", error=str(error)
                    )
                await asyncio.sleep(CRD_POLL_S)
            else:
                return

    async def _find_crd(self) -> None:
        """Raise KubernetesError while our CRD is not installed; a single namespace that is closed does not count."""
        for namespace in self._namespaces:
            try:
                await self._client.get(paths.integrations(namespace), query={"limit": 1}, accept=METADATA_LIST)
            except KubernetesError as error:
                if not namespace or not is_refusal(error):
                    raise
            else:
                return
        served = msgspec.json.decode(await self._client.get(paths.API_RESOURCES), type=_Resources)
        if all(each.name != PLURAL for each in served.resources):
            raise KubernetesError(NOT_FOUND, "NotFound", f"{PLURAL} are not defined")

    async def seat(self, namespace: str) -> None:
        """Give the integrations of a namespace their places before the first of it is worked: the oldest are served.

        Later ones get theirs from the watch. Raises KubernetesError.
        """
        scope = namespace if namespace in self._namespaces else ""
        if scope in self._seated:
            return
        for each in await self._listed(scope):
            if each.deletion_timestamp is None:
                created_at = parse_time(each.creation_timestamp)
                self._view.integrations.seats.put(each.uid, each.namespace, each.name, created_at)
        self._seated.add(scope)

    async def seat_all(self) -> None:
        """Give all integrations their places, as far as they may be listed; asks until the API server answers."""
        for namespace in self._namespaces:
            while True:
                try:
                    await self.seat(namespace)
                except KubernetesError as error:
                    if not (namespace and is_refusal(error)):
                        log.warning("Integrations cannot be listed, trying again", error=str(error))
                        await asyncio.sleep(AFTER_FAILURE_S)
                        continue
                break

    async def sweep(self) -> None:
        """Wake everything that we hold for integrations which are not listed."""
        integrations = self._view.integrations
        before = self._view.ledger() | integrations.uids() | integrations.seats.uids()
        live = await self._live()
        gone = before - live
        for uid in before - live:
            gone |= integrations.drop(uid)
        for uid in gone:
            self._wake(uid)

    async def run(self, interval_s: float) -> None:
        """Sweep now and periodically until cancelled."""
        while True:
            try:
                await self.sweep()
            except KubernetesError as error:
                log.warning("Sweep failed", error=str(error))
                await asyncio.sleep(AFTER_FAILURE_S)
            else:
                await asyncio.sleep(interval_s)

    async def _live(self) -> set[str]:
        """Return who is listed; whoever is known in a namespace that is closed to us counts as listed."""
        live: set[str] = set()
        for namespace in self._namespaces:
            try:
                live |= {each.uid for each in await self._listed(namespace)}
            except KubernetesError as error:
                if not namespace or not is_refusal(error):
                    raise
                live |= self._view.integrations.uids_in(namespace)
        return live

    async def _listed(self, namespace: str) -> list[_Meta]:
        path = paths.integrations(namespace)
        found = await list_objects(self._client, path, _Item, accept=METADATA_LIST)
        return [item.metadata for item in found.objects]
