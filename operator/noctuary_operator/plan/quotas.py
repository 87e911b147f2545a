"""Quotas of the store that an integration or its namespace has met, in words. Pure."""

from noctuary.models.reports import QuotaReport

_OF_EVENTS = "posted events are refused with 429 or in their items, and of the cluster's own the first to expire go"
_OF_WAITING = (
    "webhooks are answered 503, and PagerDuty tries again for up to 48 hours",
    "resume it if it is suspended",
)
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
    "waiting_webhooks": ("fixed limit of waiting webhooks", *_OF_WAITING),
    "waiting_webhook_bytes": ("fixed limit of bytes of waiting webhooks", *_OF_WAITING),
    "incidents": (
        "limits.incidentsPerIntegration",
        "the oldest incidents are forgotten, closed ones first",
        "close incidents that are over",
    ),
    "store_bytes": (
        "limits.storeBytes",
        "the store is nearly full, and namespaces that keep at least the average are refused, events first",
        "send fewer events",
    ),
}
"""By quota: what sets it, mostly a value of the chart, what becomes of what is beyond it, and what the team can do."""
_OWN = {"waiting_webhooks", "waiting_webhook_bytes", "incidents"}
"""Quotas of a single integration; all others are its namespace's."""


def words_of_quota(quota: QuotaReport) -> str:
    """Return which quota was met, what becomes of what is beyond it, and what mends that."""
    setting, effect, mend = QUOTA_MENDS[quota.of]
    whose = "this integration" if quota.of in _OWN else "this namespace"
    otherwise = f", or have {setting} raised" if setting.startswith("limits.") else ""
    return f"{whose} reached its {setting} of {quota.limit}: {effect}; {mend}{otherwise}"
