"""What of a namespace an alert means: the workload that it names, that owns the pod, that its Service leads to."""

import re
from collections.abc import Callable, Iterable, Iterator

from noctuary.models.evidence import AlertTarget
from noctuary.models.live_view import Thing

BROAD = ("Node", "Namespace")
"""What holds many workloads: of these only the mapped ones are meant."""
_VAGUE = ("Service", *BROAD)
"""A label that names none of these may be of something else, such as the one who scrapes."""
_RANDOM = "[bcdfghjklmnpqrstvwxz2456789]"
"""The letters of which Kubernetes makes names."""
_ENDINGS = (
    ("Deployment", re.compile(rf"-{_RANDOM}{{6,10}}-{_RANDOM}{{5}}$")),
    ("StatefulSet", re.compile(r"-[0-9]{1,5}$")),
    ("CronJob", re.compile(rf"-[0-9]{{8,10}}(?:-{_RANDOM}{{5}})?$")),
    ("", re.compile(rf"-{_RANDOM}{{5}}$")),
)
"""What a workload of each kind adds to its name for that of a pod: nothing else tells the owner of one that is gone."""

Fits = Callable[[Thing, str], bool]


def find(target: AlertTarget, things: Iterable[Thing]) -> tuple[str, list[Thing]]:
    """Return what a target means, and by which of its words; where these find nothing, all of its namespace."""
    here = [each for each in things if target.namespace in ("", each.subject.namespace)]
    named = target.kinds
    for kind, name in named:
        if kind == "Node" and any(other not in _VAGUE for other, _ in named):
            continue  # it is where the pod ran, and not what is wrong
        for fits in _WAYS.get(kind, (_is_workload(kind),)):
            if found := [each for each in here if fits(each, name)]:
                return kind, found
    return ("Namespace", here) if target.namespace else ("", [])


def names_told(target: AlertTarget) -> Iterator[str]:
    """Yield the names of workloads that a target may mean, the surest first: what is gone is known by its name only."""
    for kind, name in target.kinds:
        if kind not in BROAD:
            yield name
        if kind in ("Pod", "Job"):
            yield from (owner for _, owner in _owners(name))


def missing(target: AlertTarget) -> str:
    """Return what a target surely names, for when it is not there; empty where it may have meant something else."""
    kind, name = next(((kind, name) for kind, name in target.kinds if kind not in _VAGUE), ("", ""))
    place = f" of namespace {target.namespace}" if target.namespace else ""
    return f"{kind or 'workload'} {name}{place}, which the alert names and which is not there" if name else ""


def _is_workload(kind: str) -> Fits:
    def fits(thing: Thing, name: str) -> bool:
        return thing.subject.name == name and (not kind or thing.subject.kind in ("", kind))

    return fits


def _has_pod(thing: Thing, name: str) -> bool:
    return name in thing.pods


def _had_pod(thing: Thing, name: str) -> bool:
    return any(_is_workload(kind)(thing, owner) for kind, owner in _owners(name))


def _has_run(thing: Thing, name: str) -> bool:
    return name in thing.owners or (thing.subject.kind == "CronJob" and _had_pod(thing, name))


def _is_behind(thing: Thing, name: str) -> bool:
    return name in thing.services


def _is_called(thing: Thing, name: str) -> bool:
    return name in thing.names


def _is_on(thing: Thing, name: str) -> bool:
    return name in thing.nodes


_WAYS: dict[str, tuple[Fits, ...]] = {
    "Job": (_is_workload("Job"), _has_run),
    "Pod": (_has_pod, _had_pod),
    "Service": (_is_behind, _is_called),
    "Node": (_is_on,),
}
"""How each word is looked for, the surest way first."""


def _owners(pod: str) -> Iterator[tuple[str, str]]:
    for kind, ending in _ENDINGS:
        if found := ending.search(pod):
            yield kind, pod[: found.start()]
