"""Facts of an object by name: shown where that is allowed, else as a keyed hash; and what differs between two sets."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from noctuary.common.values_policy import keyed_hash, showable

HASHED = "#"
"""What a hash begins with, and no shown value."""
HASH_DIGITS = 16
"""Enough to tell the contents of one object apart."""
WHOLE = "what it holds"
"""The fact that stands for all facts of an object that has too many."""
MAX_FACTS, MAX_FACTS_BYTES = 64, 4096
"""Of one object: a ConfigMap may have a thousand keys, and the facts of each object are kept while it exists."""
MAX_TOLD = 8
"""Differences that are named."""
_PLAIN = re.compile(r"[A-Za-z0-9*/][A-Za-z0-9=,._:/*+%-]{0,79}")
"""Names, numbers, labels, ports and paths; a longer value is not shown."""
_LONG_PART = re.compile(r"[A-Za-z0-9_-]{33}")
"""A part of a path or of a value that is longer than people write: it may be a token."""

Facts = Mapping[str, "Fact"]
Sealed = Mapping[str, str]


class Fact(NamedTuple):
    """A value, and whether it may be stored and shown as it is."""

    value: str
    is_shown: bool = False


def plain(value: object) -> Fact:
    """Return a name, number, label or port that stands in a spec; one of other signs is only compared."""
    text = str(value)
    return Fact(text, is_plain(text))


def valued(name: str, value: str) -> Fact:
    """Return what stands behind a name that people chose: shown where the rule for values allows it."""
    return Fact(value, is_plain(value) and showable(name, value))


def opaque(value: Any) -> Fact:
    """Return what is only compared, whatever order its fields have."""
    return Fact(msgspec.json.encode(value, order="deterministic").decode())


def is_plain(text: str) -> bool:
    """Tell whether a text is no more than a name, a number, labels, a port or a path."""
    return not text or (_PLAIN.fullmatch(text) is not None and _LONG_PART.search(text) is None)


def called(words: str, name: str) -> str:
    """Return the name of a fact: `port http`; a name of other signs is told apart, and not shown."""
    if not name:
        return words
    return f"{words} {name if is_plain(name) else HASHED + hashlib.blake2s(name.encode(), digest_size=3).hexdigest()}"


def sealed(facts: Facts, key: bytes, place: str) -> dict[str, str]:
    """Return facts as they are kept; equal values of objects at other places have other hashes."""
    kept = {name: _sealed(fact, key, f"{place}/{name}") for name, fact in facts.items()}
    is_large = len(kept) > MAX_FACTS or sum(len(name) + len(value) for name, value in kept.items()) > MAX_FACTS_BYTES
    if not is_large:
        return kept
    whole = "\n".join(f"{name}={facts[name].value}" for name in sorted(facts))
    return {WHOLE: _sealed(Fact(whole), key, place)}


def _sealed(fact: Fact, key: bytes, place: str) -> str:
    return fact.value if fact.is_shown else HASHED + keyed_hash(key, f"{place}={fact.value}")[:HASH_DIGITS]


def differences(old: Sealed, new: Sealed) -> str:
    """Return in words what differs: `selector app=web -> app=wbe, key app.yaml`."""
    if WHOLE in old or WHOLE in new:
        return WHOLE
    told = list(dict.fromkeys(_differences(old, new)))
    more = [f"and {len(told) - MAX_TOLD} more"] if len(told) > MAX_TOLD else []
    return ", ".join([*told[:MAX_TOLD], *more])


def _differences(old: Sealed, new: Sealed) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        if before is None or after is None:
            told = _value(after if before is None else before)
            yield f"{_shown(name)}{told} {'added' if before is None else 'removed'}"
        elif before.startswith(HASHED) or after.startswith(HASHED):
            yield _shown(name)
        else:
            yield f"{_shown(name)} {before or 'none'} -> {after or 'none'}"


def _shown(name: str) -> str:
    return f"{name.partition(HASHED)[0]}an odd name" if HASHED in name else name


def _value(told: str | None) -> str:
    return f" {told}" if told and not told.startswith(HASHED) else ""
