"""Quotas of the store that a namespace has met, in words. Pure."""

from noctuary.models.reports import QuotaReport

_OF_EVENTS = "posted events are refused with 429 or in their items, and of the cluster's own the first to expire go"
QUOTA_MENDS = {
    "events": ("limits.tenantEvents", _OF_EVENTS, "send fewer events or with a shorter ttl_seconds"),
    "bytes": ("limits.tenantEventBytes", _OF_EVENTS, "send shorter texts or a shorter ttl_seconds"),
    "subject_bytes": (
        "limits.tenantEventBytes",
        "a sixteenth of it is for names that no event bears any more, and the oldest of them are forgotten",
        "name the same entities and vendors in events",
    ),
    "services": ("limits.tenantServices", _OF_EVENTS, "name services in events, not their instances"),
    "webhook_bytes": (
        "limits.tenantWebhookBytes",
        "webhooks are answered 503, and PagerDuty tries again",
        "resume what is suspended",
    ),
    "incident_bytes": (
        "limits.tenantIncidentBytes",
        "the oldest closed incidents go, and where none is closed new ones wait",
        "close incidents that are over",
    ),
    "store_bytes": (
        "limits.storeBytes",
        "the store is nearly full, and namespaces that keep at least the average are refused, events first",
        "send fewer events",
    ),
}
"""By quota: the value of the chart that sets it, what becomes of what is beyond it, and what the team can do."""


def words_of_quota(quota: QuotaReport) -> str:
    """Return which quota was met, what becomes of what is beyond it, and what mends that."""
    setting, effect, mend = QUOTA_MENDS[quota.of]
    return f"this namespace reached its {setting} of {quota.limit}: {effect}; {mend}, or have {setting} raised"
