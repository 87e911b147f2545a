"""Evidence as it is stored: as JSON of a bounded size."""

from itertools import islice
from typing import Any

import msgspec
import structlog

from noctuary.models.evidence import Evidence

log = structlog.get_logger()

MAX_BYTES = 256 * 1024
"""An incident's evidence has 10 KB mostly; texts of others may have 8 KB each, and all of it is kept for months."""
TEXT_LIMITS = (2_048, 512, 128)
"""To how many characters texts are shortened, one after the other, until all fits; names and ids are shorter."""
LIST_LIMITS = (1_000, 300, 100, 30, 10, 3, 0)
"""To how many entries lists are cut where many short texts are still too much: the first ones rank highest."""
MORE = "…"


def encode(evidence: Evidence) -> bytes:
    """Return evidence as JSON of MAX_BYTES at most.

    What is larger has its long texts shortened and long links left out, and if that is not enough its lists cut.
    """
    encoded = msgspec.json.encode(evidence)
    for limit in TEXT_LIMITS:
        if len(encoded) <= MAX_BYTES:
            break
        encoded = msgspec.json.encode(_shortened(msgspec.json.decode(encoded), limit))
    for entries in LIST_LIMITS:
        if len(encoded) <= MAX_BYTES:
            break
        log.warning("Evidence is too large, its lists are cut", entries=entries, size_bytes=len(encoded))
        encoded = msgspec.json.encode(_cut(msgspec.json.decode(encoded, type=Evidence), entries))
    return encoded


def _cut(value: Any, entries: int) -> Any:
    """Return evidence, or a part of it, with so many entries in each list and map; fields of types stay."""
    match value:
        case msgspec.Struct():
            fields = {name: _cut(getattr(value, name), entries) for name in value.__struct_fields__}
            return msgspec.structs.replace(value, **fields)
        case list():
            return [_cut(each, entries) for each in value[:entries]]
        case dict():
            return {name: _cut(each, entries) for name, each in islice(value.items(), entries)}
        case _:
            return value


def _shortened(value: object, limit: int) -> object:
    match value:
        case str() if len(value) > limit:
            return "" if value.startswith(("http://", "https://")) else value[:limit] + MORE
        case list():
            return [_shortened(each, limit) for each in value]
        case dict():
            return {name: _shortened(each, limit) for name, each in value.items()}
        case _:
            return value
