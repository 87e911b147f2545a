"""Confirmation: an incident exists, and is what it is, when PagerDuty shows it to the integration's own token."""

import asyncio
from collections import deque
from collections.abc import Iterable

from noctuary.common import clock
from noctuary.common.errors import PagerDutyError, PagerDutyUnavailable
from noctuary.incidents.told.sightings import Sighting, sighting_of_listing
from noctuary.incidents.trust.proofs import credential_of
from noctuary.models.incident import IncidentRow
from noctuary.models.routing_record import RoutingRecord
from noctuary.pagerduty.budget import Need
from noctuary.pagerduty.client import PagerDutyClient, PagerDutyClients

MAX_SINGLY = 20
"""So many incidents of a token a minute are read one by one; beyond it one list shows a hundred."""
MINUTE_S = 60.0
LIST_EVERY_S = 1.0
"""In a storm some more incidents are waited for: a list shows them all for one call."""
LIST_BEFORE_S = 5.0
"""The list begins so long before the oldest incident that waits, whose time is PagerDuty's own: an event may be dated a
little later than its incident. Longer would page again and again through a storm's incidents that are confirmed."""
LIST_AFTER_S = 60.0
"""PagerDuty's clock is not ours: the list ends so long after the youngest, also where that lies ahead of our clock."""
MAX_LIST_AGE_S = 3600.0
"""What claims to be older is read by itself, so that one claim does not make the list of all others long."""
MAX_LISTED = 1_000
"""Ten pages; what a list does not show is read by itself."""
MAX_LISTED_SERVICES = 100
"""A longer address may be refused on its way; beyond it all services of the account are listed."""
IDLE_S = 300.0
"""A token that confirmed nothing for so long is forgotten."""


class Confirmer:
    """Reads incidents with the integration's own token: one by one, or many by a list when many wait."""

    def __init__(self, clients: PagerDutyClients) -> None:
        self._clients = clients
        self._desks: dict[str, _Desk] = {}
        self._tidied_at = 0.0

    async def read(self, record: RoutingRecord, claim: IncidentRow) -> Sighting:
        """Return what PagerDuty shows of a claimed incident; raise what its client raises, 404 for one unknown."""
        client, key = self._clients.of(record), credential_of(record) or ""
        now = clock.now()
        self._forget_idle(now)
        desk = self._desks.setdefault(key, _Desk())
        try:
            shown = await desk.read(client, record, claim, now)
        except PagerDutyUnavailable:
            raise
        except PagerDutyError:
            desk.is_in_vain = True
            raise
        desk.is_in_vain = False
        return shown

    def is_likely(self, record: RoutingRecord) -> bool:
        """Tell whether PagerDuty showed the last claim of an integration's token, or was never asked."""
        desk = self._desks.get(credential_of(record) or "")
        return desk is None or not desk.is_in_vain

    def _forget_idle(self, now: float) -> None:
        if 0 <= now - self._tidied_at < MINUTE_S:
            return
        self._tidied_at = now
        idle = [key for key, desk in self._desks.items() if desk.is_idle(now)]
        for key in idle:
            del self._desks[key]


class _Desk:
    """What one token confirms; its lists serve everybody who uses it. `is_in_vain`: its last claim was not shown."""

    def __init__(self) -> None:
        self.is_in_vain = False
        self._asked: deque[float] = deque()
        self._waiting: dict[str, tuple[RoutingRecord, float]] = {}
        self._shown: dict[str, Sighting] = {}
        self._listing = asyncio.Lock()
        self._began_at = self._next_list_at = 0.0
        self._failure: PagerDutyError | None = None

    def is_idle(self, now: float) -> bool:
        """Tell whether nobody asked for long."""
        return not self._waiting and (not self._asked or abs(now - self._asked[-1]) > IDLE_S)

    async def read(self, client: PagerDutyClient, record: RoutingRecord, claim: IncidentRow, now: float) -> Sighting:
        self._asked.append(now)
        while self._asked and not now - MINUTE_S < self._asked[0] <= now:
            self._asked.popleft()
        if len(self._asked) > MAX_SINGLY and claim.triggered_at > now - MAX_LIST_AGE_S:
            shown = await self._listed(client, record, claim, now)
            if shown is not None:
                return shown
        asked_at = clock.now()
        shown_now = sighting_of_listing(await client.incident(claim.incident_id, Need.CONFIRM), asked_at)
        if shown_now.incident_id != claim.incident_id:  # an incident's number finds it, too: it would be two incidents
            raise PagerDutyError("PagerDuty knows the incident by another id", status=404)
        return shown_now

    async def _listed(
        self, client: PagerDutyClient, record: RoutingRecord, claim: IncidentRow, now: float
    ) -> Sighting | None:
        """Return what a list shows that began after the claim came; one list at a time serves all that wait."""
        key = f"{record.id} {claim.incident_id}"
        self._waiting[key] = record, claim.triggered_at
        try:
            shown = self._shown_since(claim.incident_id, claim.last_event_at)
            if shown is not None:
                return shown
            async with self._listing:
                if not now <= self._began_at <= clock.now():
                    await asyncio.sleep(self._next_list_at - asyncio.get_running_loop().time())
                    await self._list(client, now)
                elif self._failure is not None:
                    raise self._failure
            return self._shown_since(claim.incident_id, 0.0)
        finally:
            self._waiting.pop(key, None)

    def _shown_since(self, incident_id: str, since: float) -> Sighting | None:
        shown = self._shown.get(incident_id)
        return shown if shown is not None and since <= shown.asked_at <= clock.now() else None

    async def _list(self, client: PagerDutyClient, now: float) -> None:
        self._began_at, self._failure = clock.now(), None
        self._next_list_at = asyncio.get_running_loop().time() + LIST_EVERY_S
        times = [at for _, at in self._waiting.values()]
        since, until = min(times) - LIST_BEFORE_S, max(now, *times) + LIST_AFTER_S
        query = _scope_of(record for record, _ in self._waiting.values())
        shown: dict[str, Sighting] = {}
        try:
            async for incident in client.incidents(since, until, query, Need.CONFIRM):
                shown[incident.id] = sighting_of_listing(incident, self._began_at)
                if len(shown) == MAX_LISTED:
                    break
        except PagerDutyError as error:
            self._failure = error
            raise
        self._shown = shown


def _scope_of(records: Iterable[RoutingRecord]) -> dict[str, list[str]]:
    """Return the filter that fits all of several integrations: their services, or none."""
    scopes = {(record.scope.type, record.scope.id or "") for record in records}
    if len(scopes) <= MAX_LISTED_SERVICES and all(kind == "service" for kind, _ in scopes):
        return {"service_ids[]": sorted(service_id for _, service_id in scopes)}
    return {}
