"""One deploy that two sources tell: what delivers it posts a commit, the cluster shows the rollout."""

from collections.abc import Iterable

import msgspec

from noctuary.models.diagnosis import Change

POSTED_BEFORE_S = 600.0
"""A deploy tool tells of a sync when it begins; images are pulled and checks run before the workload changes."""
POSTED_AFTER_S = 300.0
"""Others tell of it when it is done."""


def join_posted(changes: Iterable[Change]) -> list[Change]:
    """Return the changes in order of time; a posted deploy lends its commit and link to the rollouts it is."""
    ordered = sorted(changes, key=lambda change: change.at)
    seen = [change for change in ordered if change.is_rollout and not change.is_posted]
    told = [change for change in ordered if change.is_rollout and change.is_posted]
    lent = {id(post) for post in told if any(_is_same(post, rollout) for rollout in seen)}
    kept = [change for change in ordered if id(change) not in lent]
    return [_with_commit(change, told) if change in seen else change for change in kept]


def _with_commit(rollout: Change, told: list[Change]) -> Change:
    same = [post for post in told if _is_same(post, rollout)]
    if not same:
        return rollout
    nearest = min(same, key=lambda change: abs(change.at - rollout.at))
    return msgspec.structs.replace(
        rollout, sha=nearest.sha, link=nearest.link, actor=nearest.actor or rollout.actor, vendor=nearest.vendor
    )


def _is_same(posted: Change, rollout: Change) -> bool:
    late_s = rollout.at - posted.at
    return posted.service == rollout.service and -POSTED_AFTER_S <= late_s <= POSTED_BEFORE_S
