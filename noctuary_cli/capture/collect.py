"""Lists everything of some namespaces once; what cannot be read is said, and keeps nothing else from being read."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from noctuary.common.errors import KubernetesError, is_refusal
from noctuary.kube.client import JSON, METADATA_LIST, KubeClient
from noctuary.kube.listing import list_objects
from noctuary_cli.capture.kinds import (
    CLAIMS,
    CONTROL_PLANE,
    EVENTS,
    INTEGRATIONS,
    LEASES,
    NAMESPACED,
    NAMESPACES,
    NODES,
    PODS,
    SYSTEM_NAMESPACE,
    VOLUMES,
    WHOLE,
    CapturedKind,
)

Json = dict[str, Any]
MAX_OBJECTS = 20_000
"""Of one kind in one namespace: a bundle of more is too large to be sent to anybody."""
REFUSED = "the API server refuses to show them"
NODE_EVENTS_NAMESPACE = "default"
"""Where the Events of objects without a namespace are."""


class Collector:
    """Reads a cluster; `objects` are whole, as the API server tells them, and `not_read` says what is missing."""

    def __init__(self, kube: KubeClient, max_objects: int = MAX_OBJECTS) -> None:
        self._kube = kube
        self._max_objects = max_objects
        self.objects: list[Json] = []
        self.integrations: list[Json] = []
        self.not_read: list[str] = []

    async def collect(self, namespaces: Sequence[str]) -> None:
        """List all kinds of the namespaces, and what of the cluster concerns their pods and claims."""
        for namespace in namespaces:
            for kind in NAMESPACED:
                self.objects += await self._list(kind, namespace)
        self.integrations += await self._integrations(namespaces)
        await self._collect_nodes()
        claims = [each for each in self.objects if each["kind"] == CLAIMS.kind]
        volumes = {each.get("spec", {}).get("volumeName") for each in claims} - {None, ""}
        self.objects += self._named(await self._list(VOLUMES), volumes) if volumes else []
        self.objects += self._named(await self._list(NAMESPACES), namespaces)
        for kind in WHOLE:
            self.objects += await self._list(kind)
        self.objects += self._named(await self._list(LEASES, SYSTEM_NAMESPACE), CONTROL_PLANE)

    async def _integrations(self, namespaces: Sequence[str]) -> list[Json]:
        """Return the integrations of the cluster: one of any namespace may map these; else those that are in them."""
        known = len(self.not_read)
        found = await self._list(INTEGRATIONS)
        if len(self.not_read) == known:
            return found
        del self.not_read[known:]
        return [each for namespace in namespaces for each in await self._list(INTEGRATIONS, namespace)]

    async def _collect_nodes(self) -> None:
        """Take the nodes of the pods with their Events; all nodes where a pod has none yet."""
        pods = [each.get("spec", {}) for each in self.objects if each["kind"] == PODS.kind]
        if not pods:
            return
        nodes = await self._list(NODES)
        used = {pod.get("nodeName") for pod in pods}
        wanted = nodes if None in used or "" in used else self._named(nodes, used)
        self.objects += wanted
        names = {each["metadata"]["name"] for each in wanted}
        events = await self._list(EVENTS, NODE_EVENTS_NAMESPACE, {"fieldSelector": "involvedObject.kind=Node"})
        known = {each["metadata"].get("uid") for each in self.objects}
        about = (each for each in events if each.get("involvedObject", {}).get("name") in names)
        self.objects += [each for each in about if each["metadata"].get("uid") not in known]

    async def _list(
        self, kind: CapturedKind, namespace: str = "", selectors: dict[str, str] | None = None
    ) -> list[Json]:
        """List a kind; none, and a word of it, where it cannot be read. Raises where there is no API server."""
        accept = METADATA_LIST if kind.is_metadata_only else JSON
        where = f"{kind.resource} of namespace {namespace}" if namespace else kind.resource
        try:
            found = await list_objects(
                self._kube,
                kind.path(namespace),
                dict[str, Any],
                selectors=selectors,
                accept=accept,
                max_objects=self._max_objects,
            )
        except KubernetesError as error:
            if error.is_login or not error.status:  # nobody answers at all, or does not know us
                raise
            if not error.not_found:  # a kind that this cluster does not serve is missing nowhere
                self.not_read.append(f"{where}: {REFUSED if is_refusal(error) else error}")
            return []
        if found.is_partial:
            self.not_read.append(f"{where}: only the first {self._max_objects} were read")
        return [_whole(each, kind) for each in found.objects if isinstance(each.get("metadata"), dict)]

    @staticmethod
    def _named(objects: Sequence[Json], names: Collection[Any]) -> list[Json]:
        return [each for each in objects if each["metadata"].get("name") in names]


def _whole(obj: Json, kind: CapturedKind) -> Json:
    """Return an object with its kind, which a list tells only once; of a Secret the names of its keys."""
    told = {"apiVersion": kind.version, "kind": kind.kind}
    if not kind.is_metadata_only:
        return told | {name: value for name, value in obj.items() if name not in told}
    return told | {"metadata": obj["metadata"], "data": dict.fromkeys(_keys(obj["metadata"]), "")}


def _keys(metadata: Json) -> Iterator[str]:
    """Yield the names of a Secret's keys, as the managed fields tell who wrote them."""
    for entry in metadata.get("managedFields") or []:
        fields = entry.get("fieldsV1") if isinstance(entry, dict) else None
        for name in (fields or {}).get("f:data") or {}:
            if name.startswith("f:"):
                yield name.removeprefix("f:")
