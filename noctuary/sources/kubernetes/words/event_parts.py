"""What is read of an Event: only what its grammar allows, with the count and the times that can be true."""

from datetime import datetime

import msgspec

from noctuary.common.text import cut
from noctuary.kube.objects import KubeObject, Struct, seconds
from noctuary.sources.kubernetes.words.edge import PATH_LIMIT, code_word, is_reference


class ObjectReference(Struct):
    """What an Event is about."""

    api_version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    field_path: str = ""


class EventSeries(Struct):
    """How often an Event was repeated."""

    count: int = 0
    last_observed_time: datetime | None = None


class EventParts(KubeObject):
    """The fields of an Event, in the old form (count, lastTimestamp) and the new (series, eventTime)."""

    involved_object: ObjectReference = msgspec.field(default_factory=ObjectReference)
    type: str = ""
    reason: str = ""
    message: str = ""
    count: int = 0
    first_timestamp: datetime | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None
    series: EventSeries | None = None


def bound(event: EventParts) -> bool:
    """Cut an Event's texts to what is read of them; tell whether it is about an object, for a reason.

    Whoever may write Events in any namespace chooses all of these, and the API server bounds none.
    """
    subject = event.involved_object
    event.reason = code_word(event.reason)
    event.message = cut(event.message)
    return (
        bool(event.reason)
        and len(subject.field_path) <= PATH_LIMIT
        and subject.namespace in ("", event.metadata.namespace)
        and is_reference(subject.kind, event.metadata.namespace, subject.name, subject.uid)
    )


def count_of(event: EventParts) -> int:
    """Return how often an Event was seen."""
    return max(event.count, event.series.count if event.series else 0)


def told_first_time(event: EventParts) -> float:
    """Return when an Event was first seen as its sender tells it: true for one that expired and is counted on."""
    return seconds(event.first_timestamp) or seconds(event.event_time) or last_time(event)


def is_dated_back(event: EventParts) -> bool:
    """Return whether an Event tells of a time before the API server made it."""
    told = event.first_timestamp or event.event_time or event.last_timestamp
    made = event.metadata.creation_timestamp
    return told is not None and made is not None and told < made


def first_time(event: EventParts) -> float:
    """Return since when an Event is known: not before the API server made it, for one dated back would acquit."""
    return seconds(event.metadata.creation_timestamp) if is_dated_back(event) else told_first_time(event)


def last_time(event: EventParts) -> float:
    """Return when an Event was last seen, in whichever form it says so."""
    observed = seconds(event.series.last_observed_time) if event.series else 0.0
    return max(observed, seconds(event.last_timestamp), seconds(event.event_time)) or seconds(
        event.metadata.creation_timestamp
    )
