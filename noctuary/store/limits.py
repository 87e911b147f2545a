"""How much of the store one tenant or integration may fill, so that none of them fills it for all."""

from enum import StrEnum

import msgspec

DEFAULT_TENANT_EVENTS = 200_000
"""Events of one namespace: two a second for a day."""
DEFAULT_TENANT_EVENT_BYTES = 256 * 1024 * 1024
"""Their JSON: 200,000 events of the usual 1.3 KB."""
DEFAULT_TENANT_SERVICES = 2_000
"""Names of services in one namespace, of which the last event's time is kept."""
DEFAULT_INCIDENTS_PER_INTEGRATION = 10_000
"""Incidents of one integration: a hundred a day for as long as closed ones are kept."""
DEFAULT_INCIDENT_RETENTION_S = 90 * 86_400.0
"""How long a closed incident and its note are kept."""
MAX_WAITING_WEBHOOKS = 10_000
"""Webhooks of one integration that wait to be worked: a suspension of days, and no endless growth."""
MAX_WAITING_WEBHOOK_BYTES = 128 * 1024 * 1024
"""Their bodies: 10,000 of 13 KB, twice what is usual."""
MAX_FINISHED_WEBHOOKS = 100_000
"""Ids of worked webhooks of one integration that are kept to recognise repetitions: one every 2.6 s for 72 h."""
MAX_TENANT_FINISHED_WEBHOOKS = 200_000
"""The same of one namespace: 60 MB of ids."""
DEFAULT_TENANT_WEBHOOK_BYTES = 256 * 1024 * 1024
"""Webhooks of one namespace that wait: twice what one integration may have."""
DEFAULT_TENANT_INCIDENT_BYTES = 256 * 1024 * 1024
"""Incidents of one namespace with their evidence, notes and states: 10,000 of 25 KB, twice what is usual."""
DEFAULT_STORE_BYTES = 4 * 1024 * 1024 * 1024
"""What all namespaces keep together, with indexes: of the chart's volume of 5 GiB the rest is room for the log, and for
who keeps less than others once it is full."""
WEBHOOK_ROW_BYTES = 512
"""What a waiting webhook weighs beside its body: its ids, and its places in indexes."""
KEPT_ROW_BYTES = 1_024
"""What an incident, a note or a state weighs beside its texts: columns, places in indexes, looks that are scheduled."""

SUBJECT_ROW_BYTES = 512
"""What a subject weighs beside its names: columns, and places in indexes."""
UNUSED_SHARE = 16
"""Of the bytes of a namespace's events one in so many is for what they were about: 16 MiB, some 20,000 names."""


class Quota(StrEnum):
    """Which quota a tenant has met, or a single integration (OWN_...)."""

    EVENTS = "events"
    BYTES = "bytes"
    SERVICES = "services"
    SUBJECTS = "subject_bytes"
    WEBHOOKS = "webhook_bytes"
    INCIDENTS = "incident_bytes"
    OWN_WEBHOOKS = "waiting_webhooks"
    OWN_WEBHOOK_BYTES = "waiting_webhook_bytes"
    OWN_INCIDENTS = "incidents"
    STORE = "store_bytes"


class StoreLimits(msgspec.Struct, frozen=True):
    """What one tenant, or one integration, may keep."""

    tenant_events: int = DEFAULT_TENANT_EVENTS
    tenant_event_bytes: int = DEFAULT_TENANT_EVENT_BYTES
    tenant_services: int = DEFAULT_TENANT_SERVICES
    incidents_per_integration: int = DEFAULT_INCIDENTS_PER_INTEGRATION
    incident_retention_s: float = DEFAULT_INCIDENT_RETENTION_S
    waiting_webhooks: int = MAX_WAITING_WEBHOOKS
    waiting_webhook_bytes: int = MAX_WAITING_WEBHOOK_BYTES
    finished_webhooks: int = MAX_FINISHED_WEBHOOKS
    tenant_finished_webhooks: int = MAX_TENANT_FINISHED_WEBHOOKS
    tenant_webhook_bytes: int = DEFAULT_TENANT_WEBHOOK_BYTES
    tenant_incident_bytes: int = DEFAULT_TENANT_INCIDENT_BYTES
    store_bytes: int = DEFAULT_STORE_BYTES

    @property
    def unused_subject_bytes(self) -> int:
        """Return what subjects of a tenant may weigh that no event is about any more."""
        return self.tenant_event_bytes // UNUSED_SHARE

    def of(self, quota: Quota) -> int:
        """Return the limit of a quota."""
        match quota:
            case Quota.EVENTS:
                return self.tenant_events
            case Quota.BYTES | Quota.SUBJECTS:
                return self.tenant_event_bytes
            case Quota.SERVICES:
                return self.tenant_services
            case Quota.WEBHOOKS:
                return self.tenant_webhook_bytes
            case Quota.INCIDENTS:
                return self.tenant_incident_bytes
            case Quota.OWN_WEBHOOKS:
                return self.waiting_webhooks
            case Quota.OWN_WEBHOOK_BYTES:
                return self.waiting_webhook_bytes
            case Quota.OWN_INCIDENTS:
                return self.incidents_per_integration
            case Quota.STORE:
                return self.store_bytes


class QuotaMet(msgspec.Struct, frozen=True):
    """A tenant, or an integration, met a quota, last at a time (seconds since the epoch)."""

    quota: Quota
    limit: int
    at: float


Added = bool | Quota
"""What became of an event: new (True), counted up (False), or refused for a quota."""
