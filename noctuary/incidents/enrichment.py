"""Gather what an incident's evidence is made of: alerts, the state window and live objects, all at once."""

import asyncio
from typing import NamedTuple

import msgspec
import structlog

from noctuary.common.errors import KubernetesError, PagerDutyError, is_refusal
from noctuary.correlation.correlate import correlate
from noctuary.correlation.explain import CLOCK_SLACK_S
from noctuary.correlation.observations import Observations, gather_observations
from noctuary.incidents.alerts import onset_of, read_alerts
from noctuary.incidents.evidence.sight import NO_SIGHT, Sight
from noctuary.incidents.evidence.standing import blamed_workloads, find_rollback, find_undoing, read_revisions
from noctuary.incidents.evidence.window import merge_events, read_window, tenants_of
from noctuary.incidents.service_mapping import resolve_services
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Diagnosis, IncidentContext, PodView, Relation, ServiceView, Subject
from noctuary.models.evidence import AlertSummary, Clearing, Evidence, Standing
from noctuary.models.incident import IncidentRow
from noctuary.models.live_view import LiveView
from noctuary.models.routing_record import RoutingRecord
from noctuary.pagerduty.client import PagerDutyClients
from noctuary.store.interface import Store

log = structlog.get_logger()

LIVE_READ_TIMEOUT_S = 1.0
"""The note promises one second; the store alone is enough for most answers."""
ALERTS_TIMEOUT_S = 2.0
"""Alerts sharpen the onset; they are not worth more waiting than this."""


class Look(NamedTuple):
    """What was read when an incident came; `live` None: the cluster was not read."""

    context: IncidentContext
    alerts: AlertSummary
    live: LiveView | None
    gaps: list[str]


class Present(NamedTuple):
    """What is seen now of the services that were diagnosed; `live` None: the cluster was not read."""

    observed: Observations
    live: LiveView | None


class Enricher:
    """Makes evidence; what cannot be read in time becomes a sentence in it, never a failure."""

    def __init__(self, store: Store, clients: PagerDutyClients, sight: Sight = NO_SIGHT) -> None:
        self._store = store
        self._clients = clients
        self._sight = sight

    async def evidence(
        self, record: RoutingRecord, incident: IncidentRow, now: float, known_alerts: AlertSummary | None = None
    ) -> Evidence:
        """Diagnose an incident from everything that can be read in time; alerts known already are not read again."""
        found = await self._look(record, incident, now, known_alerts)
        diagnosis = correlate(found.context)
        return Evidence(
            diagnosis,
            found.alerts,
            found.gaps,
            limits=self._sight.limits(found.context.services),
            standing=await self._standing(diagnosis, Present(gather_observations(found.context), found.live)),
            service_id=incident.service_id,
            service_name=incident.service_name,
            reopened_at=incident.reopened_at,
            looked_at=now,
        )

    async def _look(
        self, record: RoutingRecord, incident: IncidentRow, now: float, known_alerts: AlertSummary | None
    ) -> Look:
        services = resolve_services(record, incident.service_id, incident.service_name)
        gaps: list[str] = []
        cut: list[str] = []
        since = incident.began_at - record.lookback_s
        alerts, events, live, last_event_at = await asyncio.gather(
            self._alerts(record, incident, gaps, known_alerts),
            self._window(services, since, now, cut),
            self._live(services, gaps),
            self._last_event_at(services),
        )
        onset = onset_of(alerts, incident.began_at)
        if onset - record.lookback_s < since - 1:
            cut = []
            events = await self._window(services, onset - record.lookback_s, now, cut)
        context = IncidentContext(
            services=services,
            onset=onset,
            lookback_s=record.lookback_s,
            events=merge_events(events, live.events if live else []),
            pods=live.pods if live else None,
            last_event_at=last_event_at,
            minimum_score=record.minimum_confidence,
            ignored_reasons=list(self._sight.ignored_reasons),
            unread_services=live.unread_services if live else None,
        )
        return Look(context, alerts, live, gaps + cut)

    async def present(self, record: RoutingRecord, incident: IncidentRow, known: Evidence, now: float) -> Evidence:
        """Return evidence with what holds now: its answer stays, what became of the blamed workloads is read again."""
        services = resolve_services(
            record, known.service_id or incident.service_id, known.service_name or incident.service_name
        )
        onset = known.diagnosis.onset
        begin = min([onset, *(cause.at for cause in known.diagnosis.causes)]) - CLOCK_SLACK_S
        events, live = await asyncio.gather(self._window(services, begin, now, []), self._live(services, []))
        merged = merge_events(events, live.events if live else [])
        observed = gather_observations(
            IncidentContext(
                services,
                onset,
                record.lookback_s,
                merged,
                live.pods if live else None,
                ignored_reasons=list(self._sight.ignored_reasons),
            )
        )
        present = Present(observed, live)
        is_resolved = incident.status == "resolved"
        return msgspec.structs.replace(
            known,
            standing=await self._standing(known.diagnosis, present, is_edit=True),
            clearing=_clearing(known.diagnosis, present) if is_resolved else None,
        )

    async def _standing(self, diagnosis: Diagnosis, present: Present, *, is_edit: bool = False) -> Standing:
        """Tell what holds; the numbers of an edit are read anew, those of a first note may be the live view's."""
        seen = present.live.revisions if present.live is not None else []
        reader = self._sight.revisions
        revisions = await read_revisions(
            reader, blamed_workloads(diagnosis), [] if is_edit and reader is not None else seen
        )
        changes = present.observed.changes
        return Standing(find_rollback(diagnosis, changes), revisions, find_undoing(diagnosis, changes))

    async def _window(
        self, services: list[ServiceView], since: float, now: float, cut: list[str]
    ) -> list[ContextEvent]:
        return await read_window(self._store, services, since, now, cut, self._sight.ignored_reasons)

    async def _last_event_at(self, services: list[ServiceView]) -> float | None:
        own = [service.name for service in services if service.relation is Relation.OWN]
        return await self._store.last_event_at(tenants_of(services), own, self._sight.ignored_reasons)

    async def _alerts(
        self, record: RoutingRecord, incident: IncidentRow, gaps: list[str], known: AlertSummary | None
    ) -> AlertSummary:
        if known is not None:
            return known
        if record.api_token is None:
            gaps.append("alerts, because the integration has no API token")
            return AlertSummary()
        try:
            async with asyncio.timeout(ALERTS_TIMEOUT_S):
                alerts = await self._clients.of(record).alerts(incident.incident_id)
        except (PagerDutyError, TimeoutError) as error:
            log.info("Alerts could not be read", integration=record.id, error=str(error) or "timeout")
            gaps.append("alerts, because PagerDuty did not give them in time")
            return AlertSummary()
        return read_alerts(alerts, incident.triggered_at, incident.reopened_at)

    async def _live(self, services: list[ServiceView], gaps: list[str]) -> LiveView | None:
        if self._sight.live is None:
            return None
        try:
            async with asyncio.timeout(LIVE_READ_TIMEOUT_S):
                view = await self._sight.live(services)
        except (KubernetesError, TimeoutError, OSError) as error:
            log.info("Live objects could not be read", error=str(error) or "timeout")
            refused = isinstance(error, KubernetesError) and is_refusal(error)
            why = "the API server refuses to show it" if refused else "it did not answer in time"
            gaps.append(f"the cluster as it is now, because {why}")
            return None
        gaps.extend(view.gaps if view else [])
        return view


def _clearing(diagnosis: Diagnosis, present: Present) -> Clearing:
    """Tell what cleared: a rollback, and the pods of the blamed workload, else those of the incident's own service."""
    rollback = find_rollback(diagnosis, present.observed.changes)
    if present.live is None:
        return Clearing(rollback)
    blamed = blamed_workloads(diagnosis)[:1]
    pods = [pod for pod in present.live.pods if blamed and _is_of(pod, blamed[0])]
    if not pods and _is_own(diagnosis):
        pods = present.observed.own_pods
    return Clearing(rollback, sum(pod.is_ready for pod in pods), len(pods)) if pods else Clearing(rollback)


def _is_of(pod: PodView, subject: Subject) -> bool:
    kinds = ("", subject.kind)
    return (pod.namespace, pod.workload) == (subject.namespace, subject.name) and pod.workload_kind in kinds


def _is_own(diagnosis: Diagnosis) -> bool:
    """Tell whether the shown cause is of the incident's own service, or none is shown."""
    if not diagnosis.causes:
        return True
    first = diagnosis.causes[0]
    blamed = first.change if first.change is not None else first.faults[0]
    return blamed.relation is not Relation.DEPENDENCY
