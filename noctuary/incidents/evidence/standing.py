"""What holds for the blamed workloads when a note is written: a rollback that was seen, revisions that exist."""

import asyncio
from collections.abc import Iterable

import msgspec
import structlog

from noctuary.common.errors import KubernetesError
from noctuary.correlation.taken_back import is_gone, posted_back
from noctuary.incidents.evidence.nodes import blamed_nodes
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import (
    Cause,
    CauseKind,
    Change,
    Diagnosis,
    Fault,
    PodView,
    ServiceView,
    Subject,
)
from noctuary.models.evidence import Standing
from noctuary.models.live_view import LiveView, RevisionReader
from noctuary.models.node_view import NodeView
from noctuary.models.revisions import REVISED_KINDS, WorkloadRevisions

log = structlog.get_logger()

MAX_WORKLOADS = 3
"""As many as a note names causes; a bad node may have the pods of fifty workloads, and none of them is rolled back."""


def blamed_workloads(diagnosis: Diagnosis) -> list[Subject]:
    """Return the workloads that a note may propose to roll back, the likeliest first."""
    subjects: dict[Subject, None] = {}
    for cause in diagnosis.causes:
        told = [cause.change.subject] if cause.change is not None else []
        for subject in [*told, *(fault.subject for fault in cause.faults)]:
            if subject.kind in REVISED_KINDS:
                subjects[subject] = None
    return list(subjects)[:MAX_WORKLOADS]


def services_of_broken(diagnosis: Diagnosis, services: Iterable[ServiceView]) -> list[ServiceView]:
    """Return the services whose pods an edit names: a StatefulSet waits for broken ones, other kinds replace them."""
    causes = [cause for cause in diagnosis.causes if _is_of_stateful_set(cause)]
    names = {fault.service for cause in causes for fault in cause.faults if not fault.is_over}
    return [each for each in services if each.name in names]


def _is_of_stateful_set(cause: Cause) -> bool:
    return cause.change is not None and cause.change.subject.kind == "StatefulSet"


async def read_revisions(
    reader: RevisionReader | None, subjects: list[Subject], deadline: float, known: Iterable[WorkloadRevisions] = ()
) -> list[WorkloadRevisions] | None:
    """Return the revisions of workloads, those known already unread; None when none could be read by the deadline.

    The deadline is a time of the event loop: all that a look reads of the cluster shares one.
    """
    found = {each.subject: each for each in known if each.subject in subjects}
    missing = [subject for subject in subjects if subject not in found]
    if reader is not None and missing and asyncio.get_running_loop().time() < deadline:
        read = await asyncio.gather(*(_read_one(reader, subject, deadline) for subject in missing))
        found |= {each.subject: each for each in read if each is not None}
    return [found[subject] for subject in subjects if subject in found] or None


async def _read_one(reader: RevisionReader, subject: Subject, deadline: float) -> WorkloadRevisions | None:
    try:
        async with asyncio.timeout_at(deadline):
            return await reader(subject)
    except (KubernetesError, TimeoutError, OSError) as error:
        log.info("Revisions could not be read", workload=subject.name, error=str(error) or "timeout")
        return None
    except Exception:
        log.exception("Revisions could not be understood", workload=subject.name)
        return None


def find_broken_pods(diagnosis: Diagnosis, live: LiveView | None) -> list[Subject] | None:
    """Return the pods that the causes' faults are of and that are not ready now; None when they were not read."""
    faults = [fault for cause in diagnosis.causes for fault in cause.faults if not fault.is_over]
    if live is None or any(fault.service in live.unread_services for fault in faults):
        return None
    found = (pod for pod in live.pods if any(_is_broken(pod, fault) for fault in faults))
    return [Subject("Pod", pod.namespace, pod.name) for pod in found]


def _is_broken(pod: PodView, fault: Fault) -> bool:
    """Tell whether a pod that failed is still the same and not ready: one of another template only has its name."""
    is_same = pod.namespace == fault.subject.namespace and pod.name in fault.shown_pods
    templates = {pod.template_hash, fault.template_hash} - {""}
    return is_same and len(templates) < 2 and not pod.is_ready and not pod.is_leaving


def find_gone_pods(diagnosis: Diagnosis, live: LiveView | None, services: Iterable[ServiceView]) -> list[Subject]:
    """Return the pods that the causes' faults are of and that do not exist any more; `services` were asked for."""
    if live is None:
        return []
    read = {service.name for service in services} - {*live.unread_services}
    there = {(pod.namespace, pod.name) for pod in live.pods}
    faults = (fault for cause in diagnosis.causes for fault in cause.faults if fault.service in read)
    named = dict.fromkeys((fault.subject.namespace, name) for fault in faults for name in fault.shown_pods)
    return [Subject("Pod", *pod) for pod in named if pod not in there]


def rollouts_of(revisions: list[WorkloadRevisions] | None) -> list[ContextEvent]:
    """Return the rollouts that were read along with revisions."""
    return [event for each in revisions or [] for event in each.rollouts]


def find_standing(
    diagnosis: Diagnosis,
    changes: list[Change],
    revisions: list[WorkloadRevisions] | None,
    live: LiveView | None,
    nodes: Iterable[NodeView],
    services: Iterable[ServiceView],
) -> Standing:
    """Tell what holds of a diagnosis, from the changes, the revisions, the pods of services and the nodes seen."""
    blamed = blamed_nodes(diagnosis)
    return Standing(
        find_rollback(diagnosis, changes),
        None if revisions is None else [msgspec.structs.replace(each, rollouts=[]) for each in revisions],
        find_undoing(diagnosis, changes),
        find_broken_pods(diagnosis, live),
        find_undoings(diagnosis, changes),
        [node for node in nodes if node.name in blamed],
        find_gone_pods(diagnosis, live, services),
    )


def find_rollback(diagnosis: Diagnosis, changes: list[Change]) -> Change | None:
    """Return the last rollout of the blamed workload if it led back to the version before; times are to the second."""
    blamed = _blamed(diagnosis, CauseKind.ROLLOUT)
    return _rollback_of(blamed, changes) if blamed is not None else None


def _rollback_of(blamed: Change, changes: list[Change]) -> Change | None:
    last = _last_after(blamed, [change for change in changes if change.is_rollout])
    return last if last is not None and _leads_back(last, blamed) else None


def find_undoing(diagnosis: Diagnosis, changes: list[Change]) -> Change | None:
    """Return the last change of the blamed kind of the same object if it set the value of before again."""
    blamed = _blamed(diagnosis, CauseKind.CHANGE)
    return _undoing_of(blamed, changes) if blamed is not None else None


def find_undoings(diagnosis: Diagnosis, changes: list[Change]) -> dict[str, Change]:
    """Return by event what took back each change that is named as a cause."""
    blamed = [cause.change for cause in diagnosis.causes if cause.change is not None]
    found = [(each, (_rollback_of if each.is_rollout else _undoing_of)(each, changes)) for each in blamed]
    return {each.event_id: undoing for each, undoing in found if undoing is not None}


def _undoing_of(blamed: Change, changes: list[Change]) -> Change | None:
    if not blamed.old_value:
        return None
    if is_gone(blamed):
        return _last_after(blamed, [change for change in changes if change.is_rollout])
    last = _last_after(blamed, [change for change in changes if change.event_type == blamed.event_type])
    return last if last is not None and last.new_value == blamed.old_value != blamed.new_value else None


def _blamed(diagnosis: Diagnosis, kind: CauseKind) -> Change | None:
    return diagnosis.causes[0].change if diagnosis.causes and diagnosis.causes[0].kind is kind else None


def _last_after(blamed: Change, changes: list[Change]) -> Change | None:
    later = [
        change
        for change in changes
        if change.event_id != blamed.event_id
        and (change.subject, change.entity) == (blamed.subject, blamed.entity)
        and change.at >= blamed.at
    ]
    return max(later, key=lambda change: change.at, default=None)


def _leads_back(change: Change, blamed: Change) -> bool:
    """Tell whether a rollout has the template before, or at least the version before where that was changed."""
    before = blamed.details.get(details.PREVIOUS_TEMPLATE_HASH)
    if before and change.details.get(details.TEMPLATE_HASH) == before:
        return True
    image = blamed.details.get(details.PREVIOUS_IMAGE)
    is_new = bool(image) and image != blamed.details.get(details.IMAGE)
    return (is_new and change.details.get(details.IMAGE) == image) or posted_back(change, blamed)
