"""The text of a posted body: how it is split into items, and that no name appears twice in one object of it."""

import json
import re
from typing import Any

import msgspec

from noctuary.common.errors import InvalidInput
from noctuary.sources.posted_errors import malformed

MAX_ITEMS = 1000
"""Events in one request: one commit must not keep others waiting."""
NDJSON_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
BODY_FIX = "send one JSON object, an array of objects, or one object per line, in UTF-8"
ESCAPE = rb"\u"
"""The only way to spell one of our names, or a colon, differently."""

MAX_NAMES = 1000
"""In one event, which has fourteen fields: the parser of names holds the interpreter while it reads, for 60 ms when a
megabyte is nothing but names, and every step of a note waits for it."""

_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_RAW = msgspec.json.Decoder(msgspec.Raw)
_TEXT = re.compile(rb'"((?:[^"\\]++|\\.)*+)"(\s*+:)?+', re.DOTALL)
"""A whole text, and whether it is a name: a log line in a text is no object, and a backslash may end a name."""


def is_ndjson(content_type: str) -> bool:
    """Return whether a content type says that each line is one item."""
    return content_type.split(";", maxsplit=1)[0].strip().lower() in NDJSON_TYPES


def split_items(text: bytes, content_type: str) -> list[bytes]:
    """Split a stripped body into 1 to MAX_ITEMS JSON texts, by its content type or by how it begins.

    Raises InvalidInput.
    """
    if is_ndjson(content_type):
        items = _lines(text)
    elif text.startswith(b"["):
        items = [bytes(item) for item in _decode_whole(text)]
    else:
        items = [text] if _is_one_value(text) else _lines(text)
    require_few(len(items))
    return items


def require_few(items: int) -> None:
    """Raise InvalidInput for a body of no item, or of more than MAX_ITEMS."""
    if not items:
        raise InvalidInput("body", "holds no event", BODY_FIX)
    if items > MAX_ITEMS:
        raise InvalidInput("body", f"holds {items} events", f"send at most {MAX_ITEMS} at once")


def _lines(text: bytes) -> list[bytes]:
    return [line for line in text.split(b"\n") if line.strip()]


def _decode_whole(text: bytes) -> list[msgspec.Raw]:
    try:
        items = _ARRAY.decode(text)
    except (ValueError, RecursionError) as error:
        raise malformed(error, BODY_FIX) from error
    require_few(len(items))
    return items


def _is_one_value(text: bytes) -> bool:
    if b"\n" not in text:
        return True
    try:
        _RAW.decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def require_unique_keys(text: bytes) -> None:
    """Refuse a key that appears twice in one object: parsers disagree which one counts, so nobody should guess.

    Takes time in proportion to the text. Raises InvalidInput, also for what the fast parser skipped unread in a field
    that we do not know, and for more than MAX_NAMES names.
    """
    names = _few_names(text)
    if len(set(names)) == len(names) and ESCAPE not in text and not any(b"\\" in name for name in names):
        return  # quick and usual: only one who repeats or escapes a name pays for the slow parser
    try:
        json.loads(text, object_pairs_hook=_refuse_twice, parse_int=float)
    except InvalidInput:
        raise
    except (ValueError, RecursionError) as error:
        raise malformed(error, BODY_FIX) from error


def _few_names(text: bytes) -> list[bytes]:
    """Return the names as they are spelled, found one by one so that other threads get their turn."""
    names: list[bytes] = []
    for found in _TEXT.finditer(text):
        if found[2] is not None:
            names.append(found[1])
        if len(names) > MAX_NAMES:
            raise InvalidInput("body", f"holds more than {MAX_NAMES} names in one event", "send its own fields only")
    return names


def _refuse_twice(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise InvalidInput(name, "appears twice in one object", "send each field once")
        seen.add(name)
