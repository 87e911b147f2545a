"""The receiver's metrics in one place; each help text names its labels and how many values they have."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

ACK_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
"""PagerDuty gives a webhook 5 s; the aim is 10 ms."""
NOTE_BUCKETS_S = (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 1800)
"""The promise is one second; what an outage delays can take an hour."""


class Metrics:
    """All metrics of a receiver, in a registry of its own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._webhooks()
        self._ports()
        self._notes()
        self._sources()
        self._store()

    def _webhooks(self) -> None:
        self.webhooks = Counter(
            "noctuary_webhooks",
            "Webhooks by outcome (accepted, duplicate, unknown_token, bad_signature, malformed, too_large, foreign, "
            "not_ready: 8 values).",
            ["outcome"],
            registry=self.registry,
        )
        self.unread = Counter(
            "noctuary_unread",
            "What came and could not be used: signed webhooks, payloads of other systems, items of PagerDuty's lists, "
            "by where (webhook_url, events, answers: 3 values) and kind (unreadable, unsigned, left_out, or the "
            "system's: 11 values).",
            ["where", "kind"],
            registry=self.registry,
        )
        self.ack_seconds = Histogram(
            "noctuary_ack_seconds",
            "Seconds from the first byte of a request to the last byte of its answer, by route (webhook, events: 2 "
            "values).",
            ["route"],
            buckets=ACK_BUCKETS_S,
            registry=self.registry,
        )
        self.queue_depth = Gauge(
            "noctuary_queue_depth",
            "What waits, by queue (inbox, notes, store_writes: 3 values).",
            ["queue"],
            registry=self.registry,
        )
        self.oldest_webhook_seconds = Gauge(
            "noctuary_oldest_webhook_seconds",
            "Age of the oldest webhook that is not processed yet, in seconds.",
            registry=self.registry,
        )
        self.found_by_comparison = Counter(
            "noctuary_incidents_found_by_comparison",
            "Incidents whose webhook never came and that the backfill from PagerDuty's list found.",
            registry=self.registry,
        )

    def _ports(self) -> None:
        self.connections = Gauge(
            "noctuary_connections",
            "Open connections, by port (public, internal: 2 values).",
            ["port"],
            registry=self.registry,
        )
        self.limits_met = Counter(
            "noctuary_limits_met",
            "Limits of traffic that were met, by limit (connections, head_bytes, head_time, heads_bytes, url_bytes, "
            "framing_bytes, unasked_bytes, message_time, answer_time, pipelining, malformed, bodies_bytes, events: "
            "13 values).",
            ["limit"],
            registry=self.registry,
        )

    def _notes(self) -> None:
        self.note_seconds = Histogram(
            "noctuary_note_seconds",
            "Seconds from an incident's occurred_at to its first note at PagerDuty.",
            buckets=NOTE_BUCKETS_S,
            registry=self.registry,
        )
        self.notes = Counter(
            "noctuary_notes",
            "Note writes by outcome (created, edited, adopted, double_deleted, refused, gone, retried: 7 values).",
            ["outcome"],
            registry=self.registry,
        )
        self.pagerduty_calls = Counter(
            "noctuary_pagerduty_calls",
            "Calls to PagerDuty by name (8 values) and outcome (ok, refused, rate_limited, failed, lost: 5 values).",
            ["call", "outcome"],
            registry=self.registry,
        )

    def _sources(self) -> None:
        self.events = Counter(
            "noctuary_events",
            "ContextEvents by source (kubernetes, api: 2 values) and outcome (stored, repeated, refused: 3 values).",
            ["source", "outcome"],
            registry=self.registry,
        )
        self.watch_lag_seconds = Histogram(
            "noctuary_watch_lag_seconds",
            "Seconds from a change in the cluster (its own time stamp) to its commit in the store.",
            buckets=ACK_BUCKETS_S,
            registry=self.registry,
        )
        self.watch_restarts = Counter(
            "noctuary_watch_restarts",
            "Watches restarted, by resource (8 values; with watchNamespaces 6 per namespace, as NAMESPACE/resource).",
            ["resource"],
            registry=self.registry,
        )
        self.watch_age_seconds = Gauge(
            "noctuary_watch_age_seconds",
            "Seconds since a watch was last known to be current, by resource (9 values; with watchNamespaces 6 per "
            "namespace, as NAMESPACE/resource).",
            ["resource"],
            registry=self.registry,
        )
        self.watching = Gauge(
            "noctuary_watching",
            "Whether this receiver holds the Lease and watches the cluster (0 or 1).",
            registry=self.registry,
        )

    def _store(self) -> None:
        self.over_quota = Counter(
            "noctuary_store_over_quota",
            "Rows beyond a quota of a tenant or an integration, by quota (events, bytes, services, subject_bytes, "
            "webhook_bytes, incident_bytes, waiting_webhooks, waiting_webhook_bytes, incidents, store_bytes: "
            "10 values) and what became of them (refused: posted events, webhooks, incidents; pushed_out: made room: "
            "2 values).",
            ["quota", "effect"],
            registry=self.registry,
        )
        self.swept = Counter(
            "noctuary_store_swept",
            "Rows deleted because nobody can see them any more, by kind (events, webhooks, incidents: 3 values).",
            ["kind"],
            registry=self.registry,
        )
        self.damaged_rows = Counter(
            "noctuary_store_damaged_rows",
            "Rows that could not be decoded and were set aside, by table (6 values).",
            ["table"],
            registry=self.registry,
        )

    def count_pagerduty_call(self, call: str, outcome: str) -> None:
        """Count one call to PagerDuty."""
        self.pagerduty_calls.labels(call, outcome).inc()
