"""Datadog's tags: `name:value`, as a list or in a text, and within the title and the message of a monitor."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from noctuary.pagerduty.alert_labels.formats.details import MAX_TEXT_CHARS, Labels, fields_of

_TAG = re.compile(r"(?<![a-z0-9_.-])((?:kube_[a-z_]{2,40})|pod_name|container_name):([A-Za-z0-9.-]{1,253})")
"""Only tags that are Datadog's for Kubernetes: in prose, `service: down` is no tag."""
_TAG_FIELDS = ("tags", "scope", "alert_scope", "event_tags")


def datadog(details: Any) -> Iterator[Labels]:
    """Yield the tags of the monitor's own fields, with those in its texts that they do not tell."""
    fields = fields_of(details)
    tags = [tag.strip().partition(":")[::2] for name in _TAG_FIELDS for tag in _listed(fields.get(name))]
    texts = [details] if isinstance(details, str) else fields.values()
    told = [pair for text in texts if isinstance(text, str) for pair in _TAG.findall(text[:MAX_TEXT_CHARS])]
    yield _first([*tags, *told])


def _listed(value: Any) -> list[str]:
    if isinstance(value, str):
        return value[:MAX_TEXT_CHARS].replace(" ", ",").split(",")
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _first(pairs: Iterable[tuple[str, ...]]) -> dict[str, str]:
    """Return the first value of each tag: a monitor over several pods names the worst one first."""
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found
