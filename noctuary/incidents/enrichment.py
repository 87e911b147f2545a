"""Gather what an incident's evidence is made of: alerts, the state window and live objects, all at once."""

import asyncio
from typing import TypeVar

import structlog

from noctuary.common.errors import KubernetesError, PagerDutyError, is_refusal
from noctuary.correlation.correlate import correlate
from noctuary.correlation.explain import CLOCK_SLACK_S
from noctuary.correlation.observations import gather_observations
from noctuary.incidents.alerts import onset_of, read_alerts
from noctuary.incidents.service_mapping import resolve_services
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, merge_repeated
from noctuary.models.diagnosis import CauseKind, Change, IncidentContext, Relation, ServiceView
from noctuary.models.evidence import AlertSummary, Clearing, Evidence
from noctuary.models.incident import IncidentRow
from noctuary.models.live_view import Limits, LiveReader, LiveView, no_limits
from noctuary.models.routing_record import RoutingRecord
from noctuary.pagerduty.client import PagerDutyClients
from noctuary.store.interface import EventQuery, Store

log = structlog.get_logger()

LIVE_READ_TIMEOUT_S = 1.0
"""The note promises one second; the store alone is enough for most answers."""
ALERTS_TIMEOUT_S = 2.0
"""Alerts sharpen the onset; they are not worth more waiting than this."""
CLUSTER_TENANT = ""
"""Nodes belong to no namespace."""
MAX_WINDOW_EVENTS = 500
T = TypeVar("T")


class Enricher:
    """Makes evidence; what cannot be read in time becomes a sentence in it, never a failure."""

    def __init__(
        self, store: Store, clients: PagerDutyClients, live_reader: LiveReader | None, limits: Limits = no_limits
    ) -> None:
        self._store = store
        self._clients = clients
        self._live_reader = live_reader
        self._limits = limits

    async def evidence(
        self, record: RoutingRecord, incident: IncidentRow, now: float, known_alerts: AlertSummary | None = None
    ) -> Evidence:
        """Diagnose an incident from everything that can be read in time; alerts known already are not read again."""
        services = resolve_services(record, incident.service_id, incident.service_name)
        gaps: list[str] = []
        since = incident.triggered_at - record.lookback_s
        alerts, events, live, last_event_at = await asyncio.gather(
            self._alerts(record, incident, gaps, known_alerts),
            self._window(services, since, now),
            self._live(services, gaps),
            self._store.last_event_at(_tenants(services), [s.name for s in services if s.relation is Relation.OWN]),
        )
        onset = onset_of(alerts, incident.triggered_at)
        if onset - record.lookback_s < since - 1:
            events = await self._window(services, onset - record.lookback_s, now)
        context = IncidentContext(
            services=services,
            onset=onset,
            lookback_s=record.lookback_s,
            events=merge_events(events, live.events if live else []),
            pods=live.pods if live else None,
            last_event_at=last_event_at,
            minimum_score=record.minimum_confidence,
        )
        return Evidence(correlate(context), alerts, gaps, limits=self._limits(services))

    async def clearing(self, record: RoutingRecord, incident: IncidentRow, evidence: Evidence, now: float) -> Clearing:
        """Look at what cleared a resolved incident: a rollback, pods that are ready again."""
        services = resolve_services(record, incident.service_id, incident.service_name)
        events, live = await asyncio.gather(
            self._window(services, evidence.diagnosis.onset - CLOCK_SLACK_S, now), self._live(services, [])
        )
        merged = merge_events(events, live.events if live else [])
        observed = gather_observations(
            IncidentContext(services, evidence.diagnosis.onset, record.lookback_s, merged, live.pods if live else None)
        )
        rollback = find_rollback(evidence, observed.changes)
        if live is None:
            return Clearing(rollback)
        return Clearing(rollback, sum(pod.is_ready for pod in observed.own_pods), len(observed.own_pods))

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
        return read_alerts(alerts, incident.triggered_at)

    async def _live(self, services: list[ServiceView], gaps: list[str]) -> LiveView | None:
        if self._live_reader is None:
            return None
        try:
            async with asyncio.timeout(LIVE_READ_TIMEOUT_S):
                view = await self._live_reader(services)
        except (KubernetesError, TimeoutError, OSError) as error:
            log.info("Live objects could not be read", error=str(error) or "timeout")
            refused = isinstance(error, KubernetesError) and is_refusal(error)
            why = "the API server refuses to show it" if refused else "it did not answer in time"
            gaps.append(f"the cluster as it is now, because {why}")
            return None
        gaps.extend(view.gaps if view else [])
        return view

    async def _window(self, services: list[ServiceView], since: float, now: float) -> list[ContextEvent]:
        """Read what was stored: by name, by namespace where labels decide, and of nodes."""
        tenants = _tenants(services)
        by_name = EventQuery(tenants, [s.name for s in services], since, now, now, MAX_WINDOW_EVENTS)
        queries = [by_name, EventQuery([CLUSTER_TENANT], None, since, now, now, MAX_WINDOW_EVENTS)]
        labelled = list(dict.fromkeys(n for s in services if s.match_labels for n in s.namespaces))
        if labelled:
            queries.append(EventQuery(labelled, None, since, now, now, MAX_WINDOW_EVENTS))
        found = await asyncio.gather(*(self._store.window(query) for query in queries))
        return merge_events(*found)


def merge_events(*lists: list[ContextEvent]) -> list[ContextEvent]:
    """Join events from several readings; the same one (by its dedup key) is kept once, as last seen."""
    merged: dict[tuple[str, str, str], ContextEvent] = {}
    for event in (event for events in lists for event in events):
        key = (event.tenant, event.source, event.dedup_key)
        known = merged.get(key)
        if known is None:
            merged[key] = event
        elif event.last_seen > known.last_seen:
            merged[key] = merge_repeated(known, event)
    return list(merged.values())


def find_rollback(evidence: Evidence, changes: list[Change]) -> Change | None:
    """Return the last rollout of the blamed workload that led back to the image before; times are cut to the second."""
    causes = evidence.diagnosis.causes
    blamed = causes[0].change if causes and causes[0].kind is CauseKind.ROLLOUT else None
    if blamed is None:
        return None
    before = blamed.details.get(details.PREVIOUS_IMAGE)
    back = [
        change
        for change in changes
        if change.is_rollout
        and change.subject == blamed.subject
        and change.at >= blamed.at
        and change.event_id != blamed.event_id
        and before
        and change.details.get(details.IMAGE) == before
    ]
    return max(back, key=lambda change: change.at, default=None)


def _tenants(services: list[ServiceView]) -> list[str]:
    return list(dict.fromkeys(tenant for s in services for tenant in (s.tenant, *s.namespaces)))
