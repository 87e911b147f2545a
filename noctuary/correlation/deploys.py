"""One deploy that two sources tell: what delivers it posts a commit, the cluster shows the rollout."""

import re
from collections import defaultdict
from collections.abc import Iterable
from enum import IntEnum

import msgspec

from noctuary.common.words import short_commit
from noctuary.correlation.score import LOW_CONFIDENCE
from noctuary.models import details
from noctuary.models.diagnosis import Change, Subject

POSTED_BEFORE_S = 600.0
"""A deploy tool tells of a sync when it begins; images are pulled and checks run before the workload changes."""
POSTED_AFTER_S = 300.0
"""Others tell of it when it is done."""
BY_HAND = ("kubectl-set", "kubectl-edit", "kubectl-patch", "kubectl-rollout", "kubectl-scale")
"""Field managers of what a person types, and a few pipelines."""
APPLIED = frozenset({"kubectl", "kubectl-client-side-apply"})
"""Field managers of `kubectl apply`, by which most pipelines deliver."""
SYNCS_ITSELF = ("argo", "flux")
"""Parts of the names of tools that deliver under field managers of their own."""
_PARTS = re.compile(r"[-_+]")
_NUMBERED = re.compile(r"v\d")
_DOTTED = re.compile(r"\d+(\.\d+)+")
"""Versions of which two that differ are two, but for zeros at the end."""
_ZEROS = re.compile(r"(\.0)+$")


class Fit(IntEnum):
    """How well a posted deploy fits a rollout."""

    NONE = 0
    NEAR = 1
    """Nothing but the time speaks for it."""
    FORMER = 2
    """It names the version that ran before."""
    VERSION = 3
    """It names the version, or the commit, that runs since."""


def join_posted(changes: Iterable[Change]) -> list[Change]:
    """Return the changes in order of time; a posted deploy lends its commit and link to the rollout that it is."""
    ordered = sorted(changes, key=lambda change: change.at)
    rollouts = [change for change in ordered if change.is_rollout and not change.is_posted]
    fitting: dict[str, list[tuple[Fit, Change]]] = defaultdict(list)
    for post in (change for change in ordered if change.is_rollout and change.is_posted):
        for fit, rollout in _rollouts_of(post, rollouts):
            fitting[rollout.event_id].append((fit, post))
    lent: dict[str, Change] = {}
    told: set[str] = set()
    for rollout in rollouts:
        lender = _lender(rollout, fitting[rollout.event_id])
        if lender is not None:
            lent[rollout.event_id] = lender
            told |= {post.event_id for _, post in fitting[rollout.event_id] if _is_one(post, lender)}
    kept = (change for change in ordered if change.event_id not in told)
    return [_with_commit(change, lent[change.event_id]) if change.event_id in lent else change for change in kept]


def _with_commit(rollout: Change, post: Change) -> Change:
    told = rollout.details | ({details.DELIVERED_BY: post.actor} if post.actor else {})
    actor = rollout.actor or post.actor
    return msgspec.structs.replace(rollout, sha=post.sha, link=post.link, actor=actor, vendor=post.vendor, details=told)


def _rollouts_of(post: Change, rollouts: list[Change]) -> list[tuple[Fit, Change]]:
    """Return the one rollout of each workload that a post fits best: the next one, else the last one."""
    fits = [(fit, rollout) for rollout in rollouts if (fit := _fit(post, rollout)) is not Fit.NONE]
    best = max((fit for fit, _ in fits), default=Fit.NONE)
    found: dict[Subject, Change] = {}
    for rollout in (rollout for fit, rollout in fits if fit is best):
        known = found.get(rollout.subject)
        if known is None or known.at < post.at:
            found[rollout.subject] = rollout
    return [(best, rollout) for rollout in found.values()]


def _lender(rollout: Change, fitting: list[tuple[Fit, Change]]) -> Change | None:
    """Return the post that is most likely of a rollout; None where two deploys are alike: the commit is not known.

    A tool that delivered by itself knows the commit to revert better than a pipeline before it.
    """
    ranks = [(_is_synced(post.vendor, rollout), fit, _is_named(post, rollout)) for fit, post in fitting]
    best = [post for rank, (_, post) in zip(ranks, fitting, strict=True) if rank == max(ranks)]
    nearest = min(best, key=lambda post: abs(post.at - rollout.at), default=None)
    return nearest if nearest is not None and all(_is_one(post, nearest) for post in best) else None


def _is_synced(vendor: str, rollout: Change) -> bool:
    return any(name in vendor.casefold() and name in (rollout.actor or "") for name in SYNCS_ITSELF)


def _is_one(post: Change, other: Change) -> bool:
    """Tell whether two posts may tell of one deploy: two systems do; one system that names two things does not."""
    if _differ(post.new_value or "", other.new_value or ""):
        return False
    is_same_commit = bool(post.sha) and post.sha == other.sha
    return is_same_commit or post.vendor != other.vendor or post.entity == other.entity


def _fit(post: Change, rollout: Change) -> Fit:
    late_s = rollout.at - post.at
    is_near = post.service == rollout.service and -POSTED_AFTER_S <= late_s <= POSTED_BEFORE_S
    if not is_near or post.confidence < LOW_CONFIDENCE or speaks_against(post, rollout):
        return Fit.NONE
    new, old = _images(rollout)
    if _is_of(post.new_value, new) or _is_of(post.sha, new):
        return Fit.NONE if new == old and _is_typed(rollout) else Fit.VERSION
    if _is_typed(rollout) or _is_other_tools(post, rollout):
        return Fit.NONE
    return Fit.FORMER if _is_of(post.old_value, old) else Fit.NEAR


def speaks_against(post: Change, rollout: Change) -> bool:
    """Tell whether a posted deploy is another one: its version is the image's of before, or of another thing."""
    version, (new, old) = post.new_value or "", _images(rollout)
    if _is_of(version, new) or _is_of(post.sha, new):
        return False
    is_other = _differ(version, _tag(new)) and (_is_of(post.old_value, old) or not _is_named(post, rollout))
    return is_other or _is_of(version, old)


def _is_typed(rollout: Change) -> bool:
    return (rollout.actor or "").startswith(BY_HAND)


def _is_other_tools(post: Change, rollout: Change) -> bool:
    """Tell whether `kubectl apply` did what a tool that delivers by itself would have done otherwise."""
    return rollout.actor in APPLIED and any(name in post.vendor.casefold() for name in SYNCS_ITSELF)


def _is_named(post: Change, rollout: Change) -> bool:
    """Tell whether a post is of the very workload or its image: `acme/worker` of the image `r/worker:1.1`."""
    image = _images(rollout)[0].partition("@")[0].rpartition("/")[2].partition(":")[0]
    return post.entity.rpartition("/")[2].casefold() in {rollout.subject.name, image}


def _images(rollout: Change) -> tuple[str, str]:
    return rollout.details.get(details.IMAGE, ""), rollout.details.get(details.PREVIOUS_IMAGE, "")


def _is_of(version: str | None, image: str) -> bool:
    """Tell whether an image is of a version or commit: by its whole end, its tag, its digest, or a part of its tag."""
    version, tag, (plain, _, digest) = _bare(version or ""), _tag(image), image.partition("@")
    if not version or not image:
        return False
    ends = any(f"/{each.lower()}".endswith(f"/{version}") for each in (plain, image))
    known = {tag, digest, digest.removeprefix("sha256:"), *_PARTS.split(tag)}
    return ends or version in known or any(_is_commit(part, version) for part in _PARTS.split(tag))


def _is_commit(part: str, version: str) -> bool:
    """Tell whether both are one commit, of which each may be cut."""
    return bool(short_commit(part) and short_commit(version)) and (part.startswith(version) or version.startswith(part))


def _tag(image: str) -> str:
    return _bare(image.partition("@")[0].rpartition("/")[2].partition(":")[2])


def _bare(version: str) -> str:
    """Return a version without the sign that some write before it."""
    text = version.strip().lower()
    return text[1:] if _NUMBERED.match(text) else text


def _differ(version: str, other: str) -> bool:
    """Tell whether two are dotted numbers and not the same; of what is counted otherwise nothing is known."""
    one, two = (
        _ZEROS.sub("", found[0]) if (found := _DOTTED.fullmatch(_bare(each))) else "" for each in (version, other)
    )
    return bool(one and two) and one != two
