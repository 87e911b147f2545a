"""The operator's own metrics: names, help and labels in one place."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

DURATION_BUCKETS_S = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0)
"""From a reconcile that changes nothing to one that waits for a slow API server."""


class OperatorMetrics:
    """All metrics on a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.reconciles = Counter(
            "noctuary_operator_reconciles", "Reconciles by result.", ["result"], registry=self.registry
        )
        self.duration = Histogram(
            "noctuary_operator_reconcile_seconds",
            "Duration of one reconcile.",
            buckets=DURATION_BUCKETS_S,
            registry=self.registry,
        )
        self.queue_depth = Gauge(
            "noctuary_operator_queue_depth", "Integrations waiting for work.", registry=self.registry
        )
        self.writes = Counter(
            "noctuary_operator_api_writes", "Writes to the Kubernetes API by kind.", ["kind"], registry=self.registry
        )
        self.secret_reads = Counter(
            "noctuary_operator_secret_reads", "Values of referenced Secrets read.", registry=self.registry
        )
        self.receiver_up = Gauge(
            "noctuary_operator_receiver_up", "Whether the receiver answered the last poll.", registry=self.registry
        )
        self.working = Gauge(
            "noctuary_operator_working", "Whether it has the Lease, and its caches are filled.", registry=self.registry
        )
        self.events_failed = Counter(
            "noctuary_operator_events_failed", "Kubernetes Events that could not be posted.", registry=self.registry
        )
        self.namespace_served = Gauge(
            "noctuary_operator_namespace_served",
            "Whether a namespace of watchNamespaces can be read (0 or 1), by namespace; absent where all are watched.",
            ["watched_namespace"],  # `namespace` is the label that Prometheus gives every sample itself
            registry=self.registry,
        )
        self.connections = Gauge(
            "noctuary_operator_connections",
            "Open connections, by port (health: 1 value).",
            ["port"],
            registry=self.registry,
        )
        self.limits_met = Counter(
            "noctuary_operator_limits_met",
            "Limits of traffic at the health port that were met, by limit (connections, head_bytes, head_time, "
            "heads_bytes, url_bytes, framing_bytes, unasked_bytes, message_time, answer_time, pipelining, malformed: "
            "11 values).",
            ["limit"],
            registry=self.registry,
        )
