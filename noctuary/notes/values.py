"""Values in a note: names that fit, versions, images and what a change turned into what."""

import re

from noctuary.common.text import clean, shorten_middle
from noctuary.common.words import (
    MAX_SUBDOMAIN_CHARS,
    bare_phrase,
    phrase,
    plain_image,
    plain_value,
    short_commit,
    short_sha,
)
from noctuary.models import details
from noctuary.models.diagnosis import Change, Fault

MAX_REFERENCE_CHARS = 160
ODD_IMAGE = "an image with an odd name"
"""What is said of a reference with other signs than registries use: it may hold a command."""
ODD_THING = "a thing with an odd name"
"""What is said of a name that is more than a name: it may be a command, a link, or pass for a line of ours."""
BETWEEN = re.compile(r", (?![^(]*\))")
"""Parts of a rollout's summary; a comma within brackets parts the values of one."""
_ODD_PART = re.compile(
    r"env (?!of [0-9]{1,6} more names)(?![-._A-Za-z0-9]+(?: |$))"
    r"|(?:env|label|annotation|container) (?!of )[^ ]+ (?!(?:added|removed)(?: |$)|of )"
    r"|.* of (?![0-9]{1,6} more names$)[^ ]* "
)
"""A variable, or a container of a kind that Kubernetes does not check, whose name is more than a word."""
_OURS = re.compile(r" -> |[(),]")
"""What we wrote ourselves between the names and values of a summary."""


def shown_name(thing: Change | Fault, limit: int) -> str:
    """Return the name of what changed or fails, shortened in its middle: of what others tell the thing they name."""
    if thing.is_posted and not thing.subject.kind and bare_phrase(thing.entity, MAX_SUBDOMAIN_CHARS):
        return entity_of(thing, limit)
    return _named(thing.subject.name, limit) if thing.subject.name else service_of(thing, limit)


def service_of(thing: Change | Fault, limit: int) -> str:
    """Return the name of the service concerned."""
    return _named(thing.service, limit)


def entity_of(thing: Change | Fault, limit: int) -> str:
    """Return what another system says is affected, else the service."""
    return _named(thing.entity or thing.service, limit)


def _named(name: str, limit: int) -> str:
    known = bare_phrase(name, MAX_SUBDOMAIN_CHARS)
    return shorten_middle(known, limit) if known else ODD_THING


def changed_parts(change: Change, limit: int) -> str:
    """Return what of its template a rollout changed: names of variables may hold any sign."""
    parts = [part for part in BETWEEN.split(clean(change.details.get(details.CHANGED, ""), limit)) if part]
    return ", ".join(part if _is_plain(part, limit) else ODD_THING for part in parts)


def _is_plain(part: str, limit: int) -> bool:
    return bool(phrase(_OURS.sub(" ", part), limit)) and not _ODD_PART.match(part.removeprefix("init "))


def new_image(change: Change) -> str:
    """Return what was rolled out: an image, or what another system calls it."""
    return change.details.get(details.IMAGE) or change.new_value or ""


def old_image(change: Change) -> str:
    """Return what ran before a rollout."""
    return change.details.get(details.PREVIOUS_IMAGE) or change.old_value or ""


def is_same_image(change: Change) -> bool:
    """Tell whether a rollout kept its image: then something else of its template changed."""
    return bool(old_image(change)) and old_image(change) == new_image(change)


def is_rereading(change: Change) -> bool:
    """Tell whether a rollout only made pods read a changed ConfigMap or Secret."""
    return change.is_rollout and details.CONFIG_CHECKSUM in change.details


def is_staged(change: Change) -> bool:
    """Tell whether a template changed without any pod being replaced by it yet."""
    return not change.is_rollout and details.STAGED in change.details


def version(change: Change, limit: int) -> str:
    """Return the short name of what was rolled out: the tag where only that changed, else image and tag."""
    if change.is_posted and short_sha(change.sha):
        return short_sha(change.sha)
    return short_image(change, new_image(change), old_image(change), limit)


def previous_version(change: Change, limit: int) -> str:
    """Return the short name of what ran before."""
    return short_image(change, old_image(change), new_image(change), limit)


def led_to(undoing: Change, limit: int) -> str:
    """Return the version that a way back led to: the one that people know, where a commit was posted with it."""
    told = plain_value(undoing.new_value) if undoing.is_posted else ""
    return told or version(undoing, limit)


def short_image(change: Change, image: str, other: str, limit: int) -> str:
    """Return the short name of an image beside another one of the same workload."""
    if not image:
        return ""
    image, other = plain_image(image), plain_image(other)
    if not image:
        return _odd(change)
    if short_commit(image):
        return _short_commit(image, other)
    if "@sha256:" in image:
        return image.split("@sha256:")[1][:12]
    short, other_short = image.rsplit("/", 1)[-1], other.rsplit("/", 1)[-1]
    name, _, tag = short.rpartition(":")
    same_name = name and name == other_short.rpartition(":")[0]
    return shorten_middle(tag if same_name else short, limit)


def from_to(change: Change) -> str:
    """Return `old -> new`, each only where it is a plain value; one alone where nothing else is known or changed."""
    old, new = old_image(change), new_image(change)
    shown = [_shown(change, old, new), _shown(change, new, old) if new else short_sha(change.sha)]
    if shown[0] == shown[1]:
        del shown[0]
    return " -> ".join(value for value in shown if value)


def _shown(change: Change, value: str, other: str) -> str:
    if not value or not (change.is_rollout or is_staged(change)):
        return plain_value(value)
    if short_commit(value):
        return _short_commit(value, other)
    return shorten_middle(plain_image(value) or _odd(change), MAX_REFERENCE_CHARS)


def _short_commit(value: str, other: str) -> str:
    """Return the start of a commit, and the whole where another one begins with the same signs."""
    short = short_commit(value)
    return value if short == short_commit(other) and value.lower() != other.lower() else short


def _odd(change: Change) -> str:
    """What another system calls a version need be no image: nothing is said of it then."""
    return "" if change.is_posted else ODD_IMAGE


def rollouts_of_row(change: Change) -> list[str]:
    """Return the templates of the rollouts that were to mend this one and fail as well."""
    return change.details.get(details.ROW, "").split()
