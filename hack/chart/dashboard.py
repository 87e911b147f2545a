"""Make the Grafana dashboard from a table of panels."""

import json
from typing import Any, NamedTuple

_WIDTH = 8
_HEIGHT = 7
_COLUMNS = 24 // _WIDTH
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_IN = 'namespace=~"$namespace"'


class Panel(NamedTuple):
    """One graph: title, unit of Grafana, and its queries with their legends."""

    title: str
    unit: str
    queries: dict[str, str]


def _quantile(metric: str, by: str = "le") -> dict[str, str]:
    rate = f"sum by ({by}) (rate({metric}_bucket{{{_IN}}}[$__rate_interval]))"
    return {name: f"histogram_quantile({q}, {rate})" for name, q in (("p50", "0.5"), ("p99", "0.99"))}


def _rate(metric: str, by: str) -> dict[str, str]:
    return {f"{{{{{by}}}}}": f"sum by ({by}) (rate({metric}_total{{{_IN}}}[$__rate_interval]))"}


PANELS = (
    Panel("Incident to note", "s", _quantile("noctuary_note_seconds")),
    Panel("Webhooks by outcome", "reqps", _rate("noctuary_webhooks", "outcome")),
    Panel("Time to answer a webhook", "s", _quantile("noctuary_ack_seconds")),
    Panel("Notes by outcome", "ops", _rate("noctuary_notes", "outcome")),
    Panel("What waits", "short", {"{{queue}}": f"max by (queue) (noctuary_queue_depth{{{_IN}}})"}),
    Panel("Oldest webhook not processed", "s", {"age": f"max(noctuary_oldest_webhook_seconds{{{_IN}}})"}),
    Panel("Calls to PagerDuty by outcome", "reqps", _rate("noctuary_pagerduty_calls", "outcome")),
    Panel(
        "Incidents whose webhook never came",
        "short",
        {"found": f"sum(increase(noctuary_incidents_found_by_comparison_total{{{_IN}}}[$__rate_interval]))"},
    ),
    Panel("Events stored by source", "ops", _rate("noctuary_events", "source")),
    Panel("Age of each watch", "s", {"{{resource}}": f"max by (resource) (noctuary_watch_age_seconds{{{_IN}}})"}),
    Panel("Change to commit", "s", _quantile("noctuary_watch_lag_seconds")),
    Panel("Receivers that watch the cluster", "short", {"watching": f"sum(noctuary_watching{{{_IN}}})"}),
    Panel("Reconciles by result", "ops", _rate("noctuary_operator_reconciles", "result")),
    Panel("Duration of a reconcile", "s", _quantile("noctuary_operator_reconcile_seconds")),
    Panel("Writes to the Kubernetes API by kind", "ops", _rate("noctuary_operator_api_writes", "kind")),
)


def dashboard() -> str:
    """Return the dashboard as JSON."""
    content = {
        "uid": "noctuary",
        "title": "Noctuary",
        "tags": ["noctuary"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [_datasource_variable(), _namespace_variable()]},
        "panels": [_panel(number, panel) for number, panel in enumerate(PANELS)],
    }
    return json.dumps(content, indent=1) + "\n"


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(number, _COLUMNS)
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + place), "datasource": _SOURCE, "expr": query, "legendFormat": legend}
            for place, (legend, query) in enumerate(panel.queries.items())
        ],
    }


def _datasource_variable() -> dict[str, Any]:
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}


def _namespace_variable() -> dict[str, Any]:
    query = "label_values(noctuary_watching, namespace)"
    return {
        "name": "namespace",
        "label": "Namespace",
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": query, "refId": "namespace"},
        "refresh": 2,
        "includeAll": True,
        "allValue": ".*",
        "multi": True,
    }
