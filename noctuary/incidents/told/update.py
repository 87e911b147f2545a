"""What is told of one incident of one integration, and the incident as it is told."""

import msgspec

from noctuary.common import clock
from noctuary.incidents.told.sightings import Sighting
from noctuary.incidents.told.states import LISTING_PRECISION_S, apply_sighting, believed, confirmed
from noctuary.incidents.trust.notes import endpoint_of
from noctuary.incidents.trust.witness import Answer
from noctuary.models.evidence import Evidence
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.models.routing_record import RoutingRecord
from noctuary.models.suspension import was_suspended
from noctuary.store.changes import Mutation

REPLAYED_S = 48 * 3600.0
"""PagerDuty gives up a webhook after 48 hours: one that tells of an incident resolved before was kept by somebody."""


class Found(msgspec.Struct):
    """What was found by asking: kept for as long as an update is decided, so that nothing is asked twice."""

    answer: Answer | None = None
    first: Evidence | None = None

    @property
    def is_in_vain(self) -> bool:
        """Whether PagerDuty was asked and showed nothing."""
        return self.answer is not None and self.answer.shown is None


class Told(msgspec.Struct, frozen=True):
    """What is told at once of an incident of one integration, and what commits with it.

    No sightings: it is only decided anew.
    """

    record: RoutingRecord
    incident_id: str
    sightings: list[Sighting]
    done: tuple[Mutation, ...] = ()
    look_first: bool = False
    found: Found = msgspec.field(default_factory=Found)

    @property
    def is_asked(self) -> bool:
        """Whether PagerDuty's API told it."""
        return bool(self.sightings) and self.sightings[-1].is_asked

    @property
    def claimed_service(self) -> str:
        """The service that the latest webhook told; empty when it told none."""
        return self.sightings[-1].service_id if self.sightings and not self.is_asked else ""


def as_told(row: IncidentRow | None, told: Told) -> IncidentRow | None:
    """Return an incident as it is told; what PagerDuty's API tells first overrules all that was claimed."""
    api_url = endpoint_of(told.record.api_url)
    row = msgspec.structs.replace(row) if row is not None else None
    for seen in told.sightings:
        if seen.is_asked and (row is None or row.confirmed_at is None):
            blank = IncidentRow(integration_id=told.record.id, incident_id=seen.incident_id, api_url=api_url)
            row = confirmed(row or blank, seen)
            row.is_doubted = False
        elif row is not None and row.confirmed_at is not None and not seen.is_asked and told.record.api_token:
            row = believed(row, seen, told.record.scope, clock.now())
        else:
            row = apply_sighting(row, seen, api_url, told.record.id)
            row.is_doubted = row.is_doubted or (row.confirmed_at is not None and not seen.is_asked)
    return row


def is_silent(told: Told, row: IncidentRow, note: NoteRow | None) -> bool:
    """Tell whether what is over begins no note: it ended during a suspension, or is told again long after."""
    if note is not None or row.status != "resolved":
        return False
    now, resolved_at = clock.now(), row.resolved_at or 0.0
    is_replay = not told.is_asked and resolved_at < now - REPLAYED_S
    return is_replay or was_suspended(told.record.suspensions, _exact_end(row, resolved_at), now)


def _exact_end(row: IncidentRow, resolved_at: float) -> float:
    """Return when an incident ended, to the millisecond where a webhook told it: answers are cut to the second."""
    return row.last_event_at if 0 <= row.last_event_at - resolved_at < LISTING_PRECISION_S else resolved_at
