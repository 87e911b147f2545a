"""One comparison: what one token lists is handed to each of its integrations within whose scope it is."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from itertools import islice

import msgspec
import structlog

from noctuary.common.errors import PagerDutyError, PagerDutyUnavailable, QuotaExceeded, StoreUnavailable
from noctuary.common.metrics import Metrics
from noctuary.common.turns import TurnSlots
from noctuary.incidents.comparison.listings import AHEAD_S, Listing, Member
from noctuary.incidents.reopenings import with_reopening
from noctuary.incidents.told.sightings import Sighting, account_of, sighting_of_listing
from noctuary.incidents.told.states import apply_sighting
from noctuary.incidents.trust.notes import endpoint_of
from noctuary.incidents.updater import IncidentUpdater
from noctuary.models.routing_record import RoutingRecord
from noctuary.pagerduty.client import PagerDutyClient, PagerDutyClients
from noctuary.pagerduty.objects import Incident
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.interface import Store
from noctuary.store.rows import IncidentKey, KnownIncident

log = structlog.get_logger()

YOUNG_INCIDENT_S = 10.0
"""The webhook of so young an incident is most likely on its way."""
PAGE = 100
"""Incidents that are worked before more are listed: a page of PagerDuty's, about 300 KB."""
BATCH = 8
"""Incidents taken side by side: as many calls as one token may make at once."""
PAGES_AT_ONCE = 16
"""Pages that are listed and worked side by side, of each tenant in turn: long lists leave room between their pages."""
MAX_OPEN_LISTED = 1_000
"""Open incidents of any age that are listed, the newest first: ten calls; who has more has forgotten the others."""
MAX_SINGLE_READS = 50
"""Open incidents that a list did not show are read one by one; the rest has its turn another time."""

Handed = tuple[Member, Sighting, KnownIncident | None]
"""An incident that is handed to an integration, and what is known of it there."""


class Comparer:
    """Takes over what a list shows and the store does not know."""

    def __init__(
        self,
        store: Store,
        routing: RoutingDirectory,
        clients: PagerDutyClients,
        updater: IncidentUpdater,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._routing = routing
        self._clients = clients
        self._updater = updater
        self._metrics = metrics
        self._pages = TurnSlots(PAGES_AT_ONCE)

    async def compare(self, listing: Listing, asked_at: float, is_young: Callable[[Member], None]) -> set[str]:
        """Compare what a list shows; return the ids of integrations of which something could not be taken over.

        `is_young` is told of whom an incident waits for its webhook. Raises PagerDutyError when the list was refused,
        PagerDutyUnavailable and StoreUnavailable.
        """
        client = self._client(listing)
        tenant = next(iter(listing.members.values()))[0].record.namespace
        failed: set[str] = set()
        seen: set[str] = set()
        listed = self._listed(client, listing, asked_at, seen)
        has_more = True
        while has_more:
            async with self._pages.hold(tenant):
                page = [sighting_of_listing(incident, asked_at) async for incident in _some(listed)]
                await self._take_page(client, listing, page, is_young, failed)
            has_more = len(page) == PAGE
        await self._read_singly(client, listing, asked_at, seen, failed)
        return failed

    def _client(self, listing: Listing) -> PagerDutyClient:
        # Reading needs no From, and one that cannot be sent is its own integration's trouble.
        records = [member.record for of_one in listing.members.values() for member in of_one]
        return self._clients.of(msgspec.structs.replace(records[0], from_email=None), [each.id for each in records])

    async def _listed(
        self, client: PagerDutyClient, listing: Listing, asked_at: float, seen: set[str]
    ) -> AsyncIterator[Incident]:
        """Yield what was created in a range, then what is open of before: it may have been moved or reopened."""
        async for incident in client.incidents(listing.since, asked_at + AHEAD_S, listing.query):
            seen.add(incident.id)
            yield incident
        async for incident in client.open_incidents(listing.query, MAX_OPEN_LISTED):
            if incident.id not in seen:
                seen.add(incident.id)
                yield incident

    async def _take_page(
        self,
        client: PagerDutyClient,
        listing: Listing,
        page: list[Sighting],
        is_young: Callable[[Member], None],
        failed: set[str],
    ) -> None:
        """Hand each incident of a page to its integrations, so many at a time as the store reads at once."""
        handed = ((member, seen) for seen in page for member in listing.within_scope(seen))
        while part := list(islice(handed, PAGE)):
            known = await self._store.known_incidents([_key(member.record, seen) for member, seen in part])
            found = [(member, seen, known.get(_key(member.record, seen))) for member, seen in part]
            wanted = [each for each in found if _is_to_take(*each) or await self._is_left_behind(*each)]
            for member, _, _ in filter(lambda each: _awaits_webhook(*each), wanted):
                is_young(member)
            await self._take_all(client, [each for each in wanted if not _awaits_webhook(*each)], failed)

    async def _is_left_behind(self, member: Member, seen: Sighting, known: KnownIncident | None) -> bool:
        """Tell whether the note of an open incident, older than the integration, was left by one that is gone."""
        record = member.record
        if known is not None or seen.status == "resolved" or not record.writes_notes:
            return False
        api_url = endpoint_of(record.api_url)
        accounts = await self._store.accounts_of(api_url, seen.incident_id) or [account_of(seen.html_url)]
        note = await self._store.note(accounts[0], seen.incident_id)
        return note is not None and self._routing.get(note.integration_id) is None

    async def _take_all(self, client: PagerDutyClient, wanted: list[Handed], failed: set[str]) -> None:
        for first in range(0, len(wanted), BATCH):
            await asyncio.gather(*(self._take(client, each, failed) for each in wanted[first : first + BATCH]))

    async def _take(self, client: PagerDutyClient, handed: Handed, failed: set[str]) -> None:
        """Take over one incident for one integration; what goes wrong with it is that integration's."""
        member, seen, known = handed
        record = member.record
        try:
            told = await with_reopening(client, known.row if known is not None else None, seen)
            is_new = await self._updater.update(record, [told], look_first=member.look_first)
        except (StoreUnavailable, PagerDutyUnavailable):
            raise
        except QuotaExceeded as error:
            log.warning("Incident could not be kept", integration=record.id, error=str(error))
            failed.add(record.id)
            return
        except Exception:
            log.exception("Incident could not be taken over", integration=record.id, incident=seen.incident_id)
            failed.add(record.id)
            return
        if is_new:
            self._metrics.found_by_comparison.inc()
            log.info("Incident found by backfill", integration=record.id, incident=seen.incident_id)

    async def _read_singly(
        self, client: PagerDutyClient, listing: Listing, asked_at: float, seen: set[str], failed: set[str]
    ) -> None:
        """Look at open incidents that are older than the list's range: their end may have been missed."""
        members = {member.record.id: member for of_one in listing.members.values() for member in of_one}
        opened = await self._store.open_incident_ids(list(members))
        unseen = [(integration_id, each) for integration_id, each in opened if each not in seen]
        for integration_id, incident_id in random.sample(unseen, min(len(unseen), MAX_SINGLE_READS)):
            try:
                incident = await client.incident(incident_id)
            except PagerDutyError as error:
                if error.status != 404:
                    raise
                continue
            sighting = sighting_of_listing(incident, asked_at)
            key = _key(members[integration_id].record, sighting)
            known = await self._store.known_incidents([key])
            await self._take(client, (members[integration_id], sighting, known.get(key)), failed)


async def _some(listed: AsyncIterator[Incident]) -> AsyncIterator[Incident]:
    for _ in range(PAGE):
        try:
            yield await anext(listed)
        except StopAsyncIteration:
            return


def _key(record: RoutingRecord, seen: Sighting) -> IncidentKey:
    return record.id, seen.incident_id


def _is_to_take(member: Member, seen: Sighting, known: KnownIncident | None) -> bool:
    """Tell whether an incident is new for an integration, or not known just so with the note that it should have."""
    record = member.record
    if known is None:  # of before it, or gone over before: only what is open still may have been missed
        return seen.triggered_at >= record.created_at and (
            seen.status != "resolved" or seen.triggered_at >= member.since
        )
    if known.row.confirmed_at is None:  # PagerDuty shows now what was only claimed so far
        return True
    if apply_sighting(known.row, seen, record.api_url, record.id) != known.row:
        return True
    return known.noted_by != record.id and known.row.status != "resolved" and record.writes_notes


def _awaits_webhook(member: Member, seen: Sighting, known: KnownIncident | None) -> bool:
    is_young = seen.is_start_told and seen.triggered_at > seen.asked_at - YOUNG_INCIDENT_S
    return known is None and member.record.takes_webhooks and is_young
