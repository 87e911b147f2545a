"""All forms in which labels come, and what the alerts of an incident name in them."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from noctuary.models.evidence import AlertTarget
from noctuary.pagerduty.alert_labels.formats.alertmanager_json import alertmanager_json
from noctuary.pagerduty.alert_labels.formats.alertmanager_text import alertmanager_text
from noctuary.pagerduty.alert_labels.formats.datadog import datadog
from noctuary.pagerduty.alert_labels.formats.details import Labels, decoded
from noctuary.pagerduty.alert_labels.formats.fields import fields
from noctuary.pagerduty.alert_labels.formats.grafana import grafana
from noctuary.pagerduty.alert_labels.names import target_of
from noctuary.pagerduty.objects import Alert

FORMATS: tuple[Callable[[Any], Iterator[Labels]], ...] = (
    alertmanager_json,
    alertmanager_text,
    grafana,
    datadog,
    fields,
)
"""In the order in which they are asked: the first that names anything counts, since the later ones are vaguer."""
MAX_TARGETS = 20
"""Of one incident: alerts about more things than these are about none of them."""


def targets_of(alerts: Iterable[Alert]) -> list[AlertTarget]:
    """Return what alerts name, each thing once; a namespace alone only where nothing in it is named."""
    found = dict.fromkeys(target for alert in alerts for target in _named_by(alert))
    inhabited = {target.namespace for target in found if target.kinds}
    return [target for target in found if target.kinds or target.namespace not in inhabited][:MAX_TARGETS]


def _named_by(alert: Alert) -> list[AlertTarget]:
    """Return what an alert names in its details, else in those of its event, else in the event's own fields."""
    if alert.body is None:
        return []
    event = alert.body.cef_details
    inner = event.get("details") if isinstance(event, dict) else None
    named = (_named(decoded(body)) for body in (alert.body.details, inner, event))
    return next(filter(None, named), [])


def _named(details: Any) -> list[AlertTarget]:
    for form in FORMATS:
        found = [target for labels in form(details) if (target := target_of(labels)) is not None]
        if found:
            return found
    return []
