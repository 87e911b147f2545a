"""The signature of a V3 webhook: HMAC-SHA256 over the raw body, keyed with the subscription's secret as text."""

import hashlib
import hmac
from collections.abc import Sequence
from enum import Enum

VERSION_PREFIX = b"v1="
"""Entries of other versions are ignored, as PagerDuty asks."""


class SignatureCheck(Enum):
    """What a check of a signature found."""

    VALID = "valid"
    MISMATCH = "mismatch"
    MALFORMED = "malformed"


def parse_signatures(header: bytes | None) -> list[bytes]:
    """Return the digests of all usable `v1=<hex>` entries of the header."""
    digests = []
    for entry in (header or b"").split(b","):
        version, hexadecimal = entry.strip()[: len(VERSION_PREFIX)], entry.strip()[len(VERSION_PREFIX) :]
        if version == VERSION_PREFIX and (digest := _decode_hex(hexadecimal)):
            digests.append(digest)
    return digests


def _decode_hex(text: bytes) -> bytes | None:
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:  # covers what is not ASCII, too
        return None


def verify(body: bytes, header: bytes | None, secrets: Sequence[str]) -> SignatureCheck:
    """Check a body against every signature of the header and every secret, in constant time.

    Several signatures and several secrets both occur while a secret is rotated; one match is enough.
    """
    digests = parse_signatures(header)
    if not body or not digests:
        return SignatureCheck.MALFORMED
    found = False
    for secret in secrets:
        expected = hmac.digest(secret.encode(), body, hashlib.sha256)
        for digest in digests:
            found |= hmac.compare_digest(expected, digest)
    return SignatureCheck.VALID if found else SignatureCheck.MISMATCH
