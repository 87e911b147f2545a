"""Routing records for tests of those who read them."""

import msgspec

from noctuary.models.routing_record import RoutingRecord, TokenHash, hash_secret

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
