"""The routing record: everything the receiver knows of one integration, in one Secret of the release namespace.

The operator writes it, the receiver reads it and nothing else. It holds hashes of what opens a door
(tokens, ingest keys) and the plain text of what we must use ourselves (signing secrets, API token).
"""

import base64
import hashlib
from typing import Any

import msgspec

from noctuary.common.errors import InvalidInput
from noctuary.common.urls import normal_url
from noctuary.models.suspension import Suspension

RECORD_KEY = "record.json"
"""The one key of the Secret."""
ROLE_LABEL = "noctuary.io/role"
ROLE_ROUTING_RECORD = "routing-record"
ROLE_WEBHOOK_SECRET = "webhook-secret"  # noqa: S105 - a label value
ROLE_ROUTE = "route"
ROLE_INTERNAL_TOKEN = "internal-token"  # noqa: S105 - a label value
INTEGRATION_LABEL = "noctuary.io/integration-id"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
MANAGED_BY = "noctuary"
INTERNAL_TOKEN_SECRET = "noctuary-internal"  # noqa: S105 - the Secret's name
INTERNAL_TOKEN_KEY = "token"  # noqa: S105 - a key's name
WEBHOOK_PATH = "/webhooks/pagerduty"


class TokenHash(msgspec.Struct, frozen=True, omit_defaults=True):
    """One webhook token: SHA-256 in hex, and when it dies (seconds since the epoch; None: it is the current one)."""

    sha256: str
    serial: int
    expires_at: float | None = None


class SigningSecret(msgspec.Struct, frozen=True, omit_defaults=True):
    """One signing secret in plain text, and when it stops to count (None: current)."""

    value: str
    expires_at: float | None = None


class ServiceMapping(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which workload a PagerDuty service is; `namespaces` holds only those whose consent was checked, maybe none.

    `closed` holds the mapped ones that are left out, and why: `no consent`.
    """

    name: str
    pagerduty_service_id: str | None = None
    match_labels: dict[str, str] = {}
    namespaces: list[str] = []
    depends_on: list[str] = []
    closed: dict[str, str] = {}


class Scope(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the subscription covers: one service, one team or the account."""

    type: str = "account"
    id: str | None = None

    @property
    def words(self) -> str:
        """Return it as people read it: `service PABC123`."""
        return f"{self.type} {self.id}" if self.id else self.type


class PrometheusAccess(msgspec.Struct, frozen=True, omit_defaults=True):
    """The Prometheus of one integration, and the bearer token for it in plain text (None: it asks for none)."""

    url: str
    token: str | None = None


class RoutingRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One integration as the receiver needs it; times are seconds since the epoch."""

    id: str
    namespace: str
    name: str
    created_at: float
    generation: int
    direction: str
    api_url: str
    suspend: bool = False
    suspensions: list[Suspension] = []
    api_token: str | None = None
    from_email: str | None = None
    tokens: list[TokenHash] = []
    ingest_key_sha256: str | None = None
    ingest_key_before_sha256: str | None = None
    """The key that people have, until the webhook Secret holds the new one."""
    signing_secrets: list[SigningSecret] = []
    observed_rotate_request: str | None = None
    rotated_at: float | None = None
    scope: Scope = Scope()
    services: list[ServiceMapping] = []
    lookback_s: int = 3600
    minimum_confidence: float = 0.3
    prometheus: PrometheusAccess | None = None

    @property
    def takes_webhooks(self) -> bool:
        """Whether PagerDuty may post to us."""
        return self.direction in ("inbound", "bidirectional")

    @property
    def writes_notes(self) -> bool:
        """Whether we may write into PagerDuty."""
        return self.direction in ("outbound", "bidirectional") and self.api_token is not None

    @property
    def ingest_key_hashes(self) -> set[str]:
        """The ingest keys that are accepted."""
        return {each for each in (self.ingest_key_sha256, self.ingest_key_before_sha256) if each is not None}


def hash_secret(secret: str) -> str:
    """Return the SHA-256 of a token or key in hex, as records hold it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def record_secret_name(integration_id: str) -> str:
    """Return the name of the Secret that holds the record of one integration."""
    return f"noctuary-{integration_id}"


def encode_record(record: RoutingRecord) -> dict[str, str]:
    """Return the `data` of the Secret."""
    return {RECORD_KEY: base64.b64encode(msgspec.json.encode(record)).decode()}


def decode_record(data: dict[str, Any]) -> RoutingRecord:
    """Read a record from the `data` of its Secret; raise InvalidInput when it holds none.

    Its API address comes in its one spelling, whichever release wrote it.
    """
    try:
        record = msgspec.json.decode(base64.b64decode(data[RECORD_KEY]), type=RoutingRecord)
    except (KeyError, ValueError, msgspec.MsgspecError) as error:
        raise InvalidInput(
            RECORD_KEY, "is not a routing record", "delete the Secret; the operator writes it anew"
        ) from error
    try:
        return msgspec.structs.replace(record, api_url=normal_url(record.api_url))
    except InvalidInput:
        return record  # no call can go there, and its webhooks still come in
