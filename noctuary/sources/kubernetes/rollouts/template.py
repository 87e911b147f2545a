"""Pod templates, reduced to what a person wants to know when one is replaced by another."""

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from noctuary.kube.objects import PodTemplate

NAMES_SHOWN = 5
"""So many changed variables are named, the rest is counted."""
_CONTAINERS = {"containers": "", "initContainers": "init container "}
_WORDS = {
    "livenessProbe": "liveness probe",
    "readinessProbe": "readiness probe",
    "startupProbe": "startup probe",
    "volumeMounts": "volume mounts",
    "securityContext": "security context",
    "envFrom": "env sources",
    "serviceAccountName": "service account",
    "nodeSelector": "node selector",
}
_ALIASES = frozenset({"serviceAccount"})
"""Older names that the API server keeps in step."""


class ContainerSummary(msgspec.Struct, omit_defaults=True):
    """One container: its image, and short digests of everything else. No value of a variable is kept."""

    image: str = ""
    env: dict[str, str] = {}
    fields: dict[str, str] = {}


class TemplateSummary(msgspec.Struct, omit_defaults=True):
    """One pod template; containers by name, init containers under `init container <name>`."""

    containers: dict[str, ContainerSummary] = {}
    fields: dict[str, str] = {}

    def image(self) -> str:
        """Return the image of the first container, which is the one people mean."""
        return next((container.image for container in self.containers.values()), "")


def summarize(template: PodTemplate, salt: str) -> TemplateSummary:
    """Reduce a template to what is compared; digests are salted with the owner's uid, so that equal values differ."""
    spec = msgspec.json.decode(template.spec, type=dict[str, Any])
    summary = TemplateSummary()
    for field, prefix in _CONTAINERS.items():
        for container in spec.pop(field, None) or []:
            summary.containers[prefix + container["name"]] = _container(container, salt)
    summary.fields = {name: _digest(value, salt) for name, value in spec.items() if name not in _ALIASES}
    labels = {k: v for k, v in template.metadata.labels.items() if k != "pod-template-hash"}
    summary.fields["labels"] = _digest(labels, salt)
    summary.fields["annotations"] = _digest(template.metadata.annotations, salt)
    return summary


def _container(container: dict[str, Any], salt: str) -> ContainerSummary:
    rest = {name: value for name, value in container.items() if name not in ("name", "image", "env")}
    return ContainerSummary(
        image=container.get("image", ""),
        env={each["name"]: _digest(each, salt) for each in container.get("env") or []},
        fields={name: _digest(value, salt) for name, value in rest.items()},
    )


def _digest(value: Any, salt: str) -> str:
    # Four bytes show a change, and are too few to guess a value by.
    content = msgspec.json.encode(value, order="deterministic")
    return hashlib.blake2s(content, digest_size=4, key=salt.encode()[:32]).hexdigest()


def describe_change(old: TemplateSummary, new: TemplateSummary) -> str:
    """Describe what differs, in words: `image, env DB_POOL, resources of sidecar`."""
    return ", ".join(_differences(old, new))


def _differences(old: TemplateSummary, new: TemplateSummary) -> Iterator[str]:
    first = next(iter(new.containers), "")
    for name, container in new.containers.items():
        if name not in old.containers:
            yield f"{_called(name)} added"
        else:
            suffix = "" if name == first else f" of {name}"
            yield from (word + suffix for word in _container_differences(old.containers[name], container))
    for name in old.containers:
        if name not in new.containers:
            yield f"{_called(name)} removed"
    yield from (_WORDS.get(name, name) for name in _changed(old.fields, new.fields))


def _called(name: str) -> str:
    return name if name.startswith(_CONTAINERS["initContainers"]) else f"container {name}"


def _container_differences(old: ContainerSummary, new: ContainerSummary) -> Iterator[str]:
    if old.image != new.image:
        yield "image"
    names = _changed(old.env, new.env)
    yield from (f"env {name}" for name in names[:NAMES_SHOWN])
    if len(names) > NAMES_SHOWN:
        yield f"env of {len(names) - NAMES_SHOWN} more names"
    yield from (_WORDS.get(name, name) for name in _changed(old.fields, new.fields))


def _changed(old: dict[str, str], new: dict[str, str]) -> list[str]:
    return [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
