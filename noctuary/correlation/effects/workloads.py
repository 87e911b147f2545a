"""Of which workload a change and a fault are, and how much either tells."""

from noctuary.analyzers import registry
from noctuary.correlation.observations import Observations
from noctuary.models import details
from noctuary.models.diagnosis import Change, Fault, Relation

SOON_S = 300.0
"""What a rollout brings about shows within minutes; later only while its pods were never ready."""

MOVING_TAGS = frozenset(
    {
        *("latest", "stable", "current", "release", "edge", "nightly", "main", "master", "trunk"),
        *("dev", "develop", "test", "qa", "staging", "prod", "production"),
    }
)
"""Tags that are pushed again for each build, or for each release."""


def same_workload(change: Change, fault: Fault) -> bool:
    """Tell whether change and fault are of one workload; a change known by its service only is of all its workloads."""
    if fault.is_posted and not change.is_posted:  # another system's trouble is no symptom of these pods
        return change.service == fault.service and fault.entity in (change.subject.name, change.service)
    if not change.subject.kind or not fault.subject.kind:
        return change.service == fault.service and change.relation is not Relation.NODE
    return change.subject == fault.subject


def is_restart(change: Change) -> bool:
    """Tell whether a rollout only restarted pods: nothing that a container runs with was changed by it.

    Which annotations changed is not known where only that word was told: such a change is most often a restart.
    """
    is_marked = details.RESTART in change.details or details.CONFIG_CHECKSUM in change.details
    return change.is_rollout and (is_marked or change.details.get(details.CHANGED) == "annotations")


def moving_tag(change: Change) -> str:
    """Return the tag of a rollout's image that is made to name other images in time; a version's tag is none."""
    image = change.details.get(details.IMAGE, "")
    name, _, tag = image.rpartition("/")[2].partition(":")
    told = tag or ("latest" if name else "")
    return told if "@" not in image and told in MOVING_TAGS else ""


def reads_nothing(change: Change) -> bool:
    """Tell whether the pods of a restart are known to read no ConfigMap and no Secret."""
    return details.READS_NOTHING in change.details and details.CONFIG_CHECKSUM not in change.details


def has_previous(change: Change) -> bool:
    """Tell whether anything ran before a rollout; a posted deploy always follows something."""
    names = (details.PREVIOUS_TEMPLATE_HASH, details.PREVIOUS_IMAGE)
    return change.is_posted or change.old_value is not None or any(name in change.details for name in names)


def is_mild(fault: Fault) -> bool:
    """Tell whether a fault is a Warning of which nobody knows that it stops anything."""
    return not registry.analyzer_of(fault).stops_pods and not fault.is_posted


def shows_no_trouble(observed: Observations, fault: Fault) -> bool:
    """Tell whether a mild Warning is about pods that are ready; about those of the service where it names none."""
    if not is_mild(fault):
        return False
    if not fault.pods:
        own = observed.pods_near(fault.relation)
        return bool(own) and all(pod.is_ready for pod in own)
    ready = {(pod.namespace, pod.name) for pod in observed.context.pods or [] if pod.is_ready}
    return all((fault.subject.namespace, name) in ready for name in fault.pods)
