"""What was made for a webhook Secret that could not be written yet, kept beside the routing record meanwhile."""

import base64
from collections.abc import Mapping

import msgspec

MINTED_KEY = "undelivered.json"
"""The key of it in the Secret of the record; the receiver does not read it."""


class Minted(msgspec.Struct, frozen=True):
    """Secrets made by an attempt that did not get to its end, and why: the next attempt uses the same."""

    token: str
    token_because: str | None
    ingest_key: str
    ingest_key_because: str | None


def encode_minted(minted: Minted | None) -> dict[str, str]:
    """Return what it adds to the `data` of the Secret."""
    return {MINTED_KEY: base64.b64encode(msgspec.json.encode(minted)).decode()} if minted is not None else {}


def decode_minted(data: Mapping[str, str]) -> Minted | None:
    """Read it from the `data` of the Secret; what cannot be read counts as absent, and is made anew."""
    try:
        return msgspec.json.decode(base64.b64decode(data[MINTED_KEY]), type=Minted)
    except (KeyError, ValueError, msgspec.MsgspecError):
        return None
