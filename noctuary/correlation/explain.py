"""Which fault follows from what: a node, a rollout or scaling of its own workload, or a dependency."""

from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

import msgspec

from noctuary.analyzers import registry
from noctuary.analyzers.evicted import Evicted
from noctuary.analyzers.node import keeps_pods_away
from noctuary.correlation.effects.objects import object_explains
from noctuary.correlation.effects.rollouts import rollout_explains
from noctuary.correlation.effects.scalings import scaling_may_explain
from noctuary.correlation.effects.specs import write_explains
from noctuary.correlation.effects.workloads import SOON_S
from noctuary.correlation.lasting import CLOCK_SLACK_S, ended_at, lasted_until_gone
from noctuary.correlation.observations import Observations, changes_near, lies_down, pods_of_workload
from noctuary.correlation.scalings import (
    agrees_with_pods,
    is_by_autoscaler,
    is_far_down,
    is_to_nothing,
    reversals,
    stops_service,
)
from noctuary.models import details
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Change, Fault, Relation

EXPLAINING = (write_explains, rollout_explains, scaling_may_explain, object_explains)
NODE_SLACK_S = 60.0
"""A node is only declared not ready some 40 s after its pods began to suffer; so late may a dependency's report be."""


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
    node = next((i for i, bad in enumerate(observed.node_faults) if node_explains(observed, bad, fault)), None)
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
        for pod in pods_of_workload(observed, fault.subject)
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


def node_explains(observed: Observations, bad: Fault, fault: Fault) -> bool:
    """Tell whether all failing pods sit on the bad node, which was bad before (or hardly later), or find it closed.

    A cordon that went with its node keeps nothing away that finds no node still.
    """
    analyzer = registry.analyzer_of(fault)
    if _was_well_before(observed, bad, fault):
        return False
    if analyzer.asks_for_nodes:
        is_open = registry.analyzer_of(bad).is_harmless and details.GONE in bad.details and not fault.is_over
        return not is_open and keeps_pods_away(bad, fault.details.get(details.MESSAGE, ""))
    if registry.analyzer_of(bad).is_harmless or not analyzer.may_follow_from_node or fault.nodes != [bad.subject.name]:
        return False
    return bad.first <= fault.first + NODE_SLACK_S


def _was_well_before(observed: Observations, bad: Fault, fault: Fault) -> bool:
    """Tell whether a fault began after the node was well again, or all its pods were made then.

    Pods of a node that was bad until it was gone can only be of its going.
    """
    ended = ended_at(bad)
    if not ended or lasted_until_gone(bad):
        return False
    pods = observed.pods
    made = {pod.name: pod.created_at for pod in pods if pod.name in fault.pods}
    are_younger = len(made) == len(fault.pods) and min(made.values(), default=0.0) > ended + CLOCK_SLACK_S
    return ended < fault.first - NODE_SLACK_S or are_younger


def best_change(observed: Observations, fault: Fault, usable: dict[int, Change]) -> int | None:
    """Return the index of the change that a fault began after, of those usable.

    Of several the rollout of the very template comes first, then what is known to be of the workload, then the last.
    """
    matching = [
        (_is_own_template(change, fault), change.subject == fault.subject, change.at, index)
        for index, change in changes_near(observed, fault)
        if index in usable and any(explains(observed, change, fault) for explains in EXPLAINING)
    ]
    return max(matching)[-1] if matching else None


def _is_own_template(change: Change, fault: Fault) -> bool:
    return change.is_rollout and fault.template_hash == change.details.get(details.TEMPLATE_HASH, "") != ""
