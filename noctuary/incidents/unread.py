"""What came and could not be used: counted by integration, and told to the operator until a day after the last."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from noctuary.common import clock
from noctuary.common.metrics import Metrics
from noctuary.models.reports import ANSWERS, LEFT_OUT, WEBHOOK_URL, UnreadReport
from noctuary.routing.directory import RoutingDirectory
from noctuary.routing.forgetting import Forgetting

TOLD_FOR_S = 24 * 3600.0
"""Most accounts have an incident a day, or none: what was odd at night should be read in the morning."""
TELL_EVERY_S = 60.0
"""A count that grows with every request would be a write of the status each."""


@dataclass
class _Told:
    reports: tuple[UnreadReport, ...] = ()
    at: float = 0.0


class Unread:
    """Counts in memory: places and kinds are few, so an integration takes a few hundred bytes at most."""

    def __init__(self, metrics: Metrics, routing: RoutingDirectory) -> None:
        self._metrics = metrics
        self._counts: dict[str, dict[tuple[str, str], UnreadReport]] = {}
        self._told: dict[str, _Told] = {}
        self._forgetting = Forgetting(routing, self._counts, self._told)

    def note(self, integration_id: str, where: str, kind: str) -> None:
        """Count one request that came now."""
        self._metrics.unread.labels(where, kind).inc()
        self._count(integration_id, where, kind, 1)

    def note_signed(self, integration_id: str, kind: str) -> None:
        """Count a webhook that was accepted, and could not be used."""
        self._metrics.webhooks.labels("malformed").inc()
        self.note(integration_id, WEBHOOK_URL, kind)

    def left_out(self, integration_ids: Collection[str], items: int) -> None:
        """Count items of an answer of PagerDuty's that was for some integrations."""
        self._metrics.unread.labels(ANSWERS, LEFT_OUT).inc(items)
        for each in integration_ids:
            self._count(each, ANSWERS, LEFT_OUT, items)

    def _count(self, integration_id: str, where: str, kind: str, items: int) -> None:
        if self._forgetting.is_gone(integration_id):
            return
        now = clock.now()
        counts = self._counts.setdefault(integration_id, {})
        before = counts.get((where, kind))
        known = before is not None and before.last_at > now - TOLD_FOR_S
        count, since = (before.count, before.since) if known and before is not None else (0, now)
        counts[where, kind] = UnreadReport(where, kind, count + items, since, now)

    def changed(self, now: float) -> set[str]:
        """Return the integrations of which something else is to be told than before."""
        changed = set()
        for integration_id in list(self._counts):
            told = self._told.setdefault(integration_id, _Told())
            current = self._current(integration_id, now)
            is_new = _kinds(current) != _kinds(told.reports)
            if is_new or (current != told.reports and not 0 <= now - told.at < TELL_EVERY_S):
                self._told[integration_id] = _Told(current, now)
                changed.add(integration_id)
            if not current:
                del self._counts[integration_id], self._told[integration_id]
        return changed

    def told(self, integration_id: str) -> list[UnreadReport]:
        """Return what is told of an integration."""
        told = self._told.get(integration_id)
        return list(told.reports) if told is not None else []

    def _current(self, integration_id: str, now: float) -> tuple[UnreadReport, ...]:
        counts = self._counts[integration_id]
        for key in [key for key, each in counts.items() if each.last_at <= now - TOLD_FOR_S]:
            del counts[key]
        return tuple(counts[key] for key in sorted(counts))


def _kinds(reports: Iterable[UnreadReport]) -> set[tuple[str, str]]:
    return {(each.where, each.kind) for each in reports}
