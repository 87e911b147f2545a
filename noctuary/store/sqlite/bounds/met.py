"""Who met a quota lately, a tenant or an integration: what metrics, senders and conditions are told of."""

from collections.abc import Mapping

from noctuary.common import clock
from noctuary.common.metrics import Metrics
from noctuary.store.limits import Quota, QuotaMet, StoreLimits

QUOTA_STANDS_S = 900.0
"""A quota that was not met for so long is not met any more: a flood in waves is one story."""


class QuotasMet:
    """Written by the store's thread, read by the event loop; a start fills it with who is full."""

    def __init__(self, limits: StoreLimits, metrics: Metrics) -> None:
        self._limits = limits
        self._metrics = metrics
        self._met: dict[str, QuotaMet] = {}

    def recall(self, full: Mapping[str, Quota]) -> None:
        """Take who is full by what is stored for who met a quota now."""
        for holder, quota in full.items():
            self._met[holder] = QuotaMet(quota, self._limits.of(quota), clock.now())

    def note(self, holder: str, quota: Quota, effect: str, rows: int = 1) -> None:
        """Count rows that were refused or pushed out (`effect`) for a quota; names that go hide no other quota."""
        self._metrics.over_quota.labels(quota.value, effect).inc(rows)
        stands = self.lately(clock.now()).get(holder) if quota is Quota.SUBJECTS else None
        if stands is None or stands.quota is quota:
            self.recall({holder: quota})

    def lately(self, now: float) -> dict[str, QuotaMet]:
        """Return the quotas that were met lately, by the name of the tenant or the id of the integration."""
        return {holder: met for holder, met in self._met.copy().items() if abs(now - met.at) < QUOTA_STANDS_S}

    def forget(self, now: float) -> None:
        """Forget what is not met any more; called now and then."""
        for holder, met in self._met.copy().items():
            if abs(now - met.at) >= QUOTA_STANDS_S:
                self._met.pop(holder, None)
