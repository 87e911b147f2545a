"""Alerts as the Events API leaves them on an incident."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from testbed.pagerduty.account import ids
from testbed.pagerduty.account.model import Alert

KNOWN_FIELDS = frozenset(
    {"summary", "alert_key", "severity", "created_at", "details", "cef_details", "contexts", "status"}
)
"""What a caller may say of an alert; everything else is a slip of the pen and refused."""


def make_alert(given: Mapping[str, Any], title: str, custom_details: Any, now: datetime) -> Alert:
    """Build one alert from what the caller said; the rest is filled in as for an event sent a moment ago.

    Raises ValueError naming a field that no alert has.
    """
    unknown = sorted(set(given) - KNOWN_FIELDS)
    if unknown:
        raise ValueError(f"an alert has no field {', '.join(unknown)}: use {', '.join(sorted(KNOWN_FIELDS))}")
    summary = str(given.get("summary", title))
    alert_key = str(given.get("alert_key") or ids.long_id().lower())
    severity = str(given.get("severity", "critical"))
    details = given.get("details", custom_details if custom_details is not None else {})
    contexts = list(given.get("contexts", []))
    return Alert(
        id=ids.long_id(),
        summary=summary,
        alert_key=alert_key,
        severity=severity,
        created_at=_instant(given.get("created_at"), now),
        details=details,
        cef_details=given.get("cef_details", _cef(summary, alert_key, severity, details, contexts)),
        contexts=contexts,
        status=str(given.get("status", "triggered")),
    )


def _instant(given: Any, now: datetime) -> datetime:
    if given is None or isinstance(given, datetime):
        return given or now
    return datetime.fromisoformat(str(given))


def _cef(summary: str, alert_key: str, severity: str, details: Any, contexts: list[Any]) -> dict[str, Any]:
    return {
        "client": None,
        "client_url": None,
        "contexts": contexts,
        "dedup_key": alert_key,
        "description": summary,
        "details": details,
        "severity": severity,
        "source_origin": "simulator",
    }
