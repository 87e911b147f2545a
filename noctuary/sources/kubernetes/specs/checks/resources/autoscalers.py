"""Autoscalers that cannot do what they would: at their maximum, without metrics, without a target."""

from collections.abc import Iterator

from noctuary.analyzers.cluster.autoscaling import AT_MAXIMUM, SCALES, Autoscaling
from noctuary.kube.objects import Condition, seconds
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.models.diagnosis import ServiceView
from noctuary.sources.kubernetes.draft import draft
from noctuary.sources.kubernetes.specs.place import Place
from noctuary.sources.kubernetes.specs.resources.kinds import AUTOSCALERS
from noctuary.sources.kubernetes.specs.resources.objects import Autoscaler
from noctuary.sources.kubernetes.words import facts
from noctuary.sources.kubernetes.words.messages import both_ends

LIMITED, ACTIVE, ABLE = "ScalingLimited", "ScalingActive", "AbleToScale"


def limited_autoscalers(place: Place) -> Iterator[ContextEvent]:
    """Yield what keeps an autoscaler of the incident's workloads from scaling."""
    for each in place.specs.of(AUTOSCALERS):
        service = _service_of(place, each)
        if service is None or each.metadata.deletion_timestamp is not None:
            continue
        conditions = {condition.type: condition for condition in each.status.conditions}
        limited = conditions.get(LIMITED)
        if limited is not None and (limited.status, limited.reason) == ("True", AT_MAXIMUM) and _has_room(each):
            replicas = {details.REPLICAS: str(each.spec.max_replicas)}
            yield _event(place, each, service, limited, replicas)
        for kind in (ACTIVE, ABLE):
            condition = conditions.get(kind)
            if condition is not None and condition.status == "False" and condition.reason in _TOLD:
                yield _event(place, each, service, condition, facts.metric(condition.message))


_TOLD = Autoscaling.reasons | SCALES


def _has_room(each: Autoscaler) -> bool:
    """Tell whether it was ever to decide: one whose minimum is its maximum only keeps a number."""
    return each.spec.min_replicas < each.spec.max_replicas


def _event(
    place: Place, each: Autoscaler, service: ServiceView, condition: Condition, extra: dict[str, str]
) -> ContextEvent:
    """Make an event under the key of the controller's own Event of the same reason."""
    ref = ObjectRef("HorizontalPodAutoscaler", place.namespace, each.metadata.name, each.metadata.uid)
    told = {details.REASON: condition.reason, **extra}
    if condition.reason != AT_MAXIMUM:
        told[details.MESSAGE] = both_ends(condition.message)
    return draft(
        ref,
        service.name,
        EventType.SATURATION,
        key=condition.reason,
        at=seconds(condition.last_transition_time) or place.now,
        last_seen=place.now,
        new_value=condition.reason,
        extra=told,
    )


def _service_of(place: Place, each: Autoscaler) -> ServiceView | None:
    """Return whose it is: that of what it scales, else by its own labels and names."""
    target = each.spec.scale_target_ref
    for view in place.found.workloads.values():
        if (view.kind, view.name) == (target.kind, target.name):
            return place.service_of(view.labels, view.name, view.service_name)
    return place.service_of(each.metadata.labels, target.name, each.metadata.name)
