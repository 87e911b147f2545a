"""The search for secrets in everything that is written down."""

import base64
import json
from collections.abc import Mapping
from urllib.parse import quote


def spellings(secret: str) -> set[str]:
    """Return every form in which a secret might have been written; base64 at each of its three alignments."""
    raw = secret.encode()
    shifted = [base64.b64encode(b" " * shift + raw).decode()[4 if shift else 0 : -4] for shift in range(3)]
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], base64.urlsafe_b64encode(raw).decode(), *shifted}


def leaks(secrets: Mapping[str, str], written: Mapping[str, str]) -> list[str]:
    """Name each secret that is found in a text, and where; both are given by name."""
    return [
        f"{what} in {where}"
        for what, secret in secrets.items()
        for where, text in written.items()
        if any(spelling in text for spelling in spellings(secret))
    ]
