"""What the attacker does in one cell, as data: generated webhooks, events, Secrets, resources and annotations."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

BEFORE, AFTER = "before the victim hears of it", "after the victim's note"

FACTORS: Mapping[str, Sequence[str]] = {
    "event_type": (
        "incident.triggered",
        "incident.acknowledged",
        "incident.resolved",
        "incident.reopened",
        "incident.service_updated",
        "incident.annotated",
        "incident.priority_updated",
    ),
    "moment": (BEFORE, AFTER),
    "when": ("now", "year 9999", "1970"),
    "service": ("victim's", "attacker's"),
    "host": ("victim's", "attacker's", "elsewhere"),
    "subject": ("victim's incident", "own incident", "invented incident"),
}
"""What a signed webhook can say, and when."""

EVENT_MOVES = ("same service and entity", "same dedup key", "dated next year", "names the victim's namespace")
SECRET_MOVES = (
    "labelled as the victim's",
    "as a routing record",
    "as the internal token",
    "named as the victim's",
    "owned by the victim's resource",
)
RESOURCE_MOVES = (
    "same name and host",
    "maps the victim's namespace",
    "API elsewhere",
    "the victim's Secret by name",
    "the victim's id in its webhook Secret",
    "route annotations",
    "TLS of the release",
    "created and deleted",
)
ADDRESS_MOVES = (
    "the victim's id with own token",
    "own id with a path to the victim's",
    "ingest key as a token",
    "the victim's URL, own signature",
)
ANNOTATION_MOVES = ("own namespace allows the victim", "own resource carries our annotations")


@dataclass(frozen=True)
class Move:
    """One thing that an attacker does."""

    kind: str
    name: str
    moment: str = BEFORE
    said: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Name it in results."""
        return f"{self.kind}: {self.name} ({self.moment})"


CONTROL = Move("nothing", "the victim alone")


def all_moves() -> list[Move]:
    """Generate every move; pairwise coverage of what a webhook can say, in full for all others."""
    webhooks = [Move("webhook", _words(row), row["moment"], row) for row in pairwise(FACTORS)]
    listed = {
        "event": EVENT_MOVES,
        "secret": SECRET_MOVES,
        "resource": RESOURCE_MOVES,
        "address": ADDRESS_MOVES,
        "annotation": ANNOTATION_MOVES,
    }
    others = [Move(kind, name) for kind, names in listed.items() for name in names]
    return [CONTROL, *webhooks, *others, CONTROL]


def _words(row: Mapping[str, str]) -> str:
    return f"{row['event_type']} of {row['subject']}, {row['service']} service, {row['host']} host, {row['when']}"


def pairwise(factors: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Return few rows in which every two values of different factors meet at least once (greedy, always the same)."""
    names = list(factors)
    rows = [dict(zip(names, values, strict=True)) for values in itertools.product(*factors.values())]
    missing = {pair for row in rows for pair in _pairs_of(row)}
    chosen: list[dict[str, str]] = []
    while missing:
        best = max(rows, key=lambda row: len(missing & _pairs_of(row)))
        chosen.append(best)
        missing -= _pairs_of(best)
    return chosen


def _pairs_of(row: Mapping[str, str]) -> set[tuple[tuple[str, str], tuple[str, str]]]:
    return set(itertools.combinations(row.items(), 2))
