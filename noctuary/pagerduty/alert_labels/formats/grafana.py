"""What only Grafana sends: the labels within `valueString`, and the tags of `evalMatches` of its older alerting."""

import re
from collections.abc import Iterator
from typing import Any

from noctuary.pagerduty.alert_labels.formats.details import MAX_ITEMS, MAX_TEXT_CHARS, Labels, fields_of, objects_in

_LABELS = re.compile(r"labels=\{([^{}]{0,2000})\}")


def grafana(details: Any) -> Iterator[Labels]:
    """Yield the labels of each value that fires."""
    fields = fields_of(details)
    for match in objects_in(fields.get("evalMatches")):
        if isinstance(match.get("tags"), dict):
            yield match["tags"]
    told = [fields, *objects_in(fields.get("alerts"))]
    for text in (each.get("valueString") for each in told):
        if isinstance(text, str):
            for found in _LABELS.findall(text[:MAX_TEXT_CHARS])[:MAX_ITEMS]:
                yield dict(_pairs(found))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split(","):
        name, separator, value = part.partition("=")
        if separator:
            yield name.strip(), value.strip()
