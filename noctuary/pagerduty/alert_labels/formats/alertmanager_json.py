"""Alerts as JSON: newer Alertmanagers' `firing`, OpenShift's `firing_json`, a webhook's body as details."""

from collections.abc import Iterator
from typing import Any

from noctuary.pagerduty.alert_labels.formats.details import Labels, fields_of, objects_in

_LISTS = ("firing", "firing_json", "alerts")
_COMMON = ("commonLabels", "groupLabels")


def alertmanager_json(details: Any) -> Iterator[Labels]:
    """Yield the labels of each alert that fires, else those that the whole group has in common."""
    fields = fields_of(details)
    lists = [fields.get(name) for name in _LISTS] if fields else [details]
    alerts = [alert for each in lists for alert in objects_in(each)]
    found = [alert["labels"] for alert in alerts if _fires(alert) and isinstance(alert.get("labels"), dict)]
    common = [fields[name] for name in _COMMON if isinstance(fields.get(name), dict)]
    yield from found or common


def _fires(alert: Labels) -> bool:
    return str(alert.get("status", "firing")).lower() not in ("resolved", "normal", "ok")
