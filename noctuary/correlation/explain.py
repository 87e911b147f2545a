"""Which fault follows from which rollout or node: equal template hashes decide, else the order in time."""

import msgspec

from noctuary.analyzers import registry
from noctuary.correlation.observations import Observations
from noctuary.models import details
from noctuary.models.diagnosis import Change, Fault, Relation

CLOCK_SLACK_S = 5.0
"""Times come from several machines and most are cut to the second."""
NODE_SLACK_S = 60.0
"""A node is only declared not ready some 40 s after its pods began to suffer."""


class Explanation(msgspec.Struct, frozen=True):
    """Each fault under what explains it (by index into the observations' lists), and those that stand alone."""

    by_change: dict[int, list[Fault]]
    by_node: dict[int, list[Fault]]
    alone: list[Fault]


def explain(observed: Observations) -> Explanation:
    """Put every fault of a pod under a bad node, else under a rollout, else leave it alone."""
    explanation = Explanation({}, {}, [])
    for fault in observed.faults:
        node = next((i for i, bad in enumerate(observed.node_faults) if node_explains(bad, fault)), None)
        change = best_rollout(observed.changes, fault)
        if node is not None:
            explanation.by_node.setdefault(node, []).append(fault)
        elif change is not None:
            explanation.by_change.setdefault(change, []).append(fault)
        else:
            explanation.alone.append(fault)
    return explanation


def node_explains(bad: Fault, fault: Fault) -> bool:
    """Tell whether all failing pods sit on the bad node, which was bad before (or hardly later)."""
    if not registry.analyzer_of(fault).may_follow_from_node or fault.nodes != [bad.subject.name]:
        return False
    return bad.first <= fault.first + NODE_SLACK_S


def best_rollout(changes: list[Change], fault: Fault) -> int | None:
    """Return the index of the rollout that a fault began after: the last one, or that of the same template."""
    matching = [(change.at, i) for i, change in enumerate(changes) if rollout_explains(change, fault)]
    return max(matching)[1] if matching else None


def rollout_explains(change: Change, fault: Fault) -> bool:
    """Tell whether a fault is of a rollout's own pods and not older than it."""
    if not change.is_rollout or fault.first < change.at - CLOCK_SLACK_S or not same_workload(change, fault):
        return False
    template_hash = change.details.get(details.TEMPLATE_HASH, "")
    return not (template_hash and fault.template_hash) or template_hash == fault.template_hash


def same_workload(change: Change, fault: Fault) -> bool:
    """Tell whether change and fault are of one workload; a change known by its service only is of all its workloads."""
    if not change.subject.kind or not fault.subject.kind:
        return change.service == fault.service and change.relation is not Relation.NODE
    return change.subject == fault.subject
