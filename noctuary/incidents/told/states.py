"""The state of an incident from events that may come late, twice or in any order: an older event never wins."""

import msgspec

from noctuary.incidents.told.sightings import RANK, Sighting, account_of
from noctuary.models.incident import IncidentRow
from noctuary.models.routing_record import Scope
from noctuary.pagerduty.webhook import MAX_AHEAD_S

LISTING_PRECISION_S = 1.0
"""The incidents list gives times cut to the second, webhooks give milliseconds."""
SAME_REOPENING_S = 2.0
"""A webhook tells its time to the millisecond, the log of the incident to the second, and neither by the same clock."""
SETTLED_S = 60.0
"""A list tells of a move only when nothing else was told so shortly before: PagerDuty's clock is not ours."""


def apply_sighting(row: IncidentRow | None, seen: Sighting, api_url: str, integration_id: str) -> IncidentRow:
    """Return the incident as it is known after a sighting; what is older only fills in what was not known yet."""
    if row is None:
        row = IncidentRow(api_url=api_url, incident_id=seen.incident_id, integration_id=integration_id)
        row.triggered_at, row.is_start_unknown = seen.triggered_at, not seen.is_start_told
        is_newer = True
    else:
        row = msgspec.structs.replace(row)
        is_newer = _is_newer(row, seen)
    _fill_in(row, seen, is_newer=is_newer)
    if is_newer:
        row.status = seen.status
        _forget_what_ended(row)
    row.last_event_at = seen.at if _is_ahead(row, seen) else max(row.last_event_at, seen.at)
    return row


def believed(row: IncidentRow, seen: Sighting, scope: Scope, now: float) -> IncidentRow:
    """Return a confirmed incident after a webhook of its integration told of it.

    Its state is believed. A move is not, nor one into or out of the team of its scope: where it is decides who writes
    its note, so PagerDuty is asked. It is asked as well where our clock was set back: what is told now is dated before
    what was told then.
    """
    is_moved = seen.at > row.last_event_at and (_is_elsewhere(row, seen) or _is_another_teams(row, seen, scope))
    state = msgspec.structs.replace(seen, service_id="", service_name="")
    found = apply_sighting(row, state, row.api_url, row.integration_id)
    found.is_doubted = row.is_doubted or is_moved or row.last_event_at > now + MAX_AHEAD_S
    return found


def _is_elsewhere(row: IncidentRow, seen: Sighting) -> bool:
    return bool(seen.service_id) and seen.service_id != row.service_id


def _is_another_teams(row: IncidentRow, seen: Sighting, scope: Scope) -> bool:
    is_told = scope.type == "team" and bool(seen.team_ids)
    return is_told and (scope.id in seen.team_ids) != (scope.id in row.team_ids)


def confirmed(row: IncidentRow, seen: Sighting) -> IncidentRow:
    """Return an incident as PagerDuty showed it to the integration's own token: it overrules all that was claimed.

    A reopening is told by webhooks only, as is who had acknowledged what is over: kept where the answer allows it.
    """
    known = IncidentRow(
        integration_id=row.integration_id,
        incident_id=row.incident_id,
        api_url=row.api_url,
        diagnosis=row.diagnosis,
        revision=row.revision,
    )
    found = apply_sighting(known, seen, row.api_url, row.integration_id)
    found.last_event_at = _exact_time(row, seen)
    begun = row if row.triggered_at and not seen.is_start_told else seen
    found.triggered_at = begun.triggered_at
    found.is_start_unknown = not seen.is_start_told and (begun is seen or row.is_start_unknown)
    found.status, found.team_ids = seen.status, seen.team_ids
    found.account, found.confirmed_at = account_of(seen.html_url), seen.asked_at
    reopened_at = row.reopened_at if seen.reopened_at is None else seen.reopened_at
    if reopened_at is not None and seen.triggered_at < reopened_at <= seen.at + SAME_REOPENING_S:
        found.reopened_at = reopened_at
    taken_at = row.acknowledged_at
    if seen.status == "resolved" and taken_at is not None and seen.triggered_at <= taken_at <= seen.at:
        found.acknowledged_at, found.acknowledged_by = taken_at, row.acknowledged_by
    found.is_doubted = row.last_event_at > seen.at + LISTING_PRECISION_S and row.status != seen.status
    _forget_what_ended(found)
    return found


def _exact_time(row: IncidentRow, seen: Sighting) -> float:
    """Return when an answer's state began: the answer is cut to the second, a webhook tells it to the millisecond."""
    is_same = row.status == seen.status and 0 <= row.last_event_at - seen.at < LISTING_PRECISION_S
    return row.last_event_at if is_same else seen.at


def _is_ahead(row: IncidentRow, seen: Sighting) -> bool:
    """Tell whether what is known lies ahead of now: no clock is that wrong, so PagerDuty's answer overrules it."""
    return seen.is_asked and row.last_event_at > seen.asked_at + MAX_AHEAD_S


def _is_newer(row: IncidentRow, seen: Sighting) -> bool:
    if _is_ahead(row, seen):
        return True
    if seen.at > row.last_event_at:
        return True
    if seen.asked_at > row.last_event_at + SETTLED_S:  # all has arrived by then: the list knows what holds
        return seen.status != row.status
    if seen.status == "resolved" and (row.reopened_at or 0.0) >= seen.at:
        return False  # it was reopened in the same second or, as webhooks tell it, in the same millisecond
    if row.status == "resolved" and seen.reopened_at == seen.at == row.last_event_at:
        return True
    precision_s = 0.0 if seen.is_exact else LISTING_PRECISION_S
    return seen.at + precision_s >= row.last_event_at and RANK[seen.status] > RANK.get(row.status, 0)


def _fill_in(row: IncidentRow, seen: Sighting, *, is_newer: bool) -> None:
    """Take over what was told, where it is newer or nothing was known."""
    for name in ("number", "title", "html_url", "service_id", "service_name", "urgency"):
        told = getattr(seen, name)
        if told and (is_newer or not getattr(row, name)):
            setattr(row, name, told)
    if seen.service_id and seen.asked_at > row.last_event_at + SETTLED_S:
        row.service_id, row.service_name = seen.service_id, seen.service_name
    if seen.is_asked:
        row.team_ids = seen.team_ids
    _begin(row, seen)
    if seen.reopened_at is not None and seen.reopened_at > (row.reopened_at or 0.0) + SAME_REOPENING_S:
        row.reopened_at = seen.reopened_at
    if seen.acknowledged_at is not None and (is_newer or _lacks_acknowledgement(row, seen.acknowledged_at)):
        row.acknowledged_at, row.acknowledged_by = seen.acknowledged_at, seen.acknowledged_by
    is_end_known = row.resolved_at is not None and not row.is_end_unknown
    if seen.resolved_at is not None and (is_newer or (not is_end_known and row.status == "resolved")):
        row.resolved_at, row.resolved_by, row.is_end_unknown = seen.resolved_at, seen.resolved_by, False


def _lacks_acknowledgement(row: IncidentRow, at: float) -> bool:
    """Tell whether an acknowledgement that is told late is of an incident as it is now, and was not known."""
    return row.acknowledged_at is None and row.status != "triggered" and at >= (row.reopened_at or 0.0)


def _begin(row: IncidentRow, seen: Sighting) -> None:
    """Take over when it began: the earliest that was told, else when it was first told of."""
    is_first_told = seen.is_start_told and row.is_start_unknown
    if not seen.triggered_at or (row.triggered_at and not seen.is_start_told and not row.is_start_unknown):
        return
    if is_first_told or not row.triggered_at or seen.triggered_at < row.triggered_at:
        row.triggered_at, row.is_start_unknown = seen.triggered_at, not seen.is_start_told


def _forget_what_ended(row: IncidentRow) -> None:
    if row.status == "triggered":
        row.acknowledged_at = row.acknowledged_by = None
    if row.status != "resolved":
        row.resolved_at = row.resolved_by = None
        row.is_end_unknown = False
    elif row.resolved_at is None:
        row.resolved_at, row.is_end_unknown = row.last_event_at or row.triggered_at, True
