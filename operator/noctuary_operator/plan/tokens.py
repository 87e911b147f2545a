"""Rotation of the webhook token, the ingest key and the signing secret: pure functions of what is observed."""

from collections.abc import Callable
from dataclasses import dataclass

from noctuary.models.integration_spec import Token, duration_s
from noctuary.models.routing_record import RoutingRecord, SigningSecret, TokenHash, hash_secret
from noctuary_operator.plan.observed import Observed
from noctuary_operator.resources.minted import Minted

MAX_PREVIOUS = 8
"""Older tokens and signing secrets kept during their overlap: more only come from rotating in a loop."""
LEAST_TOKEN_LENGTH = 32
"""A token found in a Secret without a record is adopted only when it is as long as ours are, and nobody else's."""

CUT_OFF = "a rotation that was cut off is complete"
"""Why a token changed whose first reason went with an earlier life of the operator."""

Fresh = Callable[[], str]
"""Makes a new random secret."""


@dataclass(frozen=True, slots=True)
class TokenState:
    """The token that the Secret should hold, its hashes for the record, and why it changed (None: it did not).

    Until the Secret holds it, the record has `hashes_before`, where nothing ends that did not, and its time of before.
    """

    token: str
    hashes: list[TokenHash]
    rotated_at: float
    hashes_before: list[TokenHash]
    rotated_before: float
    rotated_because: str | None = None
    is_adopted: bool = False
    """Whether it was found in the Secret without a record, as after a restore: what was rotated away is not known."""


@dataclass(frozen=True, slots=True)
class KeyState:
    """The ingest key that the Secret should hold, and why it changed (None: it did not).

    Until the Secret holds it, the record has the hash of the key before, too.
    """

    key: str
    rotated_because: str | None = None
    before_sha256: str | None = None


def next_token(observed: Observed, settings: Token, fresh: Fresh) -> TokenState:
    """Return the token as it should be now: kept, adopted, made for the first time, or rotated."""
    record, plain, minted = observed.record, observed.webhook_secret.get("token"), observed.minted
    known = _Known.of(record, plain)
    if record is None or known is None:
        return _without_record(observed, plain, fresh)
    rotated_before, alive = record.rotated_at or observed.now, _alive(known.ordered, observed.now)
    is_minted = minted is not None and hash_secret(minted.token) == known.newest.sha256
    because = minted.token_because if minted is not None and is_minted else CUT_OFF
    reason = _reason_to_rotate(observed, record, known, settings)
    if reason is None and plain is not None and not known.is_pending:
        return TokenState(plain, alive, rotated_before, alive, rotated_before)
    newest = None  # the token that is begun: it is in the Secret, or is to be written there once more
    if reason is None:
        newest = plain
    elif minted is not None and is_minted and known.held != known.newest.sha256:
        newest = minted.token
    if newest is not None:
        hashes = [known.newest, *_previous(observed, known.all_but_newest, settings)]
        return TokenState(newest, hashes, observed.now, alive, rotated_before, because)
    token = _unknown_of(minted, record) or fresh()
    new = TokenHash(hash_secret(token), known.newest.serial + 1)
    hashes = [new, *_previous(observed, known.ordered, settings)]
    before = [known.standing, new, *alive[1:]][: 1 + MAX_PREVIOUS]
    return TokenState(token, hashes, observed.now, before, rotated_before, reason)


@dataclass(frozen=True, slots=True)
class _Known:
    """The tokens of a record: the one that people can read, the newest, and all, from the first of these on.

    A second token without an end is one whose Secret was not written yet, as far as the record says.
    """

    standing: TokenHash
    newest: TokenHash
    ordered: list[TokenHash]
    held: str | None

    @classmethod
    def of(cls, record: RoutingRecord | None, plain: str | None) -> "_Known | None":
        tokens = record.tokens if record is not None else []
        unended = sorted((each for each in tokens if each.expires_at is None), key=lambda each: each.serial)
        if not unended:
            return None
        held = hash_secret(plain) if plain is not None else None
        standing = next((each for each in unended if each.sha256 == held), unended[0])
        others = [each for each in (*reversed(unended), *tokens) if each != standing]
        return cls(standing, unended[-1], [standing, *dict.fromkeys(others)], held)

    @property
    def all_but_newest(self) -> list[TokenHash]:
        return [each for each in self.ordered if each != self.newest]

    @property
    def is_pending(self) -> bool:
        """Whether the newest is not known to be in the Secret."""
        return self.held != self.newest.sha256 or any(each.expires_at is None for each in self.all_but_newest)


def _unknown_of(minted: Minted | None, record: RoutingRecord) -> str | None:
    """Return the token that was made before, unless it is an old one by now."""
    if minted is None or hash_secret(minted.token) in {each.sha256 for each in record.tokens}:
        return None
    return minted.token


def _without_record(observed: Observed, plain: str | None, fresh: Fresh) -> TokenState:
    known, now = observed.integration.status.token, observed.now
    serial = known.serial if known is not None else 0
    if plain is not None and _may_adopt(observed, "token"):
        hashes = [TokenHash(hash_secret(plain), max(serial, 1))]
        return TokenState(plain, hashes, now, hashes, now, is_adopted=True)
    token = observed.minted.token if observed.minted is not None else fresh()
    because = "the webhook Secret and its routing record were lost" if serial else None
    hashes = [TokenHash(hash_secret(token), serial + 1)]
    return TokenState(token, hashes, now, hashes, now, because)


def _may_adopt(observed: Observed, key: str) -> bool:
    """Whether what the webhook Secret holds can be of a record that was lost: a team may write there what it likes."""
    return len(observed.webhook_secret[key]) >= LEAST_TOKEN_LENGTH and key not in observed.held_elsewhere


def _reason_to_rotate(observed: Observed, record: RoutingRecord, known: _Known, settings: Token) -> str | None:
    if known.held is None:
        return "the token was removed from the webhook Secret"
    if known.held != known.standing.sha256:
        return "the token in the webhook Secret was changed"
    if settings.rotate_request is not None and settings.rotate_request != record.observed_rotate_request:
        return "spec.webhook.token.rotateRequest changed"
    if known.is_pending:
        return CUT_OFF if known.standing != known.newest else None
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


def _previous(observed: Observed, tokens: list[TokenHash], settings: Token) -> list[TokenHash]:
    """Old tokens live until the overlap is over, at most; with no overlap they all die at once."""
    end = observed.now + duration_s(settings.overlap)
    ended = [
        TokenHash(token.sha256, token.serial, end if token.expires_at is None else min(token.expires_at, end))
        for token in tokens
    ]
    return _alive(ended, observed.now)[:MAX_PREVIOUS]


def next_ingest_key(observed: Observed, fresh: Fresh) -> KeyState:
    """Return the ingest key as it should be now; an old one ends when the Secret holds the new one."""
    plain, minted = observed.webhook_secret.get("ingestKey"), observed.minted
    known = observed.record.ingest_key_sha256 if observed.record is not None else None
    if plain is not None and known == hash_secret(plain):
        return KeyState(plain)
    if plain is not None and known is None and _may_adopt(observed, "ingestKey"):
        return KeyState(plain)
    begun = observed.record.ingest_key_before_sha256 if observed.record is not None else None
    if minted is not None:
        is_new = known != hash_secret(minted.ingest_key)
        return KeyState(minted.ingest_key, minted.ingest_key_because, begun or (known if is_new else None))
    because = "the ingestKey in the webhook Secret was changed or removed" if known else None
    return KeyState(fresh(), because, begun or known)


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
