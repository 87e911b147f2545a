"""Workloads that get no further: paused, past their deadline, held up by one pod, without a node."""

from collections.abc import Iterator

from noctuary.analyzers.resources.stalled import DEADLINE, NO_NODE, ON_OLD_POD, ORDINAL, PAUSED
from noctuary.kube.objects import seconds
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.identity import REVISION_HASH_LABEL
from noctuary.sources.kubernetes.kinds.pods import is_ready
from noctuary.sources.kubernetes.live_namespace import Member
from noctuary.sources.kubernetes.rollouts.writes import last_write
from noctuary.sources.kubernetes.specs.place import Place
from noctuary.sources.kubernetes.specs.resources.telling import Workload, no_earlier, of_workload, workloads

PAUSED_FIELD = b'"f:paused"'
HELD_S = 120.0
"""A pod of a StatefulSet may take a while to become ready: the next one waits for it as it should."""


def stalled_workloads(place: Place) -> Iterator[ContextEvent]:
    """Yield each workload whose controller waits for something that does not come by itself."""
    for workload in workloads(place):
        match workload.view.kind:
            case "Deployment":
                yield from _deployment(place, workload)
            case "StatefulSet":
                yield from _stateful_set(place, workload)
            case "DaemonSet" if workload.wants == 0 and _is_observed(workload):
                yield of_workload(place, workload, NO_NODE, 0.0, {})


def _deployment(place: Place, workload: Workload) -> Iterator[ContextEvent]:
    status = workload.obj.status
    if workload.obj.spec.paused:
        if status.updated_replicas < workload.wants:
            at = last_write(workload.obj.metadata, PAUSED_FIELD).at
            told = {details.REPLICAS: f"{status.updated_replicas} of {workload.wants}"}
            yield of_workload(place, workload, PAUSED, no_earlier(place, at), told)
        return
    progress = workload.condition("Progressing")
    if progress is not None and progress.status == "False" and progress.reason == DEADLINE:
        told = {details.REPLICAS: f"{status.updated_replicas} of {workload.wants}"}
        yield of_workload(place, workload, DEADLINE, seconds(progress.last_transition_time), told)


def _stateful_set(place: Place, workload: Workload) -> Iterator[ContextEvent]:
    """Yield the pod that holds up all that come after it, as all but parallel ones do."""
    spec, status = workload.obj.spec, workload.obj.status
    if spec.pod_management_policy == "Parallel" or not _is_observed(workload):
        return
    held = [member for member in _own_pods(place, workload) if _is_held(place, member)]
    if not held:
        return
    is_old = [each for each in held if _revision(each) not in ("", status.update_revision)]
    at = seconds(held[0].pod.metadata.creation_timestamp)
    if is_old and status.update_revision != status.current_revision:
        told = {details.ORDINAL: is_old[-1].pod.metadata.name}
        yield of_workload(place, workload, ON_OLD_POD, no_earlier(place, at), told)
    elif workload.has < workload.wants:
        told = {details.ORDINAL: held[0].pod.metadata.name, details.REPLICAS: f"{workload.has} of {workload.wants}"}
        yield of_workload(place, workload, ORDINAL, no_earlier(place, at), told)


def _own_pods(place: Place, workload: Workload) -> list[Member]:
    """Return the pods of a StatefulSet in their order."""
    view = workload.view
    mine = [m for m in place.members if (m.identity.owner_uid, m.identity.ref.workload_kind) == (view.uid, view.kind)]
    return sorted(mine, key=lambda member: _ordinal(member.pod.metadata.name))


def _ordinal(name: str) -> int:
    number = name.rpartition("-")[2]
    return int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else 0


def _is_held(place: Place, member: Member) -> bool:
    """Tell whether a pod is there, is to stay, and is not ready for longer than a start takes."""
    metadata = member.pod.metadata
    is_old = place.now - seconds(metadata.creation_timestamp) > HELD_S
    return metadata.deletion_timestamp is None and not is_ready(member.pod) and is_old


def _revision(member: Member) -> str:
    return member.pod.metadata.labels.get(REVISION_HASH_LABEL, "")


def _is_observed(workload: Workload) -> bool:
    return workload.obj.status.observed_generation >= workload.obj.metadata.generation > 0
