"""The frozen evidence of an incident: what was diagnosed, what the alerts said, what could not be read."""

from typing import Any

import msgspec

from noctuary.models.evidence import AlertSummary
from noctuary.pagerduty.alert_labels.registry import targets_of
from noctuary.pagerduty.objects import Alert
from noctuary.pagerduty.webhook import time_or

MAX_ONSET_BEFORE_ALERT_S = 6 * 3600
"""A sender's start time much older than its alert belongs to an earlier episode."""
REOPENING_SLACK_S = 5.0
"""An alert that opened an incident anew may be dated a moment before the reopening."""
MAX_ALERT_BEFORE_INCIDENT_S = 3600
"""An alert so much older than its incident came with another one that was merged into it; a paused one waits less."""
MAX_ALERTS_READ = 100


def read_alerts(alerts: list[Alert], created_at: float, reopened_at: float | None = None) -> AlertSummary:
    """Sum up the alerts of an incident that was created at `created_at`; those of before a reopening set no time.

    Nor do those of long before the incident, where one is younger.
    """
    if not alerts:
        return AlertSummary()
    first = min(alerts, key=lambda alert: time_or(alert.created_at, created_at))
    begin = None if reopened_at is None else reopened_at - REOPENING_SLACK_S
    oldest = created_at - MAX_ALERT_BEFORE_INCIDENT_S if begin is None else begin
    current = [alert for alert in alerts if time_or(alert.created_at, created_at) >= oldest]
    current = current if current or begin is not None else alerts
    if not current:
        opened_before = time_or(first.created_at, created_at)
        return AlertSummary(
            len(alerts), first.summary or "", opened_before=opened_before, targets=targets_of(_open_of(alerts))
        )
    first = min(current, key=lambda alert: time_or(alert.created_at, created_at))
    opened_at = time_or(first.created_at, created_at)
    earliest = opened_at - MAX_ONSET_BEFORE_ALERT_S if begin is None else begin
    starts = [at for alert in current[:MAX_ALERTS_READ] for at in _starts(alert)]
    plausible = [at for at in starts if earliest <= at <= opened_at]
    targets = targets_of(_open_of(current[:MAX_ALERTS_READ]))
    return AlertSummary(len(alerts), first.summary or "", opened_at, min(plausible, default=None), targets=targets)


def _open_of(alerts: list[Alert]) -> list[Alert]:
    """Return the alerts that are not resolved; all where none is left: then the incident is about what they named."""
    return [alert for alert in alerts if alert.status != "resolved"] or alerts


def onset_of(alerts: AlertSummary, began_at: float) -> float:
    """Return when the trouble began: as the sender says, else when the first alert or the incident opened."""
    opened_at = alerts.opened_at if alerts.opened_at is not None else began_at
    return alerts.began_at if alerts.began_at is not None else min(opened_at, began_at)


def _starts(alert: Alert) -> list[float]:
    """Read Alertmanager's `startsAt` of the firing alerts, which newer versions send as JSON."""
    if alert.body is None:
        return []
    details = alert.body.details
    if not isinstance(details, dict) and isinstance(alert.body.cef_details, dict):
        details = alert.body.cef_details.get("details")
    firing = _decoded(details.get("firing")) if isinstance(details, dict) else None
    items = [item for item in firing if isinstance(item, dict)] if isinstance(firing, list) else []
    times = [time_or(item["startsAt"], -1.0) for item in items if isinstance(item.get("startsAt"), str)]
    return [at for at in times if at > 0]


def _decoded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.MsgspecError, RecursionError):
        return None  # older versions send text, which holds no times
