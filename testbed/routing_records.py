"""Routing records for tests of those who read them."""

import time

import msgspec

from noctuary.models.routing_record import RoutingRecord, ServiceMapping, SigningSecret, TokenHash, hash_secret
from testbed.pagerduty import PagerDutySimulator
from testbed.pagerduty.account.model import User

CREATED_AT = 1_800_000_000.0


def routing_record(identity: str = "a", **changes: object) -> RoutingRecord:
    """Return the record of an inbound integration with the token `token-ID` and the ingest key `key-ID`."""
    plain = RoutingRecord(
        id=identity,
        namespace="team-a",
        name=identity,
        created_at=CREATED_AT,
        generation=1,
        direction="inbound",
        api_url="https://api.example.com",
        tokens=[TokenHash(hash_secret(f"token-{identity}"), 1)],
        ingest_key_sha256=hash_secret(f"key-{identity}"),
    )
    return msgspec.structs.replace(plain, **changes)


def release_record(
    pd: PagerDutySimulator,
    namespace: str,
    signing_secret: str,
    services: list[ServiceMapping],
    *,
    bot: User | None = None,
    age_s: float = 3600.0,
) -> RoutingRecord:
    """Return the record of an integration that reads and writes, with the token `token`, as a receiver loads it."""
    return RoutingRecord(
        id="11111111-2222-3333-4444-555555555555",
        namespace=namespace,
        name="shops",
        created_at=time.time() - age_s,
        generation=1,
        direction="bidirectional",
        api_url=pd.url,
        api_token=pd.add_token(),
        from_email=(bot or pd.add_user("Bot", "bot@example.com")).email,
        tokens=[TokenHash(hash_secret("token"), 1)],
        signing_secrets=[SigningSecret(signing_secret)],
        services=services,
    )
