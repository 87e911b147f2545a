"""Evidence as it is stored: as JSON of a bounded size."""

import msgspec

from noctuary.models.evidence import Evidence

MAX_BYTES = 256 * 1024
"""An incident's evidence has 10 KB mostly; texts of others may have 8 KB each, and all of it is kept for months."""
TEXT_LIMITS = (2_048, 512, 128)
"""To how many characters texts are shortened, one after the other, until all fits; names and ids are shorter."""
MORE = "…"


def encode(evidence: Evidence) -> bytes:
    """Return evidence as JSON; what is larger than MAX_BYTES has its long texts shortened, and long links left out."""
    encoded = msgspec.json.encode(evidence)
    for limit in TEXT_LIMITS:
        if len(encoded) <= MAX_BYTES:
            break
        encoded = msgspec.json.encode(_shortened(msgspec.json.decode(encoded), limit))
    return encoded


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
