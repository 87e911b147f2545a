"""What is wrong with a posted item, all of it at once: each field by itself, in our words, with its mend."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from noctuary.common.errors import InvalidInput
from noctuary.pagerduty.tolerant import UNREADABLE, parts_of

KINDS = {b'"': "text", b"{": "an object", b"[": "a list", b"t": "true", b"f": "false", b"n": "null"}
"""What a JSON value is, by its first byte; all else is a number."""
_BYTE = re.compile(r"\(byte (\d+)\)")

Wanted = Mapping[str, tuple[str, str]]


def kind_of(value: bytes | msgspec.Raw) -> str:
    """Return what a JSON value is, in words."""
    return KINDS.get(bytes(memoryview(value)[:1]), "a number")


def field_problems(
    text: bytes, kind: type[msgspec.Struct], wanted: dict[str, tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """Yield each field of an object that cannot be what a Struct promises, and what is wrong with it.

    `wanted` holds what each field should be, as kind_of has it, and what is wrong with it when it is of that kind.
    """
    parts = msgspec.json.decode(text, type=parts_of(kind))
    for field in msgspec.structs.fields(kind):
        part: msgspec.Raw = getattr(parts, field.name)
        if not memoryview(part):
            if field.required:
                yield field.name, "is missing"
        elif not _fits(part, field.type):
            yield field.name, _problem(part, *wanted[field.name])


def _fits(part: msgspec.Raw, kind: Any) -> bool:
    try:
        msgspec.json.decode(part, type=kind)
    except UNREADABLE:
        return False
    return True


def _problem(part: msgspec.Raw, wanted: str, otherwise: str) -> str:
    found = kind_of(part)
    if found != wanted:
        return f"is {found}, not {wanted}"
    if found != "text":
        return otherwise
    try:
        said = msgspec.json.decode(part, type=str)
    except UNREADABLE:
        return "is no valid text"
    return otherwise if said else "is empty"


def malformed(error: Exception, fix: str) -> InvalidInput:
    """Return what an error of a JSON parser means for the sender."""
    if isinstance(error, RecursionError):
        return InvalidInput("body", "is nested too deeply", fix)
    if isinstance(error, UnicodeDecodeError):
        return InvalidInput("body", "is not UTF-8", fix)
    place = _BYTE.search(str(error))
    if "truncated" in str(error):
        return InvalidInput("body", "is JSON that ends too early", fix)
    return InvalidInput("body", "is not JSON" + (f" from byte {place[1]} on" if place else ""), fix)
