"""The way from a world to a diagnosis: gather facts, run the checks, rank what they found."""

from noctuary.correlation.checks import CHECKS
from noctuary.correlation.explain import explain
from noctuary.correlation.observations import Facts, gather_facts
from noctuary.models.diagnosis import Cause, Diagnosis, Relation, SetAside, Verdict, World

MAX_CAUSES = 3
"""More than three names are a list to read, not an answer."""
MAX_SET_ASIDE = 5


def correlate(world: World) -> Diagnosis:
    """Return at most three causes, the changes that are not to blame, or why there is no answer."""
    facts = gather_facts(world)
    explanation = explain(facts)
    findings = [finding for check in CHECKS for finding in check(facts, explanation)]
    since = world.onset - world.lookback_s
    ranked = sorted(
        (f for f in findings if isinstance(f, Cause) and _reaches_into(f, since)), key=lambda c: (-c.score, -c.at)
    )
    causes = [cause for cause in ranked if cause.score >= world.minimum_score][:MAX_CAUSES]
    aside = [f for f in findings if isinstance(f, SetAside) and f.change.at >= since]
    return Diagnosis(
        verdict=_verdict(facts, causes),
        onset=world.onset,
        since=since,
        services=[s.name for s in world.services if s.relation is Relation.OWN],
        dependencies=[s.name for s in world.services if s.relation is Relation.DEPENDENCY],
        causes=causes,
        weak=[cause for cause in ranked if cause.score < world.minimum_score][:MAX_CAUSES],
        set_aside=sorted(aside, key=lambda a: -a.change.at)[:MAX_SET_ASIDE],
        events_seen=len(facts.changes) + sum(len(f.event_ids) for f in [*facts.faults, *facts.node_faults]),
        last_event_at=world.last_event_at,
        pods_ready=None if world.pods is None else sum(pod.is_ready for pod in facts.own_pods),
        pods_total=None if world.pods is None else len(facts.own_pods),
    )


def _reaches_into(cause: Cause, since: float) -> bool:
    """Tell whether a cause happened, or was still seen, within the lookback."""
    return cause.at >= since or any(fault.last >= since for fault in cause.faults)


def _verdict(facts: Facts, causes: list[Cause]) -> Verdict:
    if causes:
        return Verdict.CAUSE
    seen = facts.changes or facts.faults or facts.own_pods or facts.world.last_event_at is not None
    return Verdict.NOTHING_RELEVANT if seen else Verdict.NEVER_SEEN
