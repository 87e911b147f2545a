"""How PagerDuty signs a V3 webhook: HMAC-SHA256 over the raw body, keyed with the secret's text, as lowercase hex."""

import hashlib
import hmac
from collections.abc import Iterable


def sign(body: bytes, secret: str) -> str:
    """Return one `v1=` signature of a body."""
    return "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def signature_header(body: bytes, secrets: Iterable[str]) -> str:
    """Return the header's value: one signature per secret, joined by a comma without a space."""
    return ",".join(sign(body, secret) for secret in secrets)
