"""What the value is that a reference names, or why there is none that can work. Pure."""

import re
from collections.abc import Mapping

from noctuary.models.integration_spec import SecretKeyRef
from noctuary_operator.plan.observed import Lookup

FIRST_PRINTABLE, LAST_PRINTABLE = " ", "~"
"""The ends of printable ASCII: what an HTTP header can carry, and all that PagerDuty makes tokens and secrets of."""


NAME_RULE = "a name has lower-case letters, digits, - and ."
MAX_NAME_CHARS = 253
"""The longest name of an object in Kubernetes."""
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_KEY = re.compile(r"[-._a-zA-Z0-9]+")


def is_object_name(name: str) -> bool:
    """Whether an object in Kubernetes can have this name."""
    return len(name) <= MAX_NAME_CHARS and _NAME.fullmatch(name) is not None


def is_plain(text: str) -> bool:
    """Whether a text is of printable ASCII characters only."""
    return all(FIRST_PRINTABLE <= character <= LAST_PRINTABLE for character in text)


def describe_lookup(ref: SecretKeyRef, values: Mapping[str, bytes | None] | None) -> Lookup:
    """Find the value that a reference names in the values of its Secret (None: no such Secret; a value: too long)."""
    if values is None:
        hint = "" if is_object_name(ref.name) else f", as no Secret can: {NAME_RULE}, so correct the name"
        return Lookup(missing=f"Secret {ref.name} does not exist{hint}")
    if ref.key not in values:
        hint = "" if _KEY.fullmatch(ref.key) else ", as no Secret can have: it takes letters, digits, -, _ and ."
        return Lookup(missing=f"Secret {ref.name} has no key {ref.key}{hint}")
    place, value = f"key {ref.key} of Secret {ref.name}", values[ref.key]
    if value is None:
        return Lookup(missing=f"{place} is longer than any token or secret of PagerDuty", is_unusable=True)
    try:
        text = value.decode().strip()
    except UnicodeDecodeError:
        return Lookup(missing=f"{place} is not text in UTF-8; copy it once more", is_unusable=True)
    if not text.isascii():
        return Lookup(missing=_strange_character(place, text), is_unusable=True)
    if not text:
        return Lookup(missing=f"{place} is empty")
    if not text.isprintable():
        return Lookup(missing=f"{place} holds more than one line, or a character that nobody sees", is_unusable=True)
    return Lookup(text)


def _strange_character(place: str, text: str) -> str:
    at = next(index for index, character in enumerate(text, 1) if not character.isascii())
    return (
        f"{place} holds a character (number {at}) that is not ASCII, as no token or secret of PagerDuty does, and that "
        "no HTTP header can carry; copy it once more as PagerDuty shows it"
    )
