"""Every limit of traffic that was met is counted, and said in the log now and then."""

from typing import Protocol

import structlog
from prometheus_client import Counter, Gauge

from noctuary.common.errors import NotReady
from noctuary.common.log import LogLimit

log = structlog.get_logger()


class TrafficMetrics(Protocol):
    """What is counted of a process's ports."""

    connections: Gauge
    """By port."""
    limits_met: Counter
    """By limit."""


class LimitsMet:
    """Tells of limits; the same one is logged a few times a minute at most."""

    def __init__(self, metrics: TrafficMetrics) -> None:
        self._counter = metrics.limits_met
        self._log_limit = LogLimit()

    def tell(self, limit: str, **values: object) -> None:
        """Count a limit that was met, with what the log line should name."""
        self._counter.labels(limit).inc()
        self._log_limit.write(log.warning, "Limit of traffic met", limit, limit=limit, **values)

    def refuse(self, limit: str, message: str, **values: object) -> NotReady:
        """Tell of a limit, and return the error for the sender, who may come again in a second."""
        self.tell(limit, **values)
        return NotReady(message, retry_after_s=1)
