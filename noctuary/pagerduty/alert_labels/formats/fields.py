"""Details that name the things in fields of their own: people's own templates, OpenTelemetry, New Relic and others."""

from collections.abc import Iterator
from typing import Any

from noctuary.pagerduty.alert_labels.formats.details import MAX_ITEMS, Labels, decoded, fields_of, objects_in

MAX_DEPTH = 3
"""Objects within objects that are searched."""
_PROSE = ("annotations", "resolved")


def fields(details: Any) -> Iterator[Labels]:
    """Yield the fields of the details, each time with those of one object within them."""
    yield from list(_sets(fields_of(details), {}, MAX_DEPTH))[:MAX_ITEMS]


def _sets(told: Labels, around: Labels, depth: int) -> Iterator[Labels]:
    own = dict(around) | {name: value for name, value in told.items() if isinstance(value, str)}
    inner = [each for name, value in told.items() if name not in _PROSE for each in _objects(value)]
    if not inner or depth <= 1:
        yield own
        return
    for each in inner[:MAX_ITEMS]:
        yield from _sets(each, own, depth - 1)


def _objects(value: Any) -> list[Labels]:
    found = decoded(value)
    return [found] if isinstance(found, dict) else list(objects_in(found))
