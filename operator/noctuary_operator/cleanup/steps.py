"""The steps of the clean-up: all others are stopped, then what we made in the release namespace is removed."""

import asyncio
import socket

import msgspec
import structlog

from noctuary.common.errors import InvalidInput, KubernetesError, NoctuaryError, is_refusal
from noctuary.kube.client import MERGE, METADATA_LIST, KubeClient
from noctuary.kube.lease import Lease
from noctuary.kube.listing import PAGE_SIZE, list_objects
from noctuary.models.routing_record import ROLE_INTERNAL_TOKEN, ROLE_LABEL, ROLE_ROUTE, ROLE_ROUTING_RECORD
from noctuary.sources.kubernetes.source import LEASE_NAME as WATCHER_LEASE
from noctuary_operator.cleanup.settings import CleanupSettings

log = structlog.get_logger()

POLL_S = 0.5
"""How often a workload is asked whether it has stopped."""
TARGETS = (
    ("/apis/networking.k8s.io/v1", "ingresses", ROLE_ROUTE),
    ("/apis/gateway.networking.k8s.io/v1", "httproutes", ROLE_ROUTE),
    ("/api/v1", "secrets", ROLE_ROUTING_RECORD),
    ("/api/v1", "secrets", ROLE_INTERNAL_TOKEN),
)
"""API, plural and role of all that we make in the release namespace; the records go after the routes, as the ledger."""


class CleanupFailed(NoctuaryError):
    """Another process may still be running; nothing was removed."""


class _Replicas(msgspec.Struct):
    replicas: int = 0


class _Scale(msgspec.Struct):
    status: _Replicas = msgspec.field(default_factory=_Replicas)


class _Meta(msgspec.Struct):
    name: str
    uid: str


class _Item(msgspec.Struct):
    metadata: _Meta


async def require_namespace(client: KubeClient, name: str) -> None:
    """Raise InvalidInput where the release's namespace does not exist; who may not see that goes on.

    Raises KubernetesError."""
    try:
        await client.get(f"/api/v1/namespaces/{name}")
    except KubernetesError as error:
        if error.not_found:
            problem = f"there is no namespace {name} at {client.server}"
            raise InvalidInput("NOCTUARY_RELEASE_NAMESPACE", problem, "name that of the release") from error
        if not is_refusal(error):
            raise


async def survey(client: KubeClient, settings: CleanupSettings) -> list[str]:
    """Return what would be removed, as plural/name, and change nothing. Raises KubernetesError."""
    namespace = settings.release_namespace
    found = []
    for api, plural, role in TARGETS:
        collection = f"{api}/namespaces/{namespace}/{plural}"
        found += [f"{plural}/{meta.name}" for meta in await _list(client, collection, role, max_objects=None)]
    for name in _leases(settings):
        if await _exists(client, _lease_path(namespace, name)):
            found.append(f"leases/{name}")
    return found


async def clean_up(client: KubeClient, settings: CleanupSettings) -> int:
    """Stop the workloads, take the operator's Lease, remove what we made; return how many objects were removed.

    Raises CleanupFailed when others do not end in time, and KubernetesError when the API server refuses.
    """
    namespace = settings.release_namespace
    lease = Lease(client, namespace, settings.lease_name, f"cleanup_{socket.gethostname()}")
    try:
        async with asyncio.timeout(settings.cleanup_wait_s):
            await _stop(client, namespace, settings.stop_workloads)
            await lease.acquire()
    except TimeoutError as error:
        raise CleanupFailed(_still_at_work(settings)) from error
    try:
        removed = sum([await _remove_all(client, namespace, *target) for target in TARGETS])
    finally:
        await lease.release()
    for name in _leases(settings):
        await client.delete(_lease_path(namespace, name))
    log.info("Namespace cleaned", namespace=namespace, removed=removed)
    return removed


def _leases(settings: CleanupSettings) -> tuple[str, str]:
    return settings.lease_name, WATCHER_LEASE


def _lease_path(namespace: str, name: str) -> str:
    return f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}"


async def _exists(client: KubeClient, path: str) -> bool:
    try:
        await client.get(path)
    except KubernetesError as error:
        if error.not_found:
            return False
        raise
    return True


def _still_at_work(settings: CleanupSettings) -> str:
    return (
        f"Lease {settings.lease_name} in namespace {settings.release_namespace} was not free within "
        f"{settings.cleanup_wait_s:.0f} s, so an operator may still be at work: scale it to zero and try again"
    )


async def _stop(client: KubeClient, namespace: str, workloads: tuple[str, ...]) -> None:
    for workload in workloads:
        path = f"/apis/apps/v1/namespaces/{namespace}/{workload}/scale"
        try:
            await client.request("PATCH", path, body=b'{"spec":{"replicas":0}}', content_type=MERGE)
            while msgspec.json.decode(await client.get(path), type=_Scale).status.replicas:  # noqa: ASYNC110 - no event tells of it
                await asyncio.sleep(POLL_S)
        except KubernetesError as error:
            if not error.not_found:
                raise
        log.info("Workload stopped", workload=workload)


async def _remove_all(client: KubeClient, namespace: str, api: str, plural: str, role: str) -> int:
    collection = f"{api}/namespaces/{namespace}/{plural}"
    removed = 0
    while found := await _list(client, collection, role):
        for meta in found:
            await client.delete(f"{collection}/{meta.name}", uid=meta.uid)
        removed += len(found)
    return removed


async def _list(client: KubeClient, collection: str, role: str, max_objects: int | None = PAGE_SIZE) -> list[_Meta]:
    """Return the first page, because the next one is asked for when these are gone, or all."""
    selectors = {"labelSelector": f"{ROLE_LABEL}={role}"}
    try:
        found = await list_objects(
            client, collection, _Item, selectors=selectors, accept=METADATA_LIST, max_objects=max_objects
        )
    except KubernetesError as error:
        if error.not_found:  # the CRD is not installed: Gateway API is optional
            return []
        raise
    return [item.metadata for item in found.objects]
