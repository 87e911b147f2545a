"""Decoding of JSON that is not as PagerDuty's schema promises: whatever of it can be read is kept, field by field.

What is as promised is decoded in one step. Only what is not is taken apart: its text is repaired, each field is read by
itself, null and what is of another type count as absent, and of a list each item is read by itself.
"""

import math
import types
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec

from noctuary.pagerduty.repair import repaired

T = TypeVar("T", bound=msgspec.Struct)

MAX_NUMBER_CHARS = 64
"""Of a number that stands where text should: an id or a time; a longer one is neither."""
UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""What decoding raises."""
_ABSENT: Any = object()


def decode(body: bytes | msgspec.Raw, kind: type[T]) -> tuple[T, int]:
    """Read a body as a Struct; return it and how many items of its lists were left out.

    Raises one of UNREADABLE when it is no JSON object, or lacks what the Struct requires.
    """
    try:
        return msgspec.json.decode(body, type=kind), 0
    except UNREADABLE:
        pass
    text = repaired(bytes(body))
    try:
        return msgspec.json.decode(text, type=kind), 0
    except UNREADABLE:
        return _taken_apart(text, kind)


def decode_short(body: bytes | msgspec.Raw, kind: type[T], most_bytes: int) -> T:
    """Read a body as a Struct of which no field is longer: one that is counts as absent.

    Of a field that is repeated in a longer body only the last is built. Raises as `decode`.
    """
    if len(memoryview(body)) <= most_bytes:
        return decode(body, kind)[0]
    try:
        return _taken_apart(body, kind, most_bytes)[0]
    except UNREADABLE:
        return _taken_apart(repaired(bytes(body)), kind, most_bytes)[0]


def _taken_apart(body: bytes | msgspec.Raw, kind: type[T], most_bytes: float = math.inf) -> tuple[T, int]:
    parts = msgspec.json.decode(body, type=parts_of(kind))
    values: dict[str, Any] = {}
    left_out = 0
    for field in msgspec.structs.fields(kind):
        part: msgspec.Raw = getattr(parts, field.name)
        value = _ABSENT
        if 0 < len(memoryview(part)) <= most_bytes:
            value, bad = _value(part, field.type)
            left_out += bad
        if value is not _ABSENT:
            values[field.name] = value
        elif field.required:
            raise msgspec.ValidationError(f"Object has no usable `{field.name}`")
    return kind(**values), left_out


@cache
def parts_of(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """Return a Struct of the same fields that are not read yet; what has another name is skipped unread."""
    fields = [
        (field.name, msgspec.Raw, msgspec.field(default=msgspec.Raw(b""), name=field.encode_name))
        for field in msgspec.structs.fields(kind)
    ]
    return msgspec.defstruct(f"{kind.__name__}Parts", fields)


def _value(part: msgspec.Raw, annotation: Any) -> tuple[Any, int]:
    """Read one field; return it, or that it is absent, and how many items of it were left out."""
    try:
        found = msgspec.json.decode(part, type=annotation)
    except UNREADABLE:
        return _bent(part, annotation)
    return (_ABSENT if found is None else found), 0


def _bent(part: msgspec.Raw, annotation: Any) -> tuple[Any, int]:
    """Read a field that is not of its type: of a Struct or a list what can be read, a number as text, text as one."""
    kind, plain = _kind_of(annotation)
    try:
        if get_origin(plain) is list:
            return _items(part, get_args(plain)[0])
        if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
            return decode(part, plain)[0], 0
        if plain is str:
            return msgspec.convert(_number_as_text(part), type=kind), 0
        return msgspec.json.decode(part, type=kind, strict=False), 0
    except UNREADABLE:
        return _ABSENT, 0


def _kind_of(annotation: Any) -> tuple[Any, Any]:
    """Return what a field is when it is not null, with and without its bounds."""
    kind = annotation
    if get_origin(annotation) in (Union, types.UnionType):
        kind = next(each for each in get_args(annotation) if each is not type(None))
    return kind, get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _items(part: msgspec.Raw, kind: type) -> tuple[Any, int]:
    raws = msgspec.json.decode(part, type=list[msgspec.Raw])
    found = list(_readable(raws, kind))
    return found, len(raws) - len(found)


def _readable(raws: list[msgspec.Raw], kind: type) -> Iterator[Any]:
    for raw in raws:
        try:
            yield decode(raw, kind)[0]
        except UNREADABLE:
            continue


def _number_as_text(part: msgspec.Raw) -> str:
    msgspec.json.decode(part, type=int | float)
    text = bytes(part).decode()
    if len(text) > MAX_NUMBER_CHARS:
        raise msgspec.ValidationError("The number is too long")
    return text
