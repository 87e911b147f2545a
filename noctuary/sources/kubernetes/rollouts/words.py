"""What differs between two templates, in words, and whether it only makes pods start anew."""

import re
from collections.abc import Iterator, Mapping

from noctuary.models import details
from noctuary.sources.kubernetes.rollouts.template import INIT_PREFIX, ContainerSummary, TemplateSummary

NAMES_SHOWN = 5
"""So many changed variables, labels or annotations are named, the rest is counted."""
VALUES_SHOWN = 3
"""So many changed values of one field are told."""
_WORDS = {
    "livenessProbe": "liveness probe",
    "readinessProbe": "readiness probe",
    "startupProbe": "startup probe",
    "volumeMounts": "volume mounts",
    "securityContext": "security context",
    "envFrom": "env sources",
    "serviceAccountName": "service account",
    "nodeSelector": "node selector",
    "imagePullSecrets": "pull secrets",
    "imagePullPolicy": "pull policy",
    "terminationGracePeriodSeconds": "grace period",
    "topologySpreadConstraints": "topology spread",
    "priorityClassName": "priority class",
}
_TEMPLATE_MAPS = ("labels", "annotations")
_RESTARTS = frozenset({"restartedAt", "restarted-at"})
"""How annotations end that only say when somebody wanted new pods, as `kubectl rollout restart` does."""
_RANCHER_RESTART = "cattle.io/timestamp"
_CHECKSUM = re.compile(r"checksum|(config|secret)-?(hash|sha)|last-reloaded-from|reloader\.stakater", re.IGNORECASE)
_CHECKSUM_VARIABLE = re.compile(r"STAKATER_\w+_(CONFIGMAP|SECRET)")
"""How annotations and variables are called that hold a digest of a ConfigMap or Secret."""


def describe_change(old: TemplateSummary, new: TemplateSummary) -> str:
    """Describe what differs: `image of sidecar, env DB_POOL, resources (memory limit 512Mi -> 256Mi)`."""
    return ", ".join(_differences(old, new))


def changed_image(old: TemplateSummary, new: TemplateSummary) -> str:
    """Return which container has another image, else an empty text."""
    both = (name for name in new.containers if name in old.containers)
    return next((name for name in both if old.containers[name].image != new.containers[name].image), "")


def restart_marks(old: TemplateSummary, new: TemplateSummary) -> dict[str, str]:
    """Return the details that mark a rollout which changed nothing in its pods but a checksum of what they read."""
    if not _is_alike(old, new) or old.annotations is None or new.annotations is None:
        return {}
    names = changed_names(old.annotations, new.annotations)
    rest = [name for name in names if not _is_restart(name)]
    if not all(_CHECKSUM.search(name) for name in rest):
        return {}
    if rest or _changed_variables(old, new):
        return {details.CONFIG_CHECKSUM: "1"}
    return {details.RESTART: "1"} if names else {}


def changed_names(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return the names whose values differ, in their order."""
    return [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]


def _is_restart(annotation: str) -> bool:
    return annotation == _RANCHER_RESTART or annotation.rpartition("/")[2] in _RESTARTS


def _changed_variables(old: TemplateSummary, new: TemplateSummary) -> list[str]:
    """Return the changed variables of containers that both have."""
    both = ((old.containers[name], container) for name, container in new.containers.items() if name in old.containers)
    return [name for before, after in both for name in changed_names(before.env, after.env)]


def _is_alike(old: TemplateSummary, new: TemplateSummary) -> bool:
    """Return whether nothing differs but annotations and variables that hold a checksum."""
    if old.containers.keys() != new.containers.keys():
        return False
    containers = ((old.containers[name], container) for name, container in new.containers.items())
    return (
        all(before.image == after.image and before.fields == after.fields for before, after in containers)
        and all(map(_CHECKSUM_VARIABLE.fullmatch, _changed_variables(old, new)))
        and changed_names(old.fields, new.fields) in ([], ["annotations"])
    )


def _differences(old: TemplateSummary, new: TemplateSummary) -> Iterator[str]:
    is_only = sum(not name.startswith(INIT_PREFIX) for name in new.containers) == 1
    for name, container in new.containers.items():
        if name not in old.containers:
            yield f"{_called(name)} added"
        else:
            suffix = "" if is_only and not name.startswith(INIT_PREFIX) else f" of {name}"
            yield from (word + suffix for word in _container_differences(old.containers[name], container))
    for name in old.containers:
        if name not in new.containers:
            yield f"{_called(name)} removed"
    for name in changed_names(old.fields, new.fields):
        yield from _named(name[:-1], *_maps(old, new, name)) if name in _TEMPLATE_MAPS else [_WORDS.get(name, name)]


def _called(name: str) -> str:
    return name if name.startswith(INIT_PREFIX) else f"container {name}"


def _maps(old: TemplateSummary, new: TemplateSummary, field: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    before, after = getattr(old, field), getattr(new, field)
    return ({}, {}) if before is None or after is None else (before, after)


def _named(word: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """Yield which names differ; only the word where they are not known."""
    names = changed_names(old, new)
    if not names:
        yield f"{word}s"
    yield from (f"{word} {name}{_fate(name, old, new)}" for name in names[:NAMES_SHOWN])
    if len(names) > NAMES_SHOWN:
        yield f"{word} of {len(names) - NAMES_SHOWN} more names"


def _fate(name: str, old: Mapping[str, str], new: Mapping[str, str]) -> str:
    return " added" if name not in old else " removed" if name not in new else ""


def _container_differences(old: ContainerSummary, new: ContainerSummary) -> Iterator[str]:
    if old.image != new.image:
        yield "image"
    if old.env != new.env:
        yield from _named("env", old.env, new.env)
    yield from (_field(name, old, new) for name in changed_names(old.fields, new.fields))


def _field(name: str, old: ContainerSummary, new: ContainerSummary) -> str:
    word = _WORDS.get(name, name)
    if name != "resources" and (fate := _fate(name, old.fields, new.fields)):
        return word + fate
    prefix = f"{name}."
    before, after = (
        {key.removeprefix(prefix): value for key, value in each.told.items() if key.startswith(prefix)}
        for each in (old, new)
    )
    told = [f"{key} {before.get(key, 'none')} -> {after.get(key, 'none')}" for key in changed_names(before, after)]
    return f"{word} ({', '.join(told[:VALUES_SHOWN])})" if told else word
