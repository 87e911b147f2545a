"""Alertmanager's and Grafana's own template: a block of text for each alert, with a line `- name = value` per label."""

from collections.abc import Iterator
from typing import Any

from noctuary.pagerduty.alert_labels.formats.details import MAX_ITEMS, Labels, texts_of

BEGIN = "labels:"


def alertmanager_text(details: Any) -> Iterator[Labels]:
    """Yield the labels of each block; its annotations are prose and stay unread."""
    for text in texts_of(details):
        yield from list(_blocks(text))[:MAX_ITEMS]


def _blocks(text: str) -> Iterator[Labels]:
    labels: dict[str, str] = {}
    is_within = False
    for line in text.splitlines():
        told = line.strip()
        if told.lower() == BEGIN:
            is_within = True
            if labels:
                yield labels
                labels = {}
        elif is_within and told.startswith("- ") and " = " in told:
            name, _, value = told[2:].partition(" = ")
            labels[name.strip()] = value
        elif told:
            is_within = False
    if labels:
        yield labels
