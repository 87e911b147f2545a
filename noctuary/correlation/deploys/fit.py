"""How well a posted deploy fits a rollout that the cluster shows."""

from enum import IntEnum

import msgspec

from noctuary.correlation.deploys.versions import Image, Version, differ, read_image, read_version
from noctuary.correlation.score import LOW_CONFIDENCE
from noctuary.models import details
from noctuary.models.diagnosis import Change
from noctuary.models.revisions import MANAGERS

POSTED_BEFORE_S = 600.0
"""A deploy tool tells of a sync when it begins; images are pulled and checks run before the workload changes."""
POSTED_AFTER_S = 300.0
"""Others tell of it when it is done."""
POSTED_LATE_S = 3600.0
"""Pipelines that test what they delivered tell of it after that: they must name the very version and thing."""
BY_HAND = ("kubectl-set", "kubectl-edit", "kubectl-patch", "kubectl-rollout", "kubectl-scale")
"""Field managers of what a person types, and a few pipelines."""
APPLIED = frozenset({"kubectl", "kubectl-client-side-apply"})
"""Field managers of `kubectl apply`, by which most pipelines deliver."""
_TITLES = {"argocd": "argocd", "flux": "flux", "fluxcd": "flux", "flux2": "flux", "fluxv2": "flux"}
"""How tools that deliver by themselves are called in posts, in small letters and in one word."""
_APART = str.maketrans("", "", " -_.")
_TOOLS = _TITLES | {manager.translate(_APART): tool for tool, names in MANAGERS.items() for manager in names}


class Fit(IntEnum):
    """How well a posted deploy fits a rollout."""

    NONE = 0
    NEAR = 1
    """Nothing but the time speaks for it."""
    FORMER = 2
    """It names the version that ran before."""
    VERSION = 3
    """It names the version, or the commit, that runs since."""


class Told(msgspec.Struct, frozen=True):
    """A posted deploy and what it names."""

    change: Change
    version: Version
    former: Version
    commit: Version
    thing: str
    tool: str


class Seen(msgspec.Struct, frozen=True):
    """A rollout that the cluster shows, and what it may be called by."""

    change: Change
    image: Image
    former: Image
    names: frozenset[str]


def read_post(change: Change) -> Told:
    """Read what a post names: `acme/worker` is the thing `worker`."""
    return Told(
        change,
        version=read_version(change.new_value),
        former=read_version(change.old_value),
        commit=read_version(change.sha),
        thing=change.entity.rpartition("/")[2].casefold(),
        tool=tool_of(change.vendor),
    )


def read_rollout(change: Change) -> Seen:
    """Read what a rollout may be called by."""
    image, former = (read_image(change.details.get(name, "")) for name in (details.IMAGE, details.PREVIOUS_IMAGE))
    return Seen(change, image, former, frozenset({change.subject.name, image.name}))


def tool_of(vendor: str) -> str:
    """Return which tool that delivers by itself a vendor is, by its whole name; nothing for any other."""
    return _TOOLS.get(vendor.casefold().translate(_APART), "")


def fit_of(post: Told, rollout: Seen) -> Fit:
    """Return how well a posted deploy fits a rollout."""
    is_ours = post.change.service == rollout.change.service and post.change.confidence >= LOW_CONFIDENCE
    if not is_ours or not _is_in_time(post, rollout) or _speaks_against(post, rollout):
        return Fit.NONE
    if _is_version(post, rollout):
        return Fit.NONE if rollout.image == rollout.former and _is_typed(rollout) else Fit.VERSION
    if _is_typed(rollout) or _is_other_tools(post, rollout):
        return Fit.NONE
    return Fit.FORMER if post.former.is_of(rollout.former) else Fit.NEAR


def _is_in_time(post: Told, rollout: Seen) -> bool:
    late_s = post.change.at - rollout.change.at
    if POSTED_AFTER_S < late_s <= POSTED_LATE_S:
        return _is_version(post, rollout) and may_lend(Fit.NEAR, post, rollout)
    return -POSTED_BEFORE_S <= late_s <= POSTED_AFTER_S


def _is_version(post: Told, rollout: Seen) -> bool:
    return post.version.is_of(rollout.image) or post.commit.is_of(rollout.image)


def may_lend(fit: Fit, post: Told, rollout: Seen) -> bool:
    """Tell whether a post may lend its commit: the time alone makes a deploy of another thing none of this one."""
    is_service = post.thing == rollout.change.service.casefold()
    return fit > Fit.NEAR or not post.change.entity or is_service or is_named(post, rollout)


def is_named(post: Told, rollout: Seen) -> bool:
    """Tell whether a post is of the very workload, its image, or the app by which the posting tool owns it."""
    facts = rollout.change.details
    is_owner = post.tool != "" and post.tool == facts.get(details.TOOL)
    return post.thing in rollout.names or (is_owner and post.thing == facts.get(details.TOOL_APP))


def is_synced(post: Told, rollout: Seen) -> bool:
    """Tell whether the tool that posts wrote the workload itself."""
    return rollout.change.actor in MANAGERS.get(post.tool, ())


def _speaks_against(post: Told, rollout: Seen) -> bool:
    """Tell whether a posted deploy is another one: its version is the image's of before, or of another thing."""
    if _is_version(post, rollout):
        return False
    is_another = post.former.is_of(rollout.former) or not is_named(post, rollout)
    return post.version.is_of(rollout.former) or (differ(post.version.number, rollout.image.number) and is_another)


def _is_typed(rollout: Seen) -> bool:
    return (rollout.change.actor or "").startswith(BY_HAND)


def _is_other_tools(post: Told, rollout: Seen) -> bool:
    """Tell whether `kubectl apply`, or another such tool, did what a tool that delivers by itself does otherwise."""
    if not post.tool:
        return False
    others = (names for tool, names in MANAGERS.items() if tool != post.tool)
    return rollout.change.actor in APPLIED.union(*others)
