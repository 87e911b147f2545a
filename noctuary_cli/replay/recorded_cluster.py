"""A cluster from a recording: it answers the lists and reads that the product asks of an API server."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

import msgspec

from noctuary.common.errors import KubernetesError
from noctuary.kube.client import JSON, KubeClient, Query
from noctuary.sources.kubernetes.specs.kinds import CLUSTER_KINDS
from noctuary.sources.kubernetes.specs.reading import KINDS
from noctuary.sources.kubernetes.specs.resources.kinds import VOLUME_KINDS
from noctuary_cli.replay.bundle import Json

_PATH = re.compile(
    r"/(?:api/[^/]+|apis/(?P<group>[^/]+)/[^/]+)(?:/namespaces/(?P<namespace>[^/]+))?"
    r"/(?P<resource>[^/]+)(?:/(?P<name>[^/]+))?"
)
_SET_REQUIREMENT = re.compile(r"(?P<key>\S+) (?P<operator>in|notin) \((?P<values>[^)]*)\)")
_ENDINGS = (("ies", "y"), ("ses", "s"), ("xes", "x"), ("ches", "ch"), ("s", ""))
_SPECS = frozenset(kind.resource for kind in (*KINDS, *CLUSTER_KINDS, *VOLUME_KINDS))
NONE_RECORDED = KubernetesError(404, "NotFound", "the recording holds no object of this kind")
"""Whoever recorded may not have asked for it: what is not there is then not said to be missing."""
NOTHING_HERE = KubernetesError(404, "NotFound", "the recording holds no object of this name")


class RecordedCluster(KubeClient):
    """Objects by resource; nothing is ever sent, and nothing can be written."""

    def __init__(self, objects: list[Json]) -> None:
        self._by_kind: dict[str, list[Json]] = defaultdict(list)
        for obj in objects:
            self._by_kind[obj["kind"].lower()].append(obj)

    @property
    def namespaces(self) -> list[str]:
        """The namespaces that objects are in."""
        found = (namespace_of(obj) for objects in self._by_kind.values() for obj in objects)
        return sorted(set(found) - {""})

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: bytes | None = None,  # noqa: ARG002 - nothing is written here
        content_type: str = JSON,  # noqa: ARG002
        accept: str = JSON,  # noqa: ARG002
    ) -> bytes:
        """Answer a list or a read; raise KubernetesError for whatever else."""
        asked = _PATH.fullmatch(path.partition("?")[0])
        if method != "GET" or asked is None:
            raise KubernetesError(405, "MethodNotAllowed", "a recording only lists and reads")
        if asked["resource"] == "namespaces" and asked["namespace"] is None and asked["name"] is not None:
            return self._one("namespaces", "", unquote(asked["name"]))
        if asked["name"] is not None:
            return self._one(asked["resource"], asked["namespace"] or "", unquote(asked["name"]))
        return self._list(asked["resource"], asked["namespace"] or "", query or {})

    async def get_within(
        self,
        path: str,
        max_bytes: int,  # noqa: ARG002 - what is in memory is not too large for it
        *,
        query: Query | None = None,
        accept: str = JSON,
    ) -> bytes | None:
        """Answer a list whole, however long it is."""
        return await self.request("GET", path, query=query, accept=accept)

    def _one(self, resource: str, namespace: str, name: str) -> bytes:
        found = (obj for obj in self._of(resource, namespace) if obj["metadata"].get("name") == name)
        obj = next(found, None)
        if obj is None:
            raise NOTHING_HERE
        return msgspec.json.encode(obj)

    def _list(self, resource: str, namespace: str, query: Query) -> bytes:
        if resource in _SPECS and next(self._of(resource, ""), None) is None:
            raise NONE_RECORDED
        labels, fields = str(query.get("labelSelector", "")), str(query.get("fieldSelector", ""))
        items = [obj for obj in self._of(resource, namespace) if _has_labels(obj, labels) and _has_fields(obj, fields)]
        return msgspec.json.encode({"metadata": {"resourceVersion": "1"}, "items": items})

    def _of(self, resource: str, namespace: str) -> Iterator[Json]:
        for kind in _kinds_of(resource):
            for obj in self._by_kind.get(kind, ()):
                if not namespace or namespace_of(obj) == namespace:
                    yield obj


def namespace_of(obj: Json) -> str:
    """Return an object's namespace; empty where it has none."""
    return str(obj["metadata"].get("namespace") or "")


def _kinds_of(resource: str) -> Iterator[str]:
    """Yield the kinds, in small letters, whose plural a resource may be."""
    yield resource  # Endpoints
    for plural, singular in _ENDINGS:
        if resource.endswith(plural):
            yield resource.removesuffix(plural) + singular


def _has_labels(obj: Json, selector: str) -> bool:
    labels = obj["metadata"].get("labels") or {}
    return all(_meets(labels, requirement) for requirement in _requirements(selector))


def _requirements(selector: str) -> Iterator[str]:
    """Yield the requirements of a selector; the commas within brackets part none."""
    yield from (part.strip() for part in re.split(r",(?![^(]*\))", selector) if part.strip())


def _meets(labels: Mapping[str, str], requirement: str) -> bool:
    if found := _SET_REQUIREMENT.fullmatch(requirement):
        values = {value.strip() for value in found["values"].split(",")}
        is_in = labels.get(found["key"]) in values
        return is_in if found["operator"] == "in" else not is_in
    if "!=" in requirement:
        name, _, value = requirement.partition("!=")
        return labels.get(name) != value
    if "=" in requirement:
        name, _, value = requirement.partition("=")
        return labels.get(name) == value.removeprefix("=")
    return requirement[1:] not in labels if requirement.startswith("!") else requirement in labels


def _has_fields(obj: Json, selector: str) -> bool:
    return all(_has_field(obj, requirement) for requirement in _requirements(selector))


def _has_field(obj: Json, requirement: str) -> bool:
    is_other = "!=" in requirement
    path, _, value = requirement.partition("!=" if is_other else "=")
    found: object = obj
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return (str(found or "") == value) is not is_other
