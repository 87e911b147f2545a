"""Rotation of the webhook token, the ingest key and the signing secret: pure functions of what is observed."""

from collections.abc import Callable
from dataclasses import dataclass

from noctuary.models.integration_spec import Token, duration_s
from noctuary.models.routing_record import RoutingRecord, SigningSecret, TokenHash, hash_secret
from noctuary_operator.plan.observed import Observed

MAX_PREVIOUS = 8
"""Older tokens and signing secrets kept during their overlap: more only come from rotating in a loop."""
LEAST_TOKEN_LENGTH = 32
"""A token found in a Secret without a record is adopted only when it is as long as ours are, and nobody else's."""

Fresh = Callable[[], str]
"""Makes a new random secret."""


@dataclass(frozen=True, slots=True)
class TokenState:
    """The token that the Secret should hold, its hashes for the record, and why it changed (None: it did not)."""

    token: str
    hashes: list[TokenHash]
    rotated_at: float
    rotated_because: str | None = None


@dataclass(frozen=True, slots=True)
class KeyState:
    """The ingest key that the Secret should hold, and why it changed (None: it did not)."""

    key: str
    rotated_because: str | None = None


def next_token(observed: Observed, settings: Token, fresh: Fresh) -> TokenState:
    """Return the token as it should be now: kept, adopted, made for the first time, or rotated."""
    record, plain = observed.record, observed.webhook_secret.get("token")
    current = _current(record)
    if record is None or current is None:
        return _without_record(observed, plain, fresh)
    minted = observed.minted
    if minted is not None and hash_secret(minted.token) == current.sha256:
        alive = _alive(record.tokens, observed.now)
        return TokenState(minted.token, alive, record.rotated_at or observed.now, minted.token_because)
    reason = _reason_to_rotate(observed, record, current, plain, settings)
    if reason is None and plain is not None:
        return TokenState(plain, _alive(record.tokens, observed.now), record.rotated_at or observed.now)
    token = minted.token if minted is not None else fresh()
    hashes = [TokenHash(hash_secret(token), current.serial + 1), *_previous(observed, record, settings)]
    return TokenState(token, hashes, observed.now, reason)


def _current(record: RoutingRecord | None) -> TokenHash | None:
    tokens = record.tokens if record is not None else []
    return next((token for token in tokens if token.expires_at is None), None)


def _without_record(observed: Observed, plain: str | None, fresh: Fresh) -> TokenState:
    known = observed.integration.status.token
    serial = known.serial if known is not None else 0
    if plain is not None and _may_adopt(observed, "token"):
        return TokenState(plain, [TokenHash(hash_secret(plain), max(serial, 1))], observed.now)
    token = observed.minted.token if observed.minted is not None else fresh()
    because = "the webhook Secret and its routing record were lost" if serial else None
    return TokenState(token, [TokenHash(hash_secret(token), serial + 1)], observed.now, because)


def _may_adopt(observed: Observed, key: str) -> bool:
    """Whether what the webhook Secret holds can be of a record that was lost: a team may write there what it likes."""
    return len(observed.webhook_secret[key]) >= LEAST_TOKEN_LENGTH and key not in observed.held_elsewhere


def _reason_to_rotate(
    observed: Observed, record: RoutingRecord, current: TokenHash, plain: str | None, settings: Token
) -> str | None:
    if plain is None:
        return "the token was removed from the webhook Secret"
    if hash_secret(plain) != current.sha256:
        return "the token in the webhook Secret was changed"
    if settings.rotate_request is not None and settings.rotate_request != record.observed_rotate_request:
        return "spec.webhook.token.rotateRequest changed"
    due_at = rotation_due_at(settings, record.rotated_at)
    if due_at is not None and due_at <= observed.now:
        return f"spec.webhook.token.rotationInterval of {settings.rotation_interval} has passed"
    return None


def rotation_due_at(settings: Token, rotated_at: float | None) -> float | None:
    """Return when the token is to be rotated by its age, None when never."""
    if settings.rotation_interval is None or rotated_at is None:
        return None
    return rotated_at + duration_s(settings.rotation_interval)


def _alive(tokens: list[TokenHash], now: float) -> list[TokenHash]:
    return [token for token in tokens if token.expires_at is None or token.expires_at > now]


def _previous(observed: Observed, record: RoutingRecord, settings: Token) -> list[TokenHash]:
    """Old tokens live until the overlap is over, at most; with no overlap they all die at once."""
    end = observed.now + duration_s(settings.overlap)
    ended = [
        TokenHash(token.sha256, token.serial, end if token.expires_at is None else min(token.expires_at, end))
        for token in record.tokens
    ]
    return _alive(ended, observed.now)[:MAX_PREVIOUS]


def next_ingest_key(observed: Observed, fresh: Fresh) -> KeyState:
    """Return the ingest key as it should be now; an old one never overlaps."""
    plain, minted = observed.webhook_secret.get("ingestKey"), observed.minted
    known = observed.record.ingest_key_sha256 if observed.record is not None else None
    if plain is not None and known == hash_secret(plain):
        return KeyState(plain)
    if plain is not None and known is None and _may_adopt(observed, "ingestKey"):
        return KeyState(plain)
    if minted is not None:
        return KeyState(minted.ingest_key, minted.ingest_key_because)
    return KeyState(fresh(), "the ingestKey in the webhook Secret was changed or removed" if known else None)


def next_signing_secrets(observed: Observed, settings: Token) -> list[SigningSecret]:
    """Return the signing secrets that count now: the current one, and replaced ones during the overlap."""
    value = observed.signing_secret.value
    known = observed.record.signing_secrets if observed.record is not None else []
    end = observed.now + duration_s(settings.overlap)
    previous = [
        SigningSecret(secret.value, end if secret.expires_at is None else secret.expires_at)
        for secret in known
        if secret.value != value
    ]
    alive = [secret for secret in previous if secret.expires_at is not None and secret.expires_at > observed.now]
    return [*([SigningSecret(value)] if value is not None else []), *alive[:MAX_PREVIOUS]]
