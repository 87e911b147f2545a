"""Jobs that gave up, and CronJobs and Jobs that start nothing: their Events go after an hour, their state stays."""

from collections.abc import Iterator

from noctuary.analyzers.cluster.job import BLOCKED, CRON_SUSPENDED, FAILED, SUSPENDED
from noctuary.kube.objects import seconds
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.models.naming import names_of
from noctuary.sources.kubernetes.draft import draft
from noctuary.sources.kubernetes.identity import job_workload, service_of
from noctuary.sources.kubernetes.specs.place import Place
from noctuary.sources.kubernetes.specs.resources.kinds import CRON_JOBS, JOBS
from noctuary.sources.kubernetes.specs.resources.objects import BatchJob, CronJob
from noctuary.sources.kubernetes.specs.since import written_at
from noctuary.sources.kubernetes.words.messages import plain

SUSPEND_FIELD = b'"f:suspend"'
STUCK_S = 3600.0
"""A run that takes longer than this keeps the next one waiting for something."""


def failed_jobs(place: Place) -> Iterator[ContextEvent]:
    """Yield each Job that is suspended, or gave up, unless a later one of its CronJob went well."""
    last_well = {each.metadata.name: seconds(each.status.last_successful_time) for each in place.specs.of(CRON_JOBS)}
    for job in place.specs.of(JOBS):
        kind, owner = _owner_of(job)
        failed = next((each for each in job.status.conditions if each.type == "Failed" and each.status == "True"), None)
        at = seconds(failed.last_transition_time) if failed is not None else 0.0
        if (
            failed is not None
            and failed.reason in FAILED
            and at >= last_well.get(owner if kind == "CronJob" else "", 0.0)
        ):
            yield from _told(place, job, kind, owner, failed.reason, at, {details.MESSAGE: plain(failed.message)})
        elif job.spec.suspend and failed is None and kind == "Job":
            yield from _told(place, job, kind, owner, SUSPENDED, written_at(job, SUSPEND_FIELD), {})


def idle_cron_jobs(place: Place) -> Iterator[ContextEvent]:
    """Yield each CronJob that is suspended, or waits for a run that does not end."""
    for each in place.specs.of(CRON_JOBS):
        name = each.metadata.name
        if each.spec.suspend:
            yield from _told(place, each, "CronJob", name, CRON_SUSPENDED, written_at(each, SUSPEND_FIELD), {})
        elif _is_blocked(place, each):
            yield from _told(place, each, "CronJob", name, BLOCKED, seconds(each.status.last_schedule_time), {})


def _is_blocked(place: Place, each: CronJob) -> bool:
    """Tell whether a run goes on for so long that its own CronJob does not start another one."""
    since = seconds(each.status.last_schedule_time)
    is_alone = each.spec.concurrency_policy == "Forbid" and bool(each.status.active)
    return is_alone and 0 < since < place.now - STUCK_S


def _told(
    place: Place, obj: BatchJob | CronJob, kind: str, owner: str, reason: str, at: float, extra: dict[str, str]
) -> Iterator[ContextEvent]:
    """Yield the event where the object's pods are of a service of the incident, under the key of the Event's own."""
    template = (obj.spec if isinstance(obj, BatchJob) else obj.spec.job_template.spec).template.metadata
    name = service_of(template.annotations, template.labels, owner)
    labels = {**obj.metadata.labels, **template.labels}
    rank = place.services.rank(place.namespace, labels, names_of(labels, owner, name))
    if rank is not None and obj.metadata.deletion_timestamp is None:
        made = "Job" if isinstance(obj, BatchJob) else "CronJob"
        ref = ObjectRef(made, place.namespace, obj.metadata.name, obj.metadata.uid, kind, owner)
        yield draft(
            ref,
            place.services.services[rank].name,
            EventType.DEPENDENCY_FAILURE,
            key=reason,
            at=at or place.now,
            last_seen=place.now if made == "CronJob" else at,
            new_value=reason,
            extra={details.REASON: reason, **extra},
        )


def _owner_of(job: BatchJob) -> tuple[str, str]:
    """Return whose a Job is: its owner's, where that is a CronJob, else as its name tells, or its own."""
    owners = job.metadata.owner_references
    owner = next((each.name for each in owners if each.controller and each.kind == "CronJob"), "")
    if owner:
        return "CronJob", owner
    return job_workload(job.metadata.name, seconds(job.metadata.creation_timestamp))
