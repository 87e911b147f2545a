"""What was seen of the blamed workload when an incident was resolved."""

from noctuary.correlation.lasting import CLOCK_SLACK_S
from noctuary.correlation.observations import Observations
from noctuary.incidents.evidence.standing import blamed_workloads, find_rollback, find_undoings
from noctuary.models.diagnosis import Change, Diagnosis, Fault, PodView, Relation, ServiceView, Subject
from noctuary.models.evidence import Clearing
from noctuary.models.live_view import LiveView


def find_clearing(diagnosis: Diagnosis, observed: Observations, live: LiveView | None) -> Clearing:
    """Tell what cleared: a rollback, and the pods of the blamed workload, else those of the incident's own service.

    What was complete before the alert did not keep it from coming, and clears nothing.
    """
    rollback = find_rollback(diagnosis, observed.changes)
    if rollback is None and diagnosis.is_undecided:
        undoings = find_undoings(diagnosis, observed.changes).values()
        rollback = next((change for change in undoings if change.is_rollout), None)
    before = diagnosis.onset - CLOCK_SLACK_S
    if rollback is not None and rollback.at < before:
        rollback = None
    if live is None:
        return Clearing(rollback)
    blamed = blamed_workloads(diagnosis)[:1]
    pods = [pod for pod in live.pods if blamed and _is_of(pod, blamed[0])]
    if not pods and _is_own(diagnosis):
        pods = observed.own_pods
    if not pods:
        return Clearing(rollback)
    were_ready = all(pod.is_ready and 0 < pod.ready_changed_at < before for pod in pods)
    is_felt = any(not fault.is_over or fault.last >= before for cause in diagnosis.causes[:1] for fault in cause.faults)
    return Clearing(rollback, sum(pod.is_ready for pod in pods), len(pods), were_ready and not is_felt)


def services_of_cause(diagnosis: Diagnosis, services: list[ServiceView]) -> list[ServiceView]:
    """Return the services whose pods tell what cleared: those of the shown cause, else the incident's own."""
    first = _shown(diagnosis)
    if _is_own(diagnosis) or first is None:
        return [service for service in services if service.relation is Relation.OWN]
    return [service for service in services if service.name == first.service] or services


def _is_of(pod: PodView, subject: Subject) -> bool:
    kinds = ("", subject.kind)
    return (pod.namespace, pod.workload) == (subject.namespace, subject.name) and pod.workload_kind in kinds


def _is_own(diagnosis: Diagnosis) -> bool:
    """Tell whether the shown cause is of the incident's own service, or none is shown."""
    first = _shown(diagnosis)
    return first is None or first.relation not in (Relation.DEPENDENCY, Relation.NEIGHBOUR)


def _shown(diagnosis: Diagnosis) -> Change | Fault | None:
    if not diagnosis.causes:
        return None
    first = diagnosis.causes[0]
    return first.change if first.change is not None else first.faults[0]
