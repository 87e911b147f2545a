"""Mutated bodies: the structure of JSON, its spelling, and plain bytes."""

import json
import random
from collections.abc import Callable
from typing import Any

HOSTILE_TEXTS = (
    "",
    "\x00",
    "\u202e\u2066",
    "é" * 40,
    "\ud800",
    "A" * 5000,
    "'; DROP TABLE events; --",
    "{{7*7}}",
    "../../etc/passwd",
    "99999-12-31T00:00:00Z",
    "0000-00-00",
)
HOSTILE_VALUES: tuple[Any, ...] = (None, True, -1, 0, 2**63, -(2**64), 1e308, [], {}, [[]], {"": None}, *HOSTILE_TEXTS)
HOSTILE_NUMBERS = ("1e999", "-0", "0x10", "1" * 400, "NaN", "Infinity", "1.", ".5", "1e-999")
DEEP = 2000

Mutation = Callable[[random.Random, Any], bytes]


def mutated(chance: random.Random, valid: Any) -> bytes:
    """Return a body that began as a valid one."""
    return chance.choice(_MUTATIONS)(chance, json.loads(json.dumps(valid)))


def _dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _as_it_is(_: random.Random, value: Any) -> bytes:
    return _dump(value)


def _replaced(chance: random.Random, value: Any) -> bytes:
    """Put something hostile in the place of one value, at any depth."""
    holder, key = chance.choice(_places(value))
    holder[key] = chance.choice(HOSTILE_VALUES)
    return _dump(value)


def _removed(chance: random.Random, value: Any) -> bytes:
    holder, key = chance.choice(_places(value))
    del holder[key]
    return _dump(value)


def _number(chance: random.Random, value: Any) -> bytes:
    """Write a number that JSON or its readers do not know."""
    holder, key = chance.choice(_places(value))
    holder[key] = "@NUMBER@"
    return _dump(value).replace(b'"@NUMBER@"', chance.choice(HOSTILE_NUMBERS).encode())


def _doubled_key(chance: random.Random, value: Any) -> bytes:
    """Say a field twice, once in another spelling."""
    name = chance.choice(list(value))
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in name)
    return _dump(value)[:-1] + f',"{chance.choice((name, escaped))}":null}}'.encode()


def _deep(chance: random.Random, value: Any) -> bytes:
    opening, closing = chance.choice((("[", "]"), ('{"a":', "}")))
    nested = opening * DEEP + "1" + closing * chance.choice((DEEP, DEEP - 1))
    return _dump(value)[:-1] + f',"deep":{nested}}}'.encode()


def _cut(chance: random.Random, value: Any) -> bytes:
    body = _dump(value)
    return body[: chance.randrange(len(body))]


def _flipped(chance: random.Random, value: Any) -> bytes:
    """Change some bytes to any others."""
    body = bytearray(_dump(value))
    for _ in range(chance.randint(1, 8)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    return bytes(body)


def _wrapped(chance: random.Random, value: Any) -> bytes:
    """Send a list, lines, or the same many times."""
    body = _dump(value)
    forms = (
        b"[" + body + b"]",
        b"[" + b",".join([body] * 20) + b"]",
        body + b"\n" + body,
        b"\xef\xbb\xbf" + body,
        b"[]",
    )
    return chance.choice(forms)


def _noise(chance: random.Random, _: Any) -> bytes:
    return chance.randbytes(chance.randint(0, 300))


_MUTATIONS: tuple[Mutation, ...] = (
    _as_it_is,
    _replaced,
    _replaced,
    _removed,
    _number,
    _doubled_key,
    _deep,
    _cut,
    _flipped,
    _wrapped,
    _noise,
)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return every (holder, key) of a JSON value."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    places = [(value, key) for key in keys]
    for key in keys:
        places += _places(value[key])
    return places
