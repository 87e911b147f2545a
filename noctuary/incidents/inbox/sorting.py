"""What a claimed webhook tells: of an incident that is to be updated, or what becomes of it without one."""

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec
import structlog

from noctuary.common import clock
from noctuary.common.backoff import Backoff
from noctuary.common.errors import InvalidInput
from noctuary.incidents.told.sightings import Sighting, sighting_of_event
from noctuary.incidents.unread import Unread
from noctuary.models.reports import UNREADABLE
from noctuary.models.routing_record import RoutingRecord, Scope
from noctuary.pagerduty.foreign import recognise
from noctuary.pagerduty.webhook import LONG_BYTES, IncidentData, parse_webhook
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.changes import FinishWebhook, ParkWebhook, RetryWebhook
from noctuary.store.rows import InboxRow

log = structlog.get_logger()
T = TypeVar("T")

RETRY = Backoff(1.0, 300.0)
"""Between attempts at one webhook."""
GIVE_UP_AFTER_S = 48 * 3600.0
"""PagerDuty itself gives up a webhook after 48 hours."""
ORPHAN_S = 600.0
"""A webhook whose integration is gone is dropped after this; a reload of the records is much faster."""

UNEXPECTED = "a webhook met an unexpected error: see the receiver's log"
Settled = tuple[InboxRow, FinishWebhook | ParkWebhook | RetryWebhook]
"""A webhook that updates no incident now, and what becomes of it."""


class Parsed(msgspec.Struct, frozen=True):
    """What is kept of a webhook while it is worked: short, however long its body was."""

    row: InboxRow
    record: RoutingRecord
    event_id: str
    sighting: Sighting
    is_within: bool | None
    """Whether its incident is within the integration's scope; None where it does not tell."""


async def sort_out(
    rows: Iterable[InboxRow], routing: RoutingDirectory, unread: Unread
) -> tuple[list[Parsed], list[Settled]]:
    """Parse what tells of an incident; what is held, tells of none or cannot be read is settled without."""
    parsed: list[Parsed] = []
    settled: list[Settled] = []
    for row in rows:
        record = routing.get(row.integration_id)
        if record is None or record.suspend:
            settled.append((row, _held(row, clock.now(), is_known=record is not None)))
            continue
        found = await _read(row, record, unread)
        if isinstance(found, Parsed):
            parsed.append(found)
        else:
            settled.append((row, found))
    return parsed, settled


async def _read(row: InboxRow, record: RoutingRecord, unread: Unread) -> Parsed | FinishWebhook | RetryWebhook:
    try:
        event = await _beside(row, lambda: parse_webhook(row.body, row.received_at))
        sighting = sighting_of_event(event, event.incident) if event.incident is not None else None
    except InvalidInput as error:
        kind = await _beside(row, lambda: recognise(row.body)) or UNREADABLE
        unread.note_signed(row.integration_id, kind)
        log.warning("Signed webhook cannot be used", integration=row.integration_id, kind=kind, error=error.problem)
        return FinishWebhook(row.id, row.integration_id, None)
    except Exception:
        log.exception("Signed webhook cannot be read, retrying", integration=row.integration_id)
        return again(row, clock.now(), UNEXPECTED)
    if sighting is None:
        return FinishWebhook(row.id, row.integration_id, event.id or None)
    is_within = _is_within(record.scope, event.incident) if event.incident is not None else None
    return Parsed(msgspec.structs.replace(row, body=b""), record, event.id, sighting, is_within)


def _is_within(scope: Scope, incident: IncidentData) -> bool | None:
    """Tell whether an incident is within a scope; None where the webhook tells neither service nor teams."""
    if scope.type == "service":
        return incident.service.id == scope.id if incident.service is not None and incident.service.id else None
    if scope.type == "team":
        return any(each.id == scope.id for each in incident.teams) if incident.teams is not None else None
    return True


async def _beside(row: InboxRow, read: Callable[[], T]) -> T:
    """Read a webhook, a long one beside the event loop."""
    return read() if len(row.body) <= LONG_BYTES else await asyncio.to_thread(read)


def grouped(parsed: Iterable[Parsed]) -> list[list[Parsed]]:
    """Put what concerns the same incident through the same integration together, in order of arrival."""
    groups: dict[tuple[str, str], list[Parsed]] = {}
    for item in parsed:
        groups.setdefault((item.record.id, item.sighting.incident_id), []).append(item)
    return list(groups.values())


def again(row: InboxRow, now: float, error: str) -> FinishWebhook | RetryWebhook:
    """Return what becomes of a webhook that could not be processed."""
    if now - row.received_at > GIVE_UP_AFTER_S:
        log.error("Webhook given up", integration=row.integration_id, webhook_id=row.webhook_id)
        return FinishWebhook(row.id, row.integration_id, None)
    return RetryWebhook(row.id, now + RETRY.pause_s(row.attempts), error)


def _held(row: InboxRow, now: float, *, is_known: bool) -> FinishWebhook | ParkWebhook:
    """Return what becomes of a webhook whose integration is suspended or not loaded."""
    longest_s = GIVE_UP_AFTER_S if is_known else ORPHAN_S
    if now - row.received_at > longest_s:
        log.warning("Webhook dropped, its integration is gone or was suspended", integration=row.integration_id)
        return FinishWebhook(row.id, row.integration_id, None)
    reason = "suspended" if is_known else "the integration is not loaded"
    return ParkWebhook(row.id, row.received_at + longest_s, reason)
