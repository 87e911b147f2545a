"""What other systems post, as they send it and as it is stored."""

import msgspec

from noctuary.models.context_event import ContextEvent, EventType

EVENT = {
    "service_name": "cart",
    "vendor": "argocd",
    "entity": "cart-app",
    "event_type": "deploy",
    "confidence": 0.97,
    "ttl_seconds": 3600,
}
"""The fields that are required, and no others."""
NOW = 1_800_000_000.0


def context_event(key: str = "k", at: float = NOW, /, **changes: object) -> ContextEvent:
    """Return an event of the dedup key `key` that was seen once, at `at`."""
    plain = ContextEvent(
        id=f"id-{key}",
        tenant="shop",
        source="api",
        dedup_key=key,
        service_name="cart",
        vendor="argocd",
        entity="cart",
        event_type=EventType.DEPLOY,
        timestamp=at,
        last_seen=at,
        confidence=0.9,
        ttl_seconds=3600,
    )
    changed: ContextEvent = msgspec.structs.replace(plain, **changes)
    return changed
