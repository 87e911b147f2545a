"""The evidence of an incident as it is kept: gathered once, told anew as things become, gathered anew if it moved."""

import msgspec

from noctuary.common import clock
from noctuary.incidents.enrichment import Enricher
from noctuary.incidents.episodes import is_another_episode, is_confirmed_late
from noctuary.incidents.outbox.wanted import Diagnosed, decode_evidence
from noctuary.models.evidence import Evidence
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.models.routing_record import RoutingRecord


class Diagnoses:
    """Decides whether evidence is gathered, presented anew, or stays as it is."""

    def __init__(self, enricher: Enricher) -> None:
        self._enricher = enricher

    async def first_look(self, record: RoutingRecord, claim: IncidentRow) -> Evidence | None:
        """Gather what the first note needs while PagerDuty confirms the claim; None where there is something already.

        What PagerDuty did not confirm before gets no look in advance.
        """
        if claim.diagnosis is not None or claim.confirm_tries or claim.is_doubted:
            return None
        return await self._enricher.evidence(record, claim, clock.now())

    async def of(
        self,
        record: RoutingRecord,
        row: IncidentRow,
        before: IncidentRow | None,
        note: NoteRow | None,
        first: Evidence | None,
    ) -> Diagnosed:
        """Return the evidence of an incident for its integration's own `note`; `first` was gathered in advance.

        None when it was written in a form unknown here and its note shows it.
        """
        known = decode_evidence(row)
        if known is not None and note is None and is_confirmed_late(row, before):
            # It was gathered for a claim while PagerDuty did not answer: the first note tells of now.
            alerts = None if known.gaps else known.alerts
            return await self._enricher.evidence(record, row, clock.now(), alerts=alerts)
        is_anew = before is None or is_another_episode(known, row, before)
        if known is None and first is not None:
            return await self._of_first(record, row, first)
        if known is None and row.diagnosis is not None and note is not None and not is_anew:
            return None
        if known is None or is_anew:
            return await self._enricher.evidence(record, row, clock.now(), known)
        if note is not None and _reads_the_same(row, before):
            return known
        fresh = await self._enricher.present(record, row, known, clock.now())
        if known.clearing is not None and before is not None and row.status == before.status == "resolved":
            return msgspec.structs.replace(fresh, clearing=known.clearing)
        return fresh

    async def _of_first(self, record: RoutingRecord, row: IncidentRow, first: Evidence) -> Evidence:
        """Keep what was gathered for the claim, where it was true: else only the alerts are of this incident."""
        if (first.service_id, first.service_name) == (row.service_id, row.service_name) and (
            first.reopened_at == row.reopened_at
        ):
            if row.status != "resolved" or first.clearing is not None:
                return first
            return await self._enricher.present(record, row, first, clock.now())
        alerts = None if first.gaps else first.alerts
        return await self._enricher.evidence(record, row, clock.now(), alerts=alerts)


def _reads_the_same(row: IncidentRow, before: IncidentRow | None) -> bool:
    """Tell whether nothing changed that a note shows: a priority, a delegation and an escalation change none of it."""
    return before is not None and row == msgspec.structs.replace(
        before,
        urgency=row.urgency,
        last_event_at=row.last_event_at,
        updated_at=row.updated_at,
        team_ids=row.team_ids,
        account=row.account,
        confirmed_at=row.confirmed_at,
        confirm_tries=row.confirm_tries,
        is_doubted=row.is_doubted,
    )
