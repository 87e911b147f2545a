"""What becomes of a claim: PagerDuty shows the incident to the integration's token, or it stays a claim for now."""

import asyncio

import msgspec
import structlog

from noctuary.common import clock
from noctuary.common.errors import PagerDutyError, PagerDutyUnavailable
from noctuary.incidents.failures import failure_state
from noctuary.incidents.timings import Timings
from noctuary.incidents.told.sightings import Sighting
from noctuary.incidents.told.states import apply_sighting, confirmed
from noctuary.incidents.trust.confirmation import Confirmer
from noctuary.incidents.trust.proofs import Proofs
from noctuary.models.incident import IncidentRow
from noctuary.models.routing_record import RoutingRecord
from noctuary.pagerduty.answers import NOT_ASKED, refused_setting
from noctuary.store.changes import Mutation, SaveIntegrationState, ScheduleVisit

log = structlog.get_logger()

MAX_TRIES = 5
"""Five reads within some 75 s: PagerDuty shows a new incident within seconds, one of another account never."""
CONFIRM_TIMEOUT_S = 10.0
"""A list of ten pages takes three seconds; what takes longer is asked again and holds up no other incident."""

NOT_SHOWN = (
    "an incident that a webhook told of is not shown to the API token, so it gets no note: give "
    "spec.apiTokenSecretRef a token of the webhook's account that may read the incident"
)
"""Names no incident: each one's would be a write of the resource."""


class Answer(msgspec.Struct, frozen=True):
    """What PagerDuty showed; else when it is asked again (None: not before a webhook tells of it anew), and why not."""

    shown: Sighting | None = None
    again_at: float | None = None
    is_refusal: bool = False
    changes: list[Mutation] = []

    @property
    def is_delayed(self) -> bool:
        """Tell whether PagerDuty may show it shortly, with nobody mending anything before."""
        return self.shown is None and not self.is_refusal and not self.changes


class Witness:
    """Asks PagerDuty about claims."""

    def __init__(self, confirmer: Confirmer, proofs: Proofs, timings: Timings) -> None:
        self._confirmer = confirmer
        self._proofs = proofs
        self._timings = timings

    def must_ask(self, record: RoutingRecord, row: IncidentRow) -> bool:
        """Tell whether an incident is to be confirmed: without a token it is what its own subscription told."""
        return record.api_token is not None and (row.confirmed_at is None or row.is_doubted)

    def is_likely(self, record: RoutingRecord) -> bool:
        """Tell whether a claim is worth work in advance: after one that was not shown, the next is once it is shown."""
        return self._confirmer.is_likely(record)

    async def ask(self, record: RoutingRecord, row: IncidentRow) -> Answer:
        """Ask PagerDuty with the integration's own token; raise StoreUnavailable."""
        try:
            async with asyncio.timeout(CONFIRM_TIMEOUT_S):
                return Answer(await self._confirmer.read(record, row))
        except TimeoutError:
            log.info("Incident waits for its confirmation", incident=row.incident_id, error="timeout")
            return Answer(again_at=clock.now() + self._timings.confirm.pause_s(1))
        except PagerDutyUnavailable as error:
            own_s = 0.0 if error.status == 429 else self._timings.confirm.pause_s(1)
            log.info("Incident waits for its confirmation", incident=row.incident_id, error=str(error))
            return Answer(again_at=clock.now() + max(error.retry_after_s, own_s))
        except PagerDutyError as error:
            log.info("Incident is not confirmed", incident=row.incident_id, integration=record.id, error=str(error))
            return await self._refused(record, row, error)

    async def _refused(self, record: RoutingRecord, row: IncidentRow, error: PagerDutyError) -> Answer:
        now = clock.now()
        if _speaks_of_setting(error):
            changes: list[Mutation] = [SaveIntegrationState(failure_state(record.id, error, now))]
            return Answer(again_at=now + self._timings.refused_retry_s, changes=changes)
        tries = row.confirm_tries + 1
        if tries < MAX_TRIES:
            return Answer(again_at=now + self._timings.confirm.pause_s(tries), is_refusal=True)
        return Answer(is_refusal=True, changes=await self._told(record, error, now))

    async def _told(self, record: RoutingRecord, error: PagerDutyError, now: float) -> list[Mutation]:
        """Have the integration's status say why an incident gets no note, unless it says what is refused altogether.

        Without the answer's numbers: they would make the token a refused one for all incidents.
        """
        await self._proofs.refresh()
        if self._proofs.is_refused(record):
            return []
        return [SaveIntegrationState(failure_state(record.id, PagerDutyError(f"{NOT_SHOWN} ({error})"), now))]


def _speaks_of_setting(error: PagerDutyError) -> bool:
    """Tell whether a person must mend token, From, URL or release; a 403 may well speak of this incident only."""
    is_other = refused_setting(error.status, error.code) in ("from", "url")
    return error.status == 401 or is_other or (error.status, error.code) == NOT_ASKED


def heard(row: IncidentRow, answer: Answer, claimed_service: str) -> IncidentRow:
    """Return the incident after an answer; without one it is what it was, and the try is counted if it was refused.

    `claimed_service` is the one that a webhook just told; another one in the answer is asked for once more.
    """
    if answer.shown is not None and row.confirmed_at is None:
        return confirmed(row, answer.shown)
    if answer.shown is not None:
        shown = answer.shown
        row = apply_sighting(row, shown, row.api_url, row.integration_id)
        row.service_id, row.service_name, row.team_ids = shown.service_id, shown.service_name, shown.team_ids
        row.is_doubted = claimed_service not in ("", shown.service_id)
        return row
    row = msgspec.structs.replace(row)
    if answer.is_refusal:
        row.confirm_tries += 1
        row.is_doubted = False
    return row


def next_visit(row: IncidentRow, answer: Answer, timings: Timings) -> list[Mutation]:
    """Return what has PagerDuty asked again, if it must be."""
    at = answer.again_at
    if answer.shown is not None and row.is_doubted:
        at = clock.now() + timings.doubt_s
    return [ScheduleVisit(row.integration_id, row.incident_id, at)] if at is not None else []
