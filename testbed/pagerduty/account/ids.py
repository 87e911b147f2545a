"""Identifiers that look like PagerDuty's: uppercase alphanumerics that start with P or Q, ULID-like event ids."""

import base64
import secrets
import string

_ALPHABET = string.ascii_uppercase + string.digits
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def short_id() -> str:
    """Return an id as old objects have it (users, services): P and six characters."""
    return "P" + _pick(_ALPHABET, 6)


def long_id() -> str:
    """Return an id as new objects have it (incidents, alerts, notes): Q and thirteen characters."""
    return "Q" + _pick(_ALPHABET, 13)


def event_id() -> str:
    """Return an id of 26 characters as incident events carry it."""
    return "01" + _pick(_CROCKFORD, 24)


def api_key() -> str:
    """Return a REST key of 20 characters."""
    return _pick(string.ascii_letters + string.digits + "_-+", 20)


def signing_secret() -> str:
    """Return a signing secret: 64 characters that look like base64 and are used as text."""
    return base64.b64encode(secrets.token_bytes(48)).decode()


def _pick(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
