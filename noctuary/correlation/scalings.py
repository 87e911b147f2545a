"""What a change of the number of replicas was: up, down, to nothing, an autoscaler's, taken back, mended."""

import re
from collections import defaultdict

from noctuary.correlation.lasting import is_serving
from noctuary.correlation.observations import Observations, changes_beside, pods_of_workload
from noctuary.correlation.score import LOW_CONFIDENCE
from noctuary.correlation.taken_back import Thing, thing_of
from noctuary.models import details
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Change, PodView

AUTOSCALERS = re.compile(r"autoscal|(?<![a-z0-9])keda(?![a-z0-9])")
"""The names under which autoscalers write, `HorizontalPodAutoscaler` too: what they set, they set again."""
COMING_S = 300.0
"""What was scaled back takes minutes to be ready; what falls later than this falls for another reason."""


def is_up(change: Change) -> bool:
    """Tell whether replicas were added."""
    old, new = _replicas(change)
    return old is not None and new is not None and new > old


def is_down(change: Change) -> bool:
    """Tell whether replicas were taken away."""
    old, new = _replicas(change)
    return old is not None and new is not None and new < old


def is_far_up(change: Change) -> bool:
    """Tell whether there are more than twice as many replicas since: who helps against a load rarely adds more."""
    old, new = _replicas(change)
    return old is not None and new is not None and new > 2 * old > 0


def is_far_down(change: Change) -> bool:
    """Tell whether at most a third of the replicas was left, and some were."""
    old, new = _replicas(change)
    return old is not None and new is not None and 0 < new <= old / 3


def stops_service(observed: Observations, change: Change) -> bool:
    """Tell whether a workload was scaled to nothing, none of its pods stayed, and no pod of its service is ready."""
    is_down = is_to_nothing(change) and not ready_beside(observed, change)
    return is_down and agrees_with_pods(observed, change)


def ready_beside(observed: Observations, change: Change) -> int:
    """Return how many pods of a scaled workload's service are ready, without its own that came back after the onset."""
    came = [pod for pod in pods_of_scaled(observed, change) if pod.created_at > observed.context.onset]
    back = sum(pod.is_ready and is_serving(pod) for pod in came)
    return observed.ready_pods.get(change.service, 0) - back


def agrees_with_pods(observed: Observations, change: Change) -> bool:
    """Tell whether a scaling is of a known workload, and no older pod of it stays where none should be left."""
    return is_of_workload(observed, change) and not is_left(observed, change)


def is_left(observed: Observations, change: Change) -> bool:
    """Tell whether older pods stay where a scaling to nothing should have left none."""
    return is_to_nothing(change) and any(0 < pod.created_at < change.at for pod in pods_of_scaled(observed, change))


def is_of_workload(observed: Observations, change: Change) -> bool:
    """Tell whether a change is known to be of the service or a workload of it; what is posted may be of anything."""
    return not change.is_posted or (change.confidence >= LOW_CONFIDENCE and bool(_named(observed, change)))


def pods_of_scaled(observed: Observations, change: Change) -> list[PodView]:
    """Return the pods of a scaled workload that are not about to end; all of the service where that was named."""
    pods, named = observed.staying.get(change.service, []), _named(observed, change)
    return [pod for pod in pods if pod.workload == named] or (pods if named == change.service else [])


def _named(observed: Observations, change: Change) -> str:
    if not change.is_posted:
        return change.subject.name
    entity = change.entity.rpartition("/")[2]
    workloads = {pod.workload for pod in observed.staying.get(change.service, ())}
    return entity if entity in {change.service, *workloads} else ""


def is_to_nothing(change: Change) -> bool:
    """Tell whether no replicas were left."""
    return change.event_type == EventType.SCALE_EVENT and change.new_value == "0"


def taken_away_at(observed: Observations, rollout: Change) -> float | None:
    """Return when the version that a rollout brought was scaled to nothing beside ready pods, before the onset."""
    since = [
        change
        for _, change in changes_beside(observed, rollout)
        if change.event_type == EventType.SCALE_EVENT
        if rollout.at <= change.at <= observed.context.onset
    ]
    last = max(since, key=lambda change: change.at, default=None)
    is_away = last is not None and is_to_nothing(last) and not stops_service(observed, last)
    return last.at if last is not None and is_away else None


def is_mended(observed: Observations, change: Change, back: Change) -> bool:
    """Tell whether as many pods as before were ready again at the onset, after a scaling down was taken back."""
    context = observed.context
    is_unread = context.pods is None or change.service in (context.unread_services or [])
    if change.event_type != EventType.SCALE_EVENT or change.is_posted or is_unread:
        return True
    own = pods_of_workload(observed, change.subject)
    missing = [pod for pod in own if not pod.is_ready or pod.ready_changed_at > context.onset]
    if len(own) - len(missing) >= replicas_before(change):
        return True
    is_long_ago = context.onset - back.at > COMING_S
    return is_long_ago and not any(0 < pod.ready_changed_at <= back.at + COMING_S for pod in missing)


def replicas_before(change: Change) -> int:
    """Return how many replicas there were before; 1 where that is not known."""
    return _replicas(change)[0] or 1


def is_by_autoscaler(change: Change) -> bool:
    """Tell whether an autoscaler did it, as the load told it to."""
    if change.details.get(details.BY_AUTOSCALER) == "1":
        return True
    named = f"{change.actor or ''} {change.vendor}".lower()
    return change.event_type == EventType.SCALE_EVENT and AUTOSCALERS.search(named) is not None


def reversals(changes: list[Change], until: float) -> dict[int, int]:
    """Return by index which later change took back which earlier one until then, and the other way round.

    Each takes back the last one that still holds: of on, off and on again the last one holds.
    """
    pairs: dict[int, int] = {}
    holding: dict[Thing, list[int]] = defaultdict(list)
    for index, change in enumerate(changes):
        if change.is_rollout or change.at > until:
            continue
        same = holding[thing_of(change)]
        if same and _takes_back(change, changes[same[-1]]):
            last = same.pop()
            pairs |= {last: index, index: last}
        else:
            same.append(index)
    return pairs


def _takes_back(later: Change, earlier: Change) -> bool:
    if earlier.old_value is None or later.confidence < LOW_CONFIDENCE:
        return False
    if later.event_type == EventType.SCALE_EVENT:
        (old, new), (_, restored) = _replicas(earlier), _replicas(later)
        return None not in (old, new, restored) and (
            is_down(earlier) and is_up(later) and (restored or 0) >= (old or 0)
        )
    return later.new_value == earlier.old_value


def _replicas(change: Change) -> tuple[int | None, int | None]:
    if change.event_type != EventType.SCALE_EVENT:
        return None, None
    values = (change.old_value or "", change.new_value or "")
    old, new = (int(value) if value.isascii() and value.isdigit() and len(value) < 8 else None for value in values)
    return old, new
