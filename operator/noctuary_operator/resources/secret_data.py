"""The `data` of Secrets: random values, and their base64."""

import base64
import binascii
import secrets


def decode_values(data: dict[str, str]) -> dict[str, bytes]:
    """Decode the `data` of a Secret; a value that is not base64 is left out."""
    values = {}
    for key, text in data.items():
        try:
            values[key] = base64.b64decode(text, validate=True)
        except binascii.Error:
            continue
    return values


def encode_values(values: dict[str, str]) -> dict[str, str]:
    """Encode texts as the `data` of a Secret."""
    return {key: base64.b64encode(text.encode()).decode() for key, text in values.items()}


ID_KEY = "integrationID"
WEBHOOK_SECRET_KEYS = frozenset({"url", "token", "signingSecret", "ingestKey", ID_KEY})
"""The keys of the webhook Secret that are ours; others are left alone."""
TOKEN_BYTES = 32
"""256 bits of randomness, 43 characters in a URL."""


def fresh_secret() -> str:
    """Return a new random secret for a URL or header."""
    return secrets.token_urlsafe(TOKEN_BYTES)
