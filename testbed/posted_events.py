"""What other systems post."""

EVENT = {
    "service_name": "cart",
    "vendor": "argocd",
    "entity": "cart-app",
    "event_type": "deploy",
    "confidence": 0.97,
    "ttl_seconds": 3600,
}
"""The fields that are required, and no others."""
