"""How the pods of a rollout fare, in words."""

from noctuary.common.text import plural
from noctuary.correlation.effects.workloads import has_previous, is_restart, moving_tag, reads_nothing
from noctuary.correlation.observations import Observations, changes_beside
from noctuary.correlation.rollouts.row import keeps
from noctuary.correlation.scalings import taken_away_at
from noctuary.models import details
from noctuary.models.diagnosis import Cause, Change, PodView, Relation

CONFIGURATION = "see its "
"""A restart makes felt what its pods read from outside their template: nothing else of it is new."""
TAKEN_AWAY = "its pods are gone: it was scaled to 0 since"
NONE_RUNS = "no pod runs it now, the version before is ready"
NOT_KNOWN = "it is the change before the alert; how its pods fare is not known"
PODS_READY = "its pods are ready, so only its behaviour can be wrong"
NOT_READY = "not ready yet"
START_UP_S = 60.0
"""A pod that became unready later than this after it was made had been ready."""
MAX_READ = 2
"""Objects that pods read which a sentence names."""


def how_its_pods_fare(observed: Observations, change: Change) -> str:
    """Return what can be said of the pods that run what a rollout brought."""
    if is_restart(change):
        return look_at_configuration(change)
    if taken_away_at(observed, change) is not None:
        return TAKEN_AWAY
    pods = pods_of_rollout(observed, change)
    unready = sum(not pod.is_ready for pod in pods)
    if not pods and _runs_before(observed, change):
        return NONE_RUNS
    if not pods:
        return NOT_KNOWN
    if unready and len(pods) == 1:
        return f"its pod is {NOT_READY}"
    if unready:
        return f"{unready} of its {plural(len(pods), 'pod')} {'is' if unready == 1 else 'are'} {NOT_READY}"
    return PODS_READY


def are_ready(cause: Cause) -> bool:
    """Tell whether a rollout's pods are ready, whatever they suffered as they started."""
    return cause.why == PODS_READY


def _runs_before(observed: Observations, change: Change) -> bool:
    """Tell whether ready pods run what a rollout replaced, such as after a canary that was taken back by its tool."""
    before = change.details.get(details.PREVIOUS_TEMPLATE_HASH, "")
    pods = observed.pods
    return before != "" and any(pod.is_ready and pod.template_hash == before for pod in pods)


def never_started(observed: Observations, change: Change) -> bool:
    """Tell whether nothing of the service is ready since a rollout, and nothing but the rollout may be why."""
    pods = pods_of_rollout(observed, change)
    bad_nodes = [fault for fault in observed.node_faults if not fault.is_over]
    is_alone = not observed.faults and not bad_nodes and observed.changes == [change]
    is_new = change.relation is Relation.OWN and has_previous(change) and not is_restart(change)
    is_down = bool(pods) and not any(pod.is_ready for pod in observed.own_pods)
    never_ready = all(pod.created_at and pod.ready_changed_at <= pod.created_at + START_UP_S for pod in pods)
    return is_alone and is_new and is_down and never_ready and all(pod.is_ready for pod in observed.dependency_pods)


def look_at_configuration(change: Change) -> str:
    """Return `see its ConfigMap settings`; in general words where much is read, or nobody knows what.

    Of pods that read none, what else may be new to them: the image that a tag names, and what the logs tell of.
    """
    tag = moving_tag(change)
    if reads_nothing(change):
        return CONFIGURATION + (f"image: {tag} may have moved" if tag else "logs")
    names = [name for name in change.details.get(details.READS, "").split(", ") if name]
    return CONFIGURATION + (" and ".join(names) if 0 < len(names) <= MAX_READ else "ConfigMaps and Secrets")


def pods_of_rollout(observed: Observations, change: Change) -> list[PodView]:
    """Return the pods that run what a rollout brought, also under a later one that kept it."""
    kept = [
        change,
        *(
            each
            for _, each in changes_beside(observed, change)
            if each.is_rollout and each.at > change.at and keeps(each, change)
        ),
    ]
    hashes = {each.details.get(details.TEMPLATE_HASH, "") for each in kept} - {""}
    pods = observed.pods_at.get((change.subject.namespace, change.subject.name), [])
    return [pod for pod in pods if pod.template_hash in hashes]
