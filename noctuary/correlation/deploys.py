"""One deploy that two sources tell: what delivers it posts a commit, the cluster shows the rollout."""

from collections.abc import Iterable

import msgspec

from noctuary.correlation.score import LOW_CONFIDENCE
from noctuary.models import details
from noctuary.models.diagnosis import Change, Subject

POSTED_BEFORE_S = 600.0
"""A deploy tool tells of a sync when it begins; images are pulled and checks run before the workload changes."""
POSTED_AFTER_S = 300.0
"""Others tell of it when it is done."""
BY_HAND = "kubectl"
"""Field managers of commands that a person types begin so: no deploy tool did what they did."""


def join_posted(changes: Iterable[Change]) -> list[Change]:
    """Return the changes in order of time; a posted deploy lends its commit and link to the rollout that it is."""
    ordered = sorted(changes, key=lambda change: change.at)
    rollouts = [change for change in ordered if change.is_rollout and not change.is_posted]
    lent: dict[str, Change] = {}
    told: set[str] = set()
    for post in (change for change in ordered if change.is_rollout and change.is_posted):
        for rollout in _rollouts_of(post, rollouts):
            known = lent.get(rollout.event_id)
            if known is None or abs(post.at - rollout.at) < abs(known.at - rollout.at):
                lent[rollout.event_id] = post
            told.add(post.event_id)
    kept = (change for change in ordered if change.event_id not in told)
    return [_with_commit(change, lent[change.event_id]) if change.event_id in lent else change for change in kept]


def _with_commit(rollout: Change, post: Change) -> Change:
    actor = rollout.actor or post.actor
    return msgspec.structs.replace(rollout, sha=post.sha, link=post.link, actor=actor, vendor=post.vendor)


def _rollouts_of(post: Change, rollouts: list[Change]) -> list[Change]:
    """Return the one rollout of each workload of the service that a post tells of: the next one, else the last one."""
    found: dict[Subject, Change] = {}
    for rollout in rollouts:
        if not _may_be(post, rollout):
            continue
        known = found.get(rollout.subject)
        if known is None or known.at < post.at:
            found[rollout.subject] = rollout
    return list(found.values())


def _may_be(post: Change, rollout: Change) -> bool:
    late_s = rollout.at - post.at
    is_near = post.service == rollout.service and -POSTED_AFTER_S <= late_s <= POSTED_BEFORE_S
    is_sure = post.confidence >= LOW_CONFIDENCE
    return is_near and is_sure and not (rollout.actor or "").startswith(BY_HAND) and _agree(post, rollout)


def _agree(post: Change, rollout: Change) -> bool:
    """Tell whether the image does not contradict the version that was posted, as the image before would."""
    version = post.new_value or ""
    new, old = (rollout.details.get(name, "") for name in (details.IMAGE, details.PREVIOUS_IMAGE))
    return not version or version in new or version not in old
