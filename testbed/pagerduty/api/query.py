"""Query parameters of the REST lists: paging, date ranges, filters and sorting."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.datastructures import QueryParams

from testbed.pagerduty.account.model import Incident, IncidentStatus
from testbed.pagerduty.api.errors import ApiError, invalid

DEFAULT_LIMIT = 25
MAX_LIMIT = 100
PAGING_WALL = 10_000
"""No page may reach beyond this many objects."""

DEFAULT_RANGE_MONTHS = 1
MAX_RANGE_MONTHS = 6

SORT_FIELDS: dict[str, Callable[[Incident], Any]] = {
    "incident_number": lambda incident: incident.number,
    "created_at": lambda incident: incident.created_at,
    "resolved_at": lambda incident: incident.resolved_at or datetime.max.replace(tzinfo=UTC),
    "urgency": lambda incident: incident.urgency,
}


@dataclass(frozen=True)
class Page:
    """Which part of a list is wanted."""

    limit: int
    offset: int
    total: bool

    def cut(self, name: str, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Return the answer that holds this page."""
        end = self.offset + self.limit
        return {
            name: list(items[self.offset : end]),
            "limit": self.limit,
            "offset": self.offset,
            "total": len(items) if self.total else None,
            "more": len(items) > end,
        }


def read_page(query: QueryParams) -> Page:
    """Read limit and offset; a limit above the maximum is cut to it. Raises ApiError."""
    limit = _integer(query, "limit", DEFAULT_LIMIT)
    offset = _integer(query, "offset", 0)
    if limit < 1 or offset < 0:
        raise invalid("limit must be positive and offset must not be negative")
    limit = min(limit, MAX_LIMIT)
    if limit + offset > PAGING_WALL:
        raise ApiError(400, 2002, "Arguments Caused Error", [f"offset plus limit must not exceed {PAGING_WALL}"])
    return Page(limit, offset, query.get("total") == "true")


def read_zone(query: QueryParams, default: tzinfo) -> tzinfo:
    """Read the zone in which times are shown and read. Raises ApiError."""
    name = query.get("time_zone")
    if name is None:
        return default
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise invalid(f"time_zone {name} is not a zone") from error


def read_range(query: QueryParams, now: datetime, zone: tzinfo) -> tuple[datetime, datetime] | None:
    """Read since and until, by default the last month; None means all time. Raises ApiError."""
    if query.get("date_range") == "all":
        return None
    until = _instant(query, "until", zone) or now
    since = _instant(query, "since", zone) or months_before(until, DEFAULT_RANGE_MONTHS)
    if since > until:
        raise invalid("since must be before until")
    if since < months_before(until, MAX_RANGE_MONTHS):
        raise invalid(f"since and until must not be more than {MAX_RANGE_MONTHS} months apart")
    return since, until


def read_statuses(query: QueryParams, allowed: Sequence[str]) -> frozenset[str]:
    """Read the statuses asked for, all by default. Raises ApiError."""
    asked = query.getlist("statuses[]")
    unknown = sorted(set(asked) - set(allowed))
    if unknown:
        raise invalid(f"statuses[] must be one of {', '.join(allowed)}, not {', '.join(unknown)}")
    return frozenset(asked or allowed)


def select_incidents(incidents: Sequence[Incident], query: QueryParams, now: datetime, zone: tzinfo) -> list[Incident]:
    """Return the incidents asked for, sorted. Raises ApiError."""
    bounds = read_range(query, now, zone)
    statuses = read_statuses(query, [str(status) for status in IncidentStatus])
    services, teams = set(query.getlist("service_ids[]")), set(query.getlist("team_ids[]"))
    key = query.get("incident_key")
    chosen = [
        incident
        for incident in incidents
        if incident.status in statuses
        and (not services or incident.service.id in services)
        and (not teams or any(team.id in teams for team in incident.teams))
        and (bounds is None or bounds[0] <= incident.created_at <= bounds[1])
        and (key is None or _has_key(incident, key))
    ]
    return _sorted(chosen, query.get("sort_by"))


def _has_key(incident: Incident, key: str) -> bool:
    return incident.incident_key == key or any(alert.alert_key == key for alert in incident.alerts)


def _sorted(incidents: list[Incident], sort_by: str | None) -> list[Incident]:
    fields = (sort_by or "incident_number").split(",")
    if len(fields) > 2:
        raise invalid("sort_by takes two fields at most")
    for entry in reversed(fields):
        name, _, direction = entry.partition(":")
        if name not in SORT_FIELDS or direction not in ("", "asc", "desc"):
            raise invalid(f"sort_by {entry} is not one of {', '.join(SORT_FIELDS)} with :asc or :desc")
        incidents = sorted(incidents, key=SORT_FIELDS[name], reverse=direction == "desc")
    return incidents


def months_before(instant: datetime, months: int) -> datetime:
    """Return the same day some months earlier, or that month's last day."""
    year, month0 = divmod(instant.year * 12 + instant.month - 1 - months, 12)
    for day in range(instant.day, 0, -1):
        try:
            return instant.replace(year=year, month=month0 + 1, day=day)
        except ValueError:  # the month is shorter
            continue
    raise AssertionError("every month has a first day")


def _integer(query: QueryParams, name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    try:
        return int(text)
    except ValueError as error:
        raise invalid(f"{name} must be a whole number, not {text}") from error


def _instant(query: QueryParams, name: str, zone: tzinfo) -> datetime | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid(f"{name} must be an ISO 8601 time, not {text}") from error
    return instant if instant.tzinfo else instant.replace(tzinfo=zone)
