"""Which ConfigMaps and Secrets a pod template reads: their names, never what they hold."""

from collections.abc import Iterator, Mapping
from typing import Any

MAX_READ = 10
"""Names that are kept of one template: a note shows three."""
_SOURCES = (("configMapRef", "ConfigMap"), ("secretRef", "Secret"))
_KEYS = (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret"))


def read_by(spec: Mapping[str, Any]) -> list[str]:
    """Return for example `ConfigMap settings`, ConfigMaps first; of a template's spec as it is written."""
    containers = [each for field in ("containers", "initContainers") for each in spec.get(field) or []]
    found = {name for container in containers for name in _of_container(container)}
    found |= {name for volume in spec.get("volumes") or [] for name in _of_volume(volume)}
    return sorted(found)[:MAX_READ]


def _of_container(container: Mapping[str, Any]) -> Iterator[str]:
    for source in container.get("envFrom") or []:
        yield from _named(source, _SOURCES)
    for variable in container.get("env") or []:
        yield from _named(variable.get("valueFrom"), _KEYS)


def _of_volume(volume: Mapping[str, Any]) -> Iterator[str]:
    projected = volume.get("projected")
    for source in (projected.get("sources") or []) if isinstance(projected, dict) else [volume]:
        yield from _mounted(source)


def _mounted(source: Any) -> Iterator[str]:
    if not isinstance(source, dict):
        return
    for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
        told = source.get(field)
        name = (told.get("name") or told.get("secretName")) if isinstance(told, dict) else None
        if isinstance(name, str) and name:
            yield f"{kind} {name}"


def _named(source: Any, fields: tuple[tuple[str, str], ...]) -> Iterator[str]:
    if not isinstance(source, dict):
        return
    for field, kind in fields:
        told = source.get(field)
        name = told.get("name") if isinstance(told, dict) else None
        if isinstance(name, str) and name:
            yield f"{kind} {name}"
