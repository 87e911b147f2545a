"""Kinds of payloads that are not for our addresses: what they are in words, and what their senders should do."""

from typing import NamedTuple

SUBSCRIPTION = "make a webhook subscription of version 3 (Generic Webhooks (v3)) with the url of the webhook Secret"
EVENTS_ADDRESS = "changes that explain incidents go to /v1/events with the ingest key, as ContextEvents"
TO_CONTEXT_EVENT = "send ContextEvents: service_name, vendor, entity, event_type, confidence, ttl_seconds"
UNSIGNED_MEND = "have what stands between PagerDuty and the receiver pass on the header X-PagerDuty-Signature"
EXTENSION_MEND = f"{SUBSCRIPTION}, then delete the extension"
EVENTS_API_MEND = "send events to PagerDuty itself, at events.pagerduty.com"
ALERTS_MEND = f"have Alertmanager notify PagerDuty itself (pagerduty_configs); {EVENTS_ADDRESS}"
PAGERDUTY_V3 = "pagerduty_v3"
UNSIGNED = "unsigned"
"""The kind of a V3 webhook that nobody signed, and of what nobody knows."""


class PayloadKind(NamedTuple):
    """One kind: its name in metrics and reports, what it is in words, and what its sender should do.

    `mend` is of the webhook URL; where it was sent to /v1/events, PagerDuty's own belong to the webhook URL.
    """

    kind: str
    words: str
    mend: str
    is_pagerdutys: bool = False

    @property
    def mend_at_events(self) -> str:
        """Return what the sender of a payload should do that came to /v1/events."""
        return SUBSCRIPTION if self.is_pagerdutys else TO_CONTEXT_EVENT


BY_KIND = {
    each.kind: each
    for each in (
        PayloadKind(PAGERDUTY_V3, "a V3 webhook of PagerDuty", UNSIGNED_MEND, is_pagerdutys=True),
        PayloadKind("pagerduty_v2", "a V2 webhook extension of PagerDuty", EXTENSION_MEND, is_pagerdutys=True),
        PayloadKind("pagerduty_v1", "a V1 webhook extension of PagerDuty", EXTENSION_MEND, is_pagerdutys=True),
        PayloadKind("events_api_v2", "an event for PagerDuty's Events API v2", EVENTS_API_MEND),
        PayloadKind("events_api_v1", "an event for PagerDuty's Events API v1", EVENTS_API_MEND),
        PayloadKind("alertmanager", "a notification of Alertmanager or Grafana", ALERTS_MEND),
        PayloadKind("prometheus", "alerts of Prometheus", ALERTS_MEND),
        PayloadKind("cloudevents", "a CloudEvent", EVENTS_ADDRESS),
    )
}
