"""When a recording was made: what it says itself, else the latest time that it tells of."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from noctuary.common.clock import parse_time
from noctuary.common.errors import InvalidInput
from noctuary_cli.replay.bundle import Bundle, Json

TIMES = frozenset(
    {
        *("creationTimestamp", "deletionTimestamp", "lastTransitionTime", "lastUpdateTime", "lastHeartbeatTime"),
        *("lastProbeTime", "startedAt", "finishedAt", "startTime", "completionTime", "time", "firstTimestamp"),
        *("lastTimestamp", "eventTime", "lastScheduleTime", "lastSuccessfulTime", "lastScaleTime", "renewTime"),
        *("lastObservedTime",),
    }
)
"""Fields of objects that tell of something that happened, and never of what is to come."""
MAX_DEPTH = 40
AT_HAND = "write it as 2026-01-31T14:02:11Z"
LATEST = 4_102_444_800.0
"""The year 2100: later than that no recording is."""
LATEST_AFTER_S = 7 * 24 * 3600.0
"""A time later than this after the incident is of a clock that was wrong, not of the recording."""


def time_of(value: Any, field: str) -> float:
    """Return a time as seconds since the epoch, told as RFC 3339 or as such seconds. Raises InvalidInput."""
    try:
        at = _seconds(value)
    except (ValueError, OverflowError):
        raise InvalidInput(field, "is not a time", AT_HAND) from None
    if not 0 <= at <= LATEST:
        raise InvalidInput(field, "is not a time since 1970", AT_HAND)
    return at


def _seconds(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, datetime):  # as YAML reads it
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return parse_time(str(value))


def triggered_at(incident: Json) -> float:
    """Return when the incident was triggered. Raises InvalidInput where that is not told."""
    told = incident.get("triggered_at") or incident.get("created_at")
    if told is None:
        raise InvalidInput("incident.triggered_at", "is missing", AT_HAND)
    return time_of(told, "incident.triggered_at")


def captured_at(bundle: Bundle) -> float:
    """Return when a bundle was recorded. Raises InvalidInput where it tells that in a way that is no time."""
    began = triggered_at(bundle.incident)
    told = bundle.incident.get("captured_at")
    if told is not None:
        return time_of(told, "incident.captured_at")
    return max([began, *(at for at in _seen(bundle.objects) if at <= began + LATEST_AFTER_S)])


def _seen(objects: Iterable[Json]) -> Iterator[float]:
    for obj in objects:
        yield from _times(obj, 0)


def _times(value: Any, depth: int) -> Iterator[float]:
    if depth > MAX_DEPTH:
        return
    if isinstance(value, list):
        for each in value:
            yield from _times(each, depth + 1)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name in TIMES and isinstance(each, str):
                try:
                    yield parse_time(each)
                except (ValueError, OverflowError):
                    continue
            elif name != "fieldsV1":
                yield from _times(each, depth + 1)
