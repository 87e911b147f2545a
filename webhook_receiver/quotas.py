"""Quotas of a tenant, as the sender of an event and the operator are told of them."""

from collections.abc import Mapping, Sequence
from itertools import count

from noctuary.models.reports import QuotaReport
from noctuary.sources.posted import Batch, ItemError
from noctuary.store.limits import Added, Quota, QuotaMet

RETRY_AFTER_S = 300
"""Events of the tenant have to expire first, or somebody has to send fewer."""
PROBLEMS = {
    Quota.EVENTS: "the namespace keeps as many events as it may",
    Quota.BYTES: "the namespace keeps as many bytes of events as it may",
    Quota.SERVICES: "the namespace has as many names of services as it may",
    Quota.STORE: "the store is nearly full, and the namespace keeps more than others",
}
FIXES = {
    Quota.EVENTS: "send fewer events or a shorter ttl_seconds, or have the chart's limits.tenantEvents raised",
    Quota.BYTES: "send shorter texts or a shorter ttl_seconds, or have the chart's limits.tenantEventBytes raised",
    Quota.SERVICES: "name services, not their instances, or have the chart's limits.tenantServices raised",
    Quota.STORE: "send fewer events, or have the volume and the chart's limits.storeBytes made larger",
}


def refused_items(batch: Batch, added: Sequence[Added]) -> list[ItemError]:
    """Return the errors of a batch with those of the events that a quota refused, in the order of the items."""
    if not any(isinstance(each, Quota) for each in added):
        return batch.errors
    known = {error.index for error in batch.errors}
    places = (index for index in count() if index not in known)
    refused = [
        ItemError(index, f"quota.{quota.value}", PROBLEMS[quota], FIXES[quota])
        for index, quota in zip(places, added, strict=False)
        if isinstance(quota, Quota)
    ]
    return sorted([*batch.errors, *refused], key=lambda error: error.index)


class QuotaReports:
    """What is told to the operator of the quotas of tenants and integrations, and whose changed since it was told."""

    def __init__(self) -> None:
        self._told: dict[str, Quota] = {}
        self._met: Mapping[str, QuotaMet] = {}

    def changed(self, met: Mapping[str, QuotaMet]) -> set[str]:
        """Take what is met now; return the holders that meet another quota than before, or none any more."""
        now = {holder: each.quota for holder, each in met.items()}
        changed = {holder for holder in now.keys() | self._told.keys() if now.get(holder) is not self._told.get(holder)}
        self._told, self._met = now, met
        return changed

    def of(self, integration_id: str, tenant: str) -> QuotaReport | None:
        """Return what an integration shows: its own quota, else its tenant's."""
        met = self._met.get(integration_id) or self._met.get(tenant)
        return None if met is None else QuotaReport(met.quota.value, met.limit)
