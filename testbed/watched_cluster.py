"""A namespace that a source watches, and an administrator who changes it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from noctuary.common.clock import format_time, now
from noctuary.common.metrics import Metrics
from noctuary.kube.client import MERGE, KubeClient
from noctuary.kube.lease import Lease
from noctuary.models.context_event import ContextEvent, ObjectRef
from noctuary.sources.kubernetes import CLUSTER_TENANT
from noctuary.sources.kubernetes.session import WatchSession, WatchTimings
from noctuary.sources.kubernetes.source import LEASE_NAME, KubernetesSource
from noctuary.store.queries import EventQuery
from noctuary.store.sqlite.store import SqliteStore
from testbed.localkube import Cluster
from testbed.polling import until

DEADLINE_S = 60.0
POLL_S = 0.05
LEASE_DURATION_S = 60.0
LEASE_RENEW_S = 0.4
FAST = WatchTimings(watch_timeout_s=2, stall_grace_s=1.0)
SELECTOR = "app.kubernetes.io/name"


@dataclass
class WatchedCluster:
    """A namespace, an administrator, a store, and sources that watch for it."""

    admin: KubeClient
    receiver_kubeconfig: Path
    namespace: str
    store: SqliteStore
    cluster: Cluster
    metrics: Metrics = field(default_factory=Metrics)
    lease_duration_s: float = LEASE_DURATION_S  # longer than any fault, so that only the watches have to notice it

    @contextlib.asynccontextmanager
    async def watching(
        self,
        kubeconfig: Path | None = None,
        identity: str = "receiver-0",
        timings: WatchTimings = FAST,
        synced: bool = True,
        namespaces: Sequence[str] = (),
    ) -> AsyncIterator[KubernetesSource]:
        """Run a source for the length of the block."""
        kube = await KubeClient.connect(kubeconfig or self.receiver_kubeconfig)
        task: asyncio.Task[None] | None = None
        try:
            source = KubernetesSource(
                kube, self.store, self.metrics, lambda: self.lease(kube, identity), timings, namespaces
            )
            task = asyncio.create_task(source.run())
            if synced:
                await self.synced(source)
            yield source
        finally:
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            await kube.close()

    def stranger_kubeconfig(self) -> Path:
        """An account without any right."""
        return self.cluster.identity_kubeconfig(self.namespace, "stranger")

    async def bind(self, pod: dict[str, Any], node: str) -> None:
        """Schedule a pod."""
        name = pod["metadata"]["name"]
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": {"name": node}}
        await self.admin.create(f"{self._pod(pod)}/binding", binding)

    def lease(self, kube: KubeClient, identity: str) -> Lease:
        """Return a Lease of the source, short enough for tests."""
        return Lease(kube, self.namespace, LEASE_NAME, identity, self.lease_duration_s, LEASE_RENEW_S)

    async def synced(self, source: KubernetesSource) -> None:
        """Wait until the first lists are stored."""

        async def first_start_is_over() -> bool:
            health = source.health().values()
            if not health or not all(each.synced.is_set() or each.is_absent for each in health):
                return False
            # The first baseline is there before the last: whoever ends in between has it all begin once more.
            await session_of(source).writer.drained()
            return bool(await self.store.baselines())

        await until("the first lists", first_start_is_over, bool)

    async def apply(self, api: str, plural: str, manifest: dict[str, Any]) -> None:
        """Apply a manifest in the namespace."""
        name = manifest["metadata"]["name"]
        await self.admin.apply(f"{api}/namespaces/{self.namespace}/{plural}/{name}", manifest, manager="tests")

    async def patch(self, path: str, body: dict[str, Any]) -> None:
        """Merge a patch into an object."""
        await self.admin.request("PATCH", path, body=msgspec.json.encode(body), content_type=MERGE)

    async def roll_out(self, name: str, image: str, *, replicas: int = 1, env: dict[str, str] | None = None) -> None:
        """Apply a Deployment."""
        await self.apply("/apis/apps/v1", "deployments", workload("Deployment", name, image, replicas, env))

    async def pods(self, name: str, image: str = "") -> list[dict[str, Any]]:
        """Return the pods of a workload, of one image where it is given."""
        path = f"/api/v1/namespaces/{self.namespace}/pods"
        found = await self.admin.get(path, query={"labelSelector": f"{SELECTOR}={name}"})
        pods: list[dict[str, Any]] = msgspec.json.decode(found)["items"]
        return [pod for pod in pods if image in ("", pod["spec"]["containers"][0]["image"])]

    async def a_pod(self, name: str, image: str = "") -> dict[str, Any]:
        """Wait for a pod of a workload."""
        return (await until(f"a pod of {name}", lambda: self.pods(name, image), bool))[0]  # type: ignore[no-any-return]  # JSON

    async def report(self, pod: dict[str, Any], **status: Any) -> None:
        """Report a pod's status as its kubelet would."""
        await self.patch(f"{self._pod(pod)}/status", {"status": status})

    async def report_container(self, pod: dict[str, Any], state: dict[str, Any], **more: Any) -> None:
        """Report the state of a pod's only container."""
        spec = pod["spec"]["containers"][0]
        rest = {"image": spec["image"], "imageID": "", "ready": False, "restartCount": 0}
        await self.report(pod, containerStatuses=[{"name": spec["name"], **rest, "state": state, **more}])

    def _pod(self, pod: dict[str, Any]) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods/{pod['metadata']['name']}"

    async def warn(self, about: dict[str, Any], reason: str, message: str, **more: Any) -> None:
        """Report a Warning Event."""
        metadata = about["metadata"]
        name = f"{metadata['name']}.{reason.lower()}"
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": self.namespace},
            "involvedObject": {
                "kind": "Pod",
                "namespace": self.namespace,
                "name": metadata["name"],
                "uid": metadata["uid"],
                **more.pop("involvedObject", {}),
            },
            "type": "Warning",
            "reason": reason,
            "message": message,
            "firstTimestamp": format_time(now()),
            "lastTimestamp": format_time(now()),
            "count": 1,
            **more,
        }
        await self.apply("/api/v1", "events", event)

    async def events(self, reason: str = "") -> list[ContextEvent]:
        """Return what the store holds of this namespace, by code word or event type."""
        query = EventQuery([self.namespace], None, since=0, until=now() + 3600, now=now(), limit=1000)
        found = await self.store.window(query)
        return [e for e in found if reason in ("", e.event_type, e.new_value)]

    async def event(self, reason: str) -> ContextEvent:
        """Wait for an event of a kind or reason."""
        return (await until(f"an event {reason}", lambda: self.events(reason), bool))[0]

    async def node_event(self, node: str, reason: str) -> ContextEvent:
        """Wait for an event of a node."""

        async def found() -> list[ContextEvent]:
            query = EventQuery([CLUSTER_TENANT], [node], since=0, until=now() + 3600, now=now())
            return [e for e in await self.store.window(query) if e.new_value == reason]

        return (await until(f"{reason} of {node}", found, bool))[0]

    async def caught_up(self) -> None:
        """Return when a change made now has reached the store: so has every change before it."""
        name = f"probe-{time.monotonic_ns()}"
        pod = {"metadata": {"name": name, "namespace": self.namespace, "uid": name}}
        await self.warn(pod, "CaughtUp", "seen")

        async def seen() -> bool:
            return any(e.entity == name for e in await self.events("CaughtUp"))

        await until("a change made now", seen, bool)


def workload(kind: str, name: str, image: str, replicas: int = 1, env: dict[str, str] | None = None) -> dict[str, Any]:
    """Return the manifest of a workload."""
    labels = {SELECTOR: name}
    container = {
        "name": "app",
        "image": image,
        "resources": {"limits": {"memory": "128Mi"}},
        "env": [{"name": key, "value": value} for key, value in (env or {}).items()],
    }
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec: dict[str, Any] = {"selector": {"matchLabels": labels}, "template": template}
    if kind != "DaemonSet":
        spec["replicas"] = replicas
    if kind == "StatefulSet":
        spec["serviceName"] = name
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def ref_of(event: ContextEvent) -> ObjectRef:
    """Return the object that an event of the cluster is about."""
    if event.object is None:
        raise AssertionError(f"event {event.id} is about no object")
    return event.object


def session_of(source: KubernetesSource) -> WatchSession:
    """Return the session of a source that watches."""
    if source._session is None:  # noqa: SLF001 - no public name lets a test shrink a queue
        raise AssertionError("the source does not watch")
    return source._session  # noqa: SLF001 - as above
