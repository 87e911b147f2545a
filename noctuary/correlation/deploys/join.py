"""Which posted deploy is which rollout: the rollout gets its commit, and the deploy is not told a second time."""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from noctuary.correlation.deploys.fit import (
    Fit,
    Seen,
    Told,
    fit_of,
    is_named,
    is_synced,
    may_lend,
    read_post,
    read_rollout,
)
from noctuary.correlation.deploys.versions import differ
from noctuary.models import details
from noctuary.models.diagnosis import Change, Subject

Fitting = list[tuple[Fit, Told]]


def join_posted(changes: Iterable[Change]) -> list[Change]:
    """Return the changes in order of time; a posted deploy lends its commit and link to the rollout that it is."""
    ordered = sorted(changes, key=lambda change: change.at)
    rollouts = [read_rollout(change) for change in ordered if change.is_rollout and not change.is_posted]
    posts = [read_post(change) for change in ordered if change.is_rollout and change.is_posted]
    fitting: dict[str, Fitting] = defaultdict(list)
    for post in posts:
        for fit, rollout in _rollouts_of(post, rollouts):
            fitting[rollout.change.event_id].append((fit, post))
    lent: dict[str, Change] = {}
    told: set[str] = set()
    for rollout in rollouts:
        found = fitting[rollout.change.event_id]
        lender = _lender(rollout, found)
        if lender is not None:
            lent[rollout.change.event_id] = lender.change
            told |= {
                post.change.event_id for fit, post in found if _is_one(post, lender) and _tells_of(fit, post, rollout)
            }
    kept = (change for change in ordered if change.event_id not in told)
    return [_with_commit(change, lent[change.event_id]) if change.event_id in lent else change for change in kept]


def _with_commit(rollout: Change, post: Change) -> Change:
    told = rollout.details | {details.LENT_BY: post.vendor}
    if post.actor:
        told[details.DELIVERED_BY] = post.actor
    actor = rollout.actor or post.actor
    return msgspec.structs.replace(rollout, sha=post.sha, link=post.link, actor=actor, details=told)


def _rollouts_of(post: Told, rollouts: list[Seen]) -> list[tuple[Fit, Seen]]:
    """Return the one rollout of each workload that a post fits best: the next one, else the last one."""
    fits = [(fit, rollout) for rollout in rollouts if (fit := fit_of(post, rollout)) is not Fit.NONE]
    best = max((fit for fit, _ in fits), default=Fit.NONE)
    found: dict[Subject, Seen] = {}
    for rollout in (rollout for fit, rollout in fits if fit is best):
        known = found.get(rollout.change.subject)
        if known is None or known.change.at < post.change.at:
            found[rollout.change.subject] = rollout
    return [(best, rollout) for rollout in found.values()]


def _lender(rollout: Seen, fitting: Fitting) -> Told | None:
    """Return the post that is most likely of a rollout; None where two deploys are alike: the commit is not known.

    The tool that wrote the workload knows the commit to revert: a pipeline before it knows that of what it built.
    """
    ranked = [
        ((is_synced(post, rollout), fit, is_named(post, rollout)), post)
        for fit, post in fitting
        if may_lend(fit, post, rollout)
    ]
    highest = max((rank for rank, _ in ranked), default=None)
    best = [post for rank, post in ranked if rank == highest]
    nearest = min(best, key=lambda post: abs(post.change.at - rollout.change.at), default=None)
    return nearest if nearest is not None and all(_is_one(post, nearest) for post in best) else None


def _tells_of(fit: Fit, post: Told, rollout: Seen) -> bool:
    """Tell whether a post beside the lender's is of the rollout as well: tools that deliver name apps of their own."""
    return post.tool != "" or may_lend(fit, post, rollout)


def _is_one(post: Told, other: Told) -> bool:
    """Tell whether two posts may tell of one deploy: two systems do; one system that names two things does not."""
    if differ(post.version.number, other.version.number):
        return False
    is_same_commit = bool(post.change.sha) and post.change.sha == other.change.sha
    return is_same_commit or post.change.vendor != other.change.vendor or post.change.entity == other.change.entity
