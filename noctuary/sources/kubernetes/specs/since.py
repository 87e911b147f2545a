"""Since when something stands in a spec: by who wrote it last, and by the revisions of a template."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from noctuary.kube.objects import seconds
from noctuary.sources.kubernetes.live_namespace import Namespace
from noctuary.sources.kubernetes.rollouts.template import TemplateSummary
from noctuary.sources.kubernetes.rollouts.workloads import WorkloadView
from noctuary.sources.kubernetes.rollouts.writes import last_write
from noctuary.sources.kubernetes.specs.objects import SpecObject

Part = Callable[[TemplateSummary], object]
"""The part of a template that something depends on."""


class Since(NamedTuple):
    """Since when something stands so, and by whom: a field manager, or a rollout of a workload to a template."""

    at: float
    manager: str = ""
    workload: WorkloadView | None = None
    template_hash: str = ""


def written(obj: SpecObject, field: bytes) -> Since:
    """Return who last wrote a field such as `"f:selector"`; as far as nobody knows, since the object was made."""
    last = last_write(obj.metadata, field)
    return Since(last.at or seconds(obj.metadata.creation_timestamp), last.manager)


def later(first: Since, found: Namespace, views: Iterable[WorkloadView | None], part: Part) -> Since:
    """Return the rollout that last changed a part of workloads' templates, where that is later than a write."""
    last = first
    for view in views:
        at = rolled_out_at(found, view, part) if view is not None else 0.0
        if view is not None and at > last.at:
            current = view.wanted.find(found.holders.of(view.key))
            last = Since(at, "", view, current.template_hash if current is not None else "")
    return last


def written_at(obj: SpecObject, field: bytes) -> float:
    """Return when a field such as `"f:selector"` was last written; as far as nobody knows, when the object was made."""
    return last_write(obj.metadata, field).at or seconds(obj.metadata.creation_timestamp)


def rolled_out_at(found: Namespace, view: WorkloadView, part: Part) -> float:
    """Return since when a part of a workload's template is as it is now; 0: it was never seen to be otherwise."""
    revisions = sorted(found.holders.of(view.key), key=lambda each: each.order)
    current = view.wanted.find(revisions)
    if current is None:
        return 0.0
    now, since = _read(part, current.summary()), current
    for revision in reversed([each for each in revisions if each.order < current.order]):
        if _read(part, revision.summary()) != now:
            return max(since.created_at, since.numbered_at)
        since = revision
    return 0.0


def made_at(found: Namespace, view: WorkloadView) -> float:
    """Return when the oldest revision that is left of a workload was made; 0: not known."""
    return min((each.created_at for each in found.holders.of(view.key)), default=0.0)


def labels(*names: str) -> Part:
    """Return the part of a template that its labels of these names are."""
    return lambda summary: {name: (summary.labels or {}).get(name) for name in names}


def fields(container: str, *names: str) -> Part:
    """Return the part of a template that these fields of a container are."""

    def part(summary: TemplateSummary) -> object:
        known = summary.containers.get(container)
        return {name: known.fields.get(name) for name in names} if known is not None else None

    return part


def all_fields(name: str) -> Part:
    """Return the part of a template that one field of all its containers is."""
    return lambda summary: {each: known.fields.get(name) for each, known in summary.containers.items()}


def variable(container: str, name: str) -> Part:
    """Return the part of a template that a variable of a container is."""

    def part(summary: TemplateSummary) -> object:
        known = summary.containers.get(container)
        return known.env.get(name) if known is not None else None

    return part


def _read(part: Part, summary: TemplateSummary) -> bytes:
    return msgspec.json.encode(part(summary), order="deterministic")
