"""Pods that are not made: their controller says why in a condition, or a quota, a range or an account tells it."""

from collections.abc import Iterator

from noctuary.analyzers.refused import CREATE_FAILED
from noctuary.kube.objects import seconds
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.rollouts.writes import TEMPLATE_FIELD, last_write
from noctuary.sources.kubernetes.specs.checks.resources.quotas import exhausted_quota
from noctuary.sources.kubernetes.specs.checks.resources.ranges import out_of_range
from noctuary.sources.kubernetes.specs.place import Place
from noctuary.sources.kubernetes.specs.resources.kinds import ACCOUNTS
from noctuary.sources.kubernetes.specs.resources.telling import Workload, no_earlier, of_workload, workloads
from noctuary.sources.kubernetes.specs.resources.templates import TemplateSpec, template_of
from noctuary.sources.kubernetes.words import facts
from noctuary.sources.kubernetes.words.messages import both_ends

REPLICA_FAILURE = "ReplicaFailure"
"""Only Deployments tell it: the Events of all other kinds are gone after an hour."""


def refused_pods(place: Place) -> Iterator[ContextEvent]:
    """Yield each workload that has fewer pods than it wants because the API server takes no more of them."""
    for workload in workloads(place):
        told = workload.condition(REPLICA_FAILURE)
        if told is not None and told.status == "True":
            extra = facts.refusal(told.message) | {details.MESSAGE: both_ends(told.message)}
            yield of_workload(place, workload, CREATE_FAILED, seconds(told.last_transition_time), extra)
        elif _lacks_pods(workload):
            yield from _unsaid(place, workload)


def _unsaid(place: Place, workload: Workload) -> Iterator[ContextEvent]:
    """Yield what specs tell to keep its next pod from being made; the first that does is enough."""
    spec = template_of(workload.obj)
    written = last_write(workload.obj.metadata, TEMPLATE_FIELD).at
    if (extra := _missing_account(place, spec)) or (extra := out_of_range(place, spec)):
        yield of_workload(place, workload, CREATE_FAILED, no_earlier(place, written), extra)
    elif extra := exhausted_quota(place, spec):
        youngest = max((seconds(pod.metadata.creation_timestamp) for pod in place.found.pods.values()), default=0.0)
        yield of_workload(place, workload, CREATE_FAILED, no_earlier(place, written, youngest), extra)


def _lacks_pods(workload: Workload) -> bool:
    """Tell whether the controller has fewer pods than it wants, and waits for none of those that it has."""
    obj, view = workload.obj, workload.view
    if obj.status.observed_generation < obj.metadata.generation or workload.has >= workload.wants:
        return False
    is_in_order = view.kind == "StatefulSet" and obj.spec.pod_management_policy != "Parallel"
    return not is_in_order or obj.status.ready_replicas >= obj.status.replicas


def _missing_account(place: Place, spec: TemplateSpec) -> dict[str, str]:
    """Return the ServiceAccount that its pods name and that does not exist."""
    if not place.specs.knows_all(ACCOUNTS):
        return {}
    known = {each.metadata.name for each in place.specs.of(ACCOUNTS)}
    if spec.account in known or not known:  # each namespace has one: whoever sees none does not see them
        return {}
    return {details.ACCOUNT: spec.account, details.MESSAGE: f'serviceaccount "{spec.account}" not found'}
