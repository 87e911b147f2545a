"""Which parts of names people chose, in all objects of a capture."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from noctuary_cli.capture.pseudonyms.vocabulary import VOCABULARY
from noctuary_cli.capture.redaction.forms import parts_of
from noctuary_cli.capture.redaction.hiding import HASH
from noctuary_cli.capture.redaction.objects import BUILT_IN

Json = dict[str, Any]
MIN_CHARS = 3
"""Shorter parts are of everybody."""
NAMED = frozenset(
    {
        *("name", "namespace", "generateName", "nodeName", "hostname", "subdomain", "serviceAccountName", "secretName"),
        *("claimName", "volumeName", "storageClassName", "ingressClassName", "serviceName", "host", "hosts", "manager"),
        *("externalName", "priorityClassName", "runtimeClassName", "schedulerName", "holderIdentity", "component"),
        *("nominatedNodeName", "mountPath", "subPath", "path", "topologyKey", "project", "targetRevision", "username"),
    }
)
"""Fields that hold names of objects, hosts, people and files."""
MAPS = frozenset({"labels", "matchLabels", "nodeSelector", "selector", "annotations", "data", "binaryData"})
"""Maps whose keys, and values but for hashes, are names."""
IMAGES = frozenset({"image", "imageID"})


def chosen_parts(objects: Iterable[Json], *more: str) -> set[str]:
    """Return the parts of names that people chose, in small letters; `more` are names that are told besides."""
    found: set[str] = set()
    fields: set[str] = set()
    for obj in objects:
        found.update(_parts(obj))
        fields.update(_fields(obj))
    for name in more:
        found.update(parts_of(name))
    return {part for part in found if _is_chosen(part)} - fields - VOCABULARY


def _is_chosen(part: str) -> bool:
    return len(part) >= MIN_CHARS and not part.isdecimal()


def _parts(told: Any) -> Iterator[str]:
    if isinstance(told, list):
        for each in told:
            yield from _parts(each)
        return
    for name, value in told.items() if isinstance(told, dict) else ():
        if name in MAPS and isinstance(value, dict):
            yield from _of_map(value)
        elif name in IMAGES and isinstance(value, str):
            yield from parts_of(value.partition("@")[0].rpartition(":")[0] or value.partition("@")[0])
        elif name in NAMED:
            yield from (part for each in _texts(value) for part in parts_of(each))
        elif name in ("apiVersion", "kind") and isinstance(value, str) and _is_custom(told):
            yield from parts_of(value)
        if isinstance(value, dict | list):
            yield from _parts(value)


def _of_map(told: Mapping[str, Any]) -> Iterator[str]:
    for name, value in told.items():
        yield from parts_of(name)
        if isinstance(value, str) and not value.startswith(HASH):
            yield from parts_of(value)


def _texts(value: Any) -> Iterator[str]:
    yield from (each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str))


def _is_custom(told: Mapping[str, Any]) -> bool:
    """Tell whether a reference or an object is of a group that is not Kubernetes' own."""
    version = told.get("apiVersion")
    return isinstance(version, str) and "." in version and BUILT_IN.fullmatch(version) is None


def _fields(told: Any) -> Iterator[str]:
    """Yield the names of fields, which nothing may rename."""
    if isinstance(told, list):
        for each in told:
            yield from _fields(each)
    for name, value in told.items() if isinstance(told, dict) else ():
        yield from parts_of(name)
        if name not in MAPS and name != "fieldsV1":
            yield from _fields(value)
