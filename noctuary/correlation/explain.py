"""Which fault follows from what: a node, a rollout or scaling of its own workload, or a dependency."""

from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

import msgspec

from noctuary.analyzers import registry
from noctuary.analyzers.evicted import Evicted
from noctuary.analyzers.node import keeps_pods_away
from noctuary.correlation.faults import told_since
from noctuary.correlation.lasting import CLOCK_SLACK_S, ended_at
from noctuary.correlation.observations import Observations, changes_near, lies_down
from noctuary.correlation.scalings import (
    agrees_with_pods,
    is_by_autoscaler,
    is_down,
    is_far_down,
    is_far_up,
    is_to_nothing,
    is_up,
    pods_of_scaled,
    reversals,
    stops_service,
)
from noctuary.models import details
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Change, Fault, Relation

NODE_SLACK_S = 60.0
"""A node is only declared not ready some 40 s after its pods began to suffer; so late may a dependency's report be."""
SOON_S = 300.0
"""What a rollout brings about shows within minutes; later only while its pods were never ready."""


LATER_S = 900.0
"""Few pods carry what many did until the load comes: a scaling down may show as late as this."""


class Explanation(msgspec.Struct, frozen=True):
    """Each fault under what explains it (by index into the observations' lists).

    `alone` are the faults that nothing explains, each followed by what follows from it.
    """

    by_change: dict[int, list[Fault]]
    by_node: dict[int, list[Fault]]
    alone: list[list[Fault]]
    contested: set[str]
    """By event id the changes, and the troubles of dependencies, that may both explain the same fault."""
    first_of_row: dict[int, int] = {}
    """Which rollouts replaced a failing one and failed as well, and the first of each such row (`versions.py`)."""
    felt: set[str] = set()
    """The event ids of what is wrong with dependencies that lie down, where their callers fail since."""
    fails_before: set[int] = set()
    """Rollouts of which what ran before them fails as well: no version is why."""


class _Root(NamedTuple):
    """What is wrong with a dependency, or was with pods before, since when, and the list of what follows from it."""

    first: float
    last: float
    followers: list[Fault]
    ids: list[str]
    """Of the events that are possible at most where a change of the failing workload may be the reason as well."""
    down_ids: Sequence[str] = ()
    """Of the events that are wrong with a dependency of which nothing runs."""
    is_doubtful: bool = False
    """Whether any change of the failing workload itself explains more."""


def explain(observed: Observations, acquitted: Container[str] = ()) -> Explanation:
    """Put every fault under a bad node, a dependency's trouble or a change; leave the others alone.

    `acquitted` are the event ids of changes that explain nothing.
    """
    explanation = Explanation({}, {}, [], set())
    usable = {index: change for index, change in enumerate(observed.changes) if change.event_id not in acquitted}
    near = [fault for fault in observed.faults if fault.relation is Relation.DEPENDENCY]
    for fault in near:
        _assign(observed, fault, explanation, usable, _loss_before(fault, explanation))
    roots = list(_roots(observed, explanation, usable))
    for fault in observed.faults:
        if fault.relation is not Relation.DEPENDENCY:
            root = _root_of(fault, roots) or _loss_before(fault, explanation)
            _assign(observed, fault, explanation, usable, root)
    _join_starting(observed, explanation, usable)
    return explanation


def _join_starting(observed: Observations, explanation: Explanation, usable: dict[int, Change]) -> None:
    """Put what callers suffered only while a dependency's new pods started under its rollout: possible at most."""
    starting = {index: until for index in usable if (until := _ready_at(observed, observed.changes[index]))}
    for group in [*explanation.alone]:
        fault = group[0]
        is_felt = fault.relation is Relation.OWN and fault.is_over and registry.analyzer_of(fault).follows_dependency
        fitting = [i for i, until in starting.items() if 0 <= fault.first - observed.changes[i].at <= SOON_S]
        fitting = [i for i in fitting if fault.first <= starting[i]]
        if is_felt and fitting:
            explanation.alone.remove(group)
            explanation.by_change.setdefault(fitting[-1], []).extend(group)
            explanation.contested.add(observed.changes[fitting[-1]].event_id)


def _ready_at(observed: Observations, change: Change) -> float:
    """Return when the first new pod of a dependency was ready; 0 where that is not known."""
    template_hash = change.details.get(details.TEMPLATE_HASH, "")
    is_near = change.is_rollout and change.relation is Relation.DEPENDENCY and template_hash
    pods = [pod for pod in observed.dependency_pods if is_near and pod.template_hash == template_hash and pod.is_ready]
    return min((pod.ready_changed_at for pod in pods), default=0.0)


def _assign(
    observed: Observations, fault: Fault, explanation: Explanation, usable: dict[int, Change], root: _Root | None
) -> None:
    node = next((i for i, bad in enumerate(observed.node_faults) if node_explains(bad, fault)), None)
    change = best_change(observed, fault, usable)
    is_sure = root is not None and not root.is_doubtful
    if node is not None:
        explanation.by_node.setdefault(node, []).append(fault)
    elif root is not None and (change is None or (is_sure and root.first > observed.changes[change].at)):
        root.followers.append(fault)
    elif change is not None:
        explanation.by_change.setdefault(change, []).append(fault)
        if root is not None and is_sure:
            is_felt = not _others_are_well(observed, fault, observed.changes[change])
            explanation.felt.update(root.down_ids if is_felt else ())
            explanation.contested.update([observed.changes[change].event_id, *root.ids])
    else:
        explanation.alone.append([fault])


def _others_are_well(observed: Observations, fault: Fault, change: Change) -> bool:
    """Tell whether pods that a rollout has not replaced yet are ready since before it: no dependency ails them."""
    return any(
        pod.is_ready and pod.template_hash != fault.template_hash and 0 < pod.ready_changed_at < change.at
        for pod in observed.staying.get(fault.service, ())
        if (pod.namespace, pod.workload) == (fault.subject.namespace, fault.subject.name)
    )


def _loss_before(fault: Fault, explanation: Explanation) -> _Root | None:
    """Return the eviction of pods that the pods which find no node replace: without it, none would look for one."""
    if not registry.analyzer_of(fault).asks_for_nodes:
        return None
    lost = [
        group
        for group in explanation.alone
        if (group[0].kind, group[0].subject) == (Evicted.kind, fault.subject)
        and group[0].first - CLOCK_SLACK_S <= fault.first <= group[0].last + SOON_S
    ]
    return _Root(lost[-1][0].first, lost[-1][0].last, lost[-1], [], is_doubtful=True) if lost else None


def _roots(observed: Observations, explanation: Explanation, usable: dict[int, Change]) -> Iterator[_Root]:
    """Yield what is wrong with dependencies: their faults and their bad changes; and any scaling to nothing."""
    back = reversals(observed.changes, observed.context.onset)
    for group in explanation.alone:
        first = 0.0 if registry.analyzer_of(group[0]).is_state else group[0].first
        ids, is_down = group[0].event_ids, lies_down(observed, group[0].service)
        yield _Root(first, group[0].last, group, [] if is_down else ids, ids if is_down else ())
    for index in usable:
        change, symptoms = observed.changes[index], explanation.by_change.get(index, [])
        is_gone = is_to_nothing(change) and agrees_with_pods(observed, change)
        is_near = change.relation is Relation.DEPENDENCY
        is_fewer = is_near and is_far_down(change) and not (change.is_posted or is_by_autoscaler(change))
        if is_gone or is_fewer or (symptoms and is_near):
            followers = explanation.by_change.setdefault(index, [])
            is_doubtful = not symptoms and not stops_service(observed, change)
            if is_doubtful and is_by_autoscaler(change):
                continue
            until = change.at if is_doubtful else observed.context.onset
            end = observed.changes[back[index]].at if index in back else until
            last = max([fault.last for fault in symptoms], default=end)
            ids = [] if lies_down(observed, change.service) else [change.event_id]
            yield _Root(change.at, last, followers, ids, is_doubtful=is_doubtful)


def _root_of(fault: Fault, roots: list[_Root]) -> _Root | None:
    """Return the dependency's trouble that a fault of a caller began after, the latest of several."""
    if not registry.analyzer_of(fault).follows_dependency and fault.event_type != EventType.CIRCUIT_OPEN:
        return None
    fitting = [
        root
        for root in roots
        if root.first <= fault.first + NODE_SLACK_S
        and root.last >= fault.first - (NODE_SLACK_S if root.is_doubtful else SOON_S)
    ]
    return max(fitting, key=lambda root: (not root.is_doubtful, root.first), default=None)


def node_explains(bad: Fault, fault: Fault) -> bool:
    """Tell whether all failing pods sit on the bad node, which was bad before (or hardly later), or find it closed.

    What began after a node was well again is not of it; pods of a node that is gone can only be of its going.
    """
    analyzer = registry.analyzer_of(fault)
    was_well = 0 < ended_at(bad) < fault.first - NODE_SLACK_S and details.GONE not in bad.details
    if was_well:
        return False
    if analyzer.asks_for_nodes:
        return keeps_pods_away(bad, fault.details.get(details.MESSAGE, ""))
    if registry.analyzer_of(bad).is_harmless or not analyzer.may_follow_from_node or fault.nodes != [bad.subject.name]:
        return False
    return bad.first <= fault.first + NODE_SLACK_S


def best_change(observed: Observations, fault: Fault, usable: dict[int, Change]) -> int | None:
    """Return the index of the change that a fault began after, of those usable.

    Of several the rollout of the very template comes first, then what is known to be of the workload, then the last.
    """
    matching = [
        (_is_own_template(change, fault), change.subject == fault.subject, change.at, index)
        for index, change in changes_near(observed, fault)
        if index in usable
        and (rollout_explains(observed, change, fault) or scaling_may_explain(observed, change, fault))
    ]
    return max(matching)[-1] if matching else None


def _is_own_template(change: Change, fault: Fault) -> bool:
    return change.is_rollout and fault.template_hash == change.details.get(details.TEMPLATE_HASH, "") != ""


def rollout_explains(observed: Observations, change: Change, fault: Fault) -> bool:
    """Tell whether a fault is of a rollout's own pods and began within minutes of it, or they never became ready."""
    if not change.is_rollout or is_restart(change) or not same_workload(change, fault):
        return False
    if shows_no_trouble(observed, fault) or registry.analyzer_of(fault).is_state:
        return False
    is_vague = not has_previous(change) or (change.is_posted and not fault.is_posted)
    if is_vague and registry.analyzer_of(fault).tells_cause:  # that says more than `it is new`, or a rollout unseen
        return False
    template_hash = change.details.get(details.TEMPLATE_HASH, "")
    if template_hash and fault.template_hash and template_hash != fault.template_hash:
        return False
    late_s = fault.first - change.at
    if late_s < -CLOCK_SLACK_S or was_there(observed, change, fault):
        return False
    if late_s <= SOON_S or _is_about(change, fault):
        return True
    return _never_well(observed, change, fault) and not _ran(observed, fault)


def was_there(observed: Observations, change: Change, fault: Fault) -> bool:
    """Tell whether a failing pod is older than the return to its version: to that pod, nothing changed."""
    if change.event_id not in observed.returns:
        return False
    made = [pod.created_at for pod in (*observed.own_pods, *observed.dependency_pods) if pod.name in fault.pods]
    return any(0 < at < change.at - CLOCK_SLACK_S for at in made)


def is_mild(fault: Fault) -> bool:
    """Tell whether a fault is a Warning of which nobody knows that it stops anything."""
    return not registry.analyzer_of(fault).stops_pods and not fault.is_posted


def shows_no_trouble(observed: Observations, fault: Fault) -> bool:
    """Tell whether a mild Warning is about pods that are ready; about those of the service where it names none."""
    if not is_mild(fault):
        return False
    if not fault.pods:
        own = observed.own_pods if fault.relation is Relation.OWN else observed.dependency_pods
        return bool(own) and all(pod.is_ready for pod in own)
    ready = {(pod.namespace, pod.name) for pod in observed.context.pods or [] if pod.is_ready}
    return all((fault.subject.namespace, name) in ready for name in fault.pods)


def _is_about(change: Change, fault: Fault) -> bool:
    """Tell whether a rollout changed the very thing that fails: a memory limit, a probe."""
    changed = change.details.get(details.CHANGED, "")
    return any(word in changed for word in registry.analyzer_of(fault).follows_change_of)


def _never_well(observed: Observations, change: Change, fault: Fault) -> bool:
    """Tell whether failing pods exist since the rollout and were never ready; one that came later tells nothing."""
    if fault.details.get(details.NEVER_READY) != "1":
        return False
    pods = (*observed.own_pods, *observed.dependency_pods)
    return any(pod.name in fault.pods and 0 < pod.created_at <= change.at + SOON_S for pod in pods)


def _ran(observed: Observations, fault: Fault) -> bool:
    """Tell whether other pods of a fault's template had become ready before it."""
    return any(
        pod.is_ready and 0 < pod.ready_changed_at < fault.first - CLOCK_SLACK_S and pod.name not in fault.pods
        for pod in (*observed.own_pods, *observed.dependency_pods)
        if fault.template_hash and pod.template_hash == fault.template_hash
    )


def scaling_may_explain(observed: Observations, change: Change, fault: Fault) -> bool:
    """Tell whether a scaling explains a fault, or may: few pods are left for the load that comes minutes later.

    Or far more pods use up what they all depend on, such as connections: then all of them fail.
    """
    if scaling_explains(observed, change, fault):
        return True
    analyzer, after_s = registry.analyzer_of(fault), told_since(fault) - change.at
    is_ours = change.event_type == EventType.SCALE_EVENT and not change.is_posted and same_workload(change, fault)
    if not is_ours or is_by_autoscaler(change) or analyzer.is_state:
        return False
    if is_far_up(change):
        return 0 <= after_s <= SOON_S and analyzer.follows_dependency and not analyzer.tells_cause
    is_by_load = analyzer.follows_scaling_down and (analyzer.tells_cause or analyzer.begins_when_unready)
    is_whole = is_far_down(change) and not any(pod.is_ready for pod in pods_of_scaled(observed, change))
    return is_whole and 0 <= after_s <= LATER_S and is_by_load


def scaling_explains(observed: Observations, change: Change, fault: Fault) -> bool:
    """Tell whether more replicas found no room, or too few could not carry the load."""
    if change.event_type != EventType.SCALE_EVENT or not same_workload(change, fault):
        return False
    if change.is_posted and not agrees_with_pods(observed, change):
        return False
    analyzer = registry.analyzer_of(fault)
    if analyzer.is_state:
        return change.new_value == "0"
    if not -CLOCK_SLACK_S <= fault.first - change.at <= SOON_S:
        return False
    if is_up(change):
        return analyzer.follows_scaling_up and not is_by_autoscaler(change)
    return analyzer.follows_scaling_down and is_down(change)


def has_previous(change: Change) -> bool:
    """Tell whether anything ran before a rollout; a posted deploy always follows something."""
    names = (details.PREVIOUS_TEMPLATE_HASH, details.PREVIOUS_IMAGE)
    return change.is_posted or change.old_value is not None or any(name in change.details for name in names)


def is_restart(change: Change) -> bool:
    """Tell whether a rollout only restarted pods: nothing that a container runs with was changed by it.

    Which annotations changed is not known where only that word was told: such a change is most often a restart.
    """
    is_marked = details.RESTART in change.details or details.CONFIG_CHECKSUM in change.details
    return change.is_rollout and (is_marked or change.details.get(details.CHANGED) == "annotations")


def same_workload(change: Change, fault: Fault) -> bool:
    """Tell whether change and fault are of one workload; a change known by its service only is of all its workloads."""
    if fault.is_posted and not change.is_posted:  # another system's trouble is no symptom of these pods
        return change.service == fault.service and fault.entity in (change.subject.name, change.service)
    if not change.subject.kind or not fault.subject.kind:
        return change.service == fault.service and change.relation is not Relation.NODE
    return change.subject == fault.subject
