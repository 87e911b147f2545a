"""The details of an alert as their sender meant them: an object, also where it came as text."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

MAX_TEXT_CHARS = 128 * 1024
"""Of one text of an alert that are read: Alertmanager sends half a megabyte at most, most of it annotations."""
MAX_ITEMS = 50
"""Alerts of one group that are read: fifty that name different workloads choose none."""

Labels = Mapping[str, object]


def decoded(value: Any) -> Any:
    """Return a value, or what it holds as JSON where it is such a text."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.MsgspecError, RecursionError):
        return value


def fields_of(details: Any) -> Mapping[str, Any]:
    """Return the fields of details; none where they are no object."""
    return details if isinstance(details, dict) else {}


def texts_of(details: Any) -> Iterator[str]:
    """Yield the texts of details that are of what fires now; the fields of an object in order."""
    values = [details] if isinstance(details, str) else fields_of(details).items()
    for each in values:
        name, value = ("", each) if isinstance(each, str) else each
        if isinstance(value, str) and "resolved" not in str(name).lower():
            yield value[:MAX_TEXT_CHARS]


def objects_in(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the first objects of a list, also of one that came as text."""
    found = decoded(value)
    yield from [each for each in found[:MAX_ITEMS] if isinstance(each, dict)] if isinstance(found, list) else []
