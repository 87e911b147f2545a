"""Gather what an incident's evidence is made of: alerts, the state window and live objects, all at once."""

import asyncio
from typing import NamedTuple

import msgspec
import structlog

from noctuary.common.errors import KubernetesError, PagerDutyError, is_refusal
from noctuary.correlation.correlate import observe_and_diagnose
from noctuary.correlation.lasting import CLOCK_SLACK_S
from noctuary.correlation.observations import Observations, gather_observations
from noctuary.incidents.alerts import onset_of, read_alerts
from noctuary.incidents.choosing.calling import with_called
from noctuary.incidents.choosing.following import READ_S, follow, named_namespaces
from noctuary.incidents.evidence.answers import is_better, tells_the_same, with_former, with_later_gaps, with_read
from noctuary.incidents.evidence.clearing import find_clearing, services_of_cause
from noctuary.incidents.evidence.closed import closed_services, not_open, open_of, with_told
from noctuary.incidents.evidence.last_words import lacks_reason, with_last_words
from noctuary.incidents.evidence.limits import within_limits
from noctuary.incidents.evidence.nodes import blamed_nodes, nodes_as_they_are, troubled_nodes
from noctuary.incidents.evidence.sight import NO_SIGHT, Sight
from noctuary.incidents.evidence.standing import (
    blamed_workloads,
    find_standing,
    read_revisions,
    rollouts_of,
    services_of_broken,
)
from noctuary.incidents.evidence.window import Cut, merge_events, read_window, tenants_of
from noctuary.incidents.service_mapping import resolve_services, with_chosen
from noctuary.models.context_event import CHANGE_TYPES, ContextEvent
from noctuary.models.diagnosis import Diagnosis, IncidentContext, Relation, ServiceView
from noctuary.models.evidence import AlertSummary, Evidence, Standing
from noctuary.models.incident import IncidentRow
from noctuary.models.live_view import LiveView, MetricsRequest, MetricsView
from noctuary.models.node_view import NodeView
from noctuary.models.routing_record import RoutingRecord
from noctuary.pagerduty.client import PagerDutyClients
from noctuary.store.interface import Store

log = structlog.get_logger()

LIVE_READ_TIMEOUT_S = 1.0
"""For all that one look reads of the cluster: the note promises one second, and the store alone is mostly enough."""
ALERTS_TIMEOUT_S = 2.0
"""Alerts sharpen the onset; they are not worth more waiting than this."""


class Look(NamedTuple):
    """What was read at one moment; `live` None: the cluster was not read. No more is read of it after `deadline`."""

    context: IncidentContext
    alerts: AlertSummary
    live: LiveView | None
    gaps: list[str]
    deadline: float
    chosen: list[ServiceView]
    called: list[ServiceView]


class Enricher:
    """Makes evidence; what cannot be read in time becomes a sentence in it, never a failure."""

    def __init__(
        self,
        store: Store,
        clients: PagerDutyClients,
        sight: Sight = NO_SIGHT,
        read_s: float = LIVE_READ_TIMEOUT_S,
        *,
        is_patient: bool = False,
    ) -> None:
        """Make one; `is_patient`: what is slow to read is read for the first answer, too, since nobody waits for it."""
        self._read_s = read_s
        self._is_patient = is_patient
        self._store = store
        self._clients = clients
        self._sight = sight

    async def evidence(
        self,
        record: RoutingRecord,
        incident: IncidentRow,
        now: float,
        former: Evidence | None = None,
        alerts: AlertSummary | None = None,
    ) -> Evidence:
        """Diagnose an incident from everything that can be read in time; `former` is the answer before a reopening.

        `alerts` were read already.
        """
        found = await self._look(record, incident, now, alerts, with_slow=self._is_patient)
        fresh, observed = await self._diagnosed(incident, found, now)
        answer = with_former(fresh, former, observed)
        return answer if answer is fresh else await self.present(record, incident, answer, now)

    def has_more_to_read(self, record: RoutingRecord, evidence: Evidence) -> bool:
        """Tell whether something may sharpen an answer that its first look did not wait for: metrics, or logs."""
        reads_metrics = self._sight.metrics is not None and record.prometheus is not None
        return reads_metrics or (self._sight.logs is not None and lacks_reason(evidence))

    async def second_look(
        self, record: RoutingRecord, incident: IncidentRow, known: Evidence, now: float, *, is_soon: bool = False
    ) -> Evidence:
        """Return a better answer, or the one that is known with what the same reading tells of it now.

        `is_soon`: right after the first look, when the same answer is no reason to write it anew.
        """
        found = await self._look(
            record, incident, now, None if known.gaps else known.alerts, with_slow=True, known=known
        )
        fresh, observed = await self._diagnosed(incident, found, now)
        known = with_later_gaps(known, fresh)
        if is_soon and tells_the_same(fresh, known):
            return known
        if is_better(fresh, known):
            return msgspec.structs.replace(fresh, looked_at=known.looked_at)
        if known.service_id not in ("", fresh.service_id):
            return await self.present(record, incident, known, now)
        kept = with_read(known, fresh)
        if fresh.diagnosis.causes == known.diagnosis.causes:
            return msgspec.structs.replace(kept, standing=fresh.standing)
        standing = await self._standing(known.diagnosis, observed, found, known.standing)
        return msgspec.structs.replace(kept, standing=standing)

    async def _diagnosed(self, incident: IncidentRow, found: Look, now: float) -> tuple[Evidence, Observations]:
        # A namespace in flames has thousands of events: webhooks are answered meanwhile.
        observed, diagnosis = await asyncio.to_thread(observe_and_diagnose, found.context)
        if incident.reopened_at is not None and found.alerts.opened_at is None:
            diagnosis = msgspec.structs.replace(diagnosis, is_of_reopening=True)
        fresh = Evidence(
            diagnosis,
            found.alerts,
            found.gaps,
            limits=[*not_open(found.context.services), *self._sight.limits(found.context.services)],
            standing=await self._standing(diagnosis, observed, found, None),
            clearing=find_clearing(diagnosis, observed, found.live) if incident.status == "resolved" else None,
            service_id=incident.service_id,
            service_name=incident.service_name,
            reopened_at=incident.reopened_at,
            looked_at=now,
            chosen=found.chosen,
            called=found.called,
        )
        return fresh, observed

    async def _standing(
        self, diagnosis: Diagnosis, observed: Observations, found: Look, known: Standing | None
    ) -> Standing:
        """Tell what holds, with the revisions that the live view showed; where it failed nothing more is read."""
        has_failed = found.live is None and self._sight.live is not None
        reader = None if has_failed else self._sight.revisions
        seen = found.live.revisions if found.live is not None else []
        blamed = blamed_workloads(diagnosis)
        services = found.context.services
        revisions = await read_revisions(reader, open_of(blamed, services), found.deadline, seen)
        nodes = await self._nodes(blamed_nodes(diagnosis), found.context.nodes, found.deadline)
        fresh = find_standing(diagnosis, observed.changes, revisions, found.live, nodes, services)
        return with_told(fresh, known, blamed, services)

    async def _look(
        self,
        record: RoutingRecord,
        incident: IncidentRow,
        now: float,
        known_alerts: AlertSummary | None,
        *,
        with_slow: bool,
        known: Evidence | None = None,
    ) -> Look:
        services = resolve_services(record, incident.service_id, incident.service_name)
        gaps: list[str] = []
        cuts: list[Cut] = []
        deadline = self._deadline()
        since = incident.began_at - record.lookback_s
        (alerts, named), events, live, last_event_at = await asyncio.gather(
            self._alerts_and_named(record, incident, services, gaps, known_alerts),
            self._window(services, since, now, cuts),
            self._live(services, gaps, deadline),
            self._last_event_at(services),
        )

        async def window(fresh: list[ServiceView]) -> list[ContextEvent]:
            return await self._window(fresh, since, now, cuts)

        first = live
        services, chosen, fresh, live, missed = await follow(record, services, alerts.targets, live, named, window)
        services, called, more, live = await with_called(record, services, first, live, window)
        fresh = [*fresh, *more]
        gaps += missed
        if chosen:
            last_event_at = await self._last_event_at(services)
        onset = onset_of(alerts, incident.began_at)
        if onset - record.lookback_s < since - 1:
            cuts, since = [], onset - record.lookback_s
            events, fresh = await self._window(services, since, now, cuts), []
        events = [*events, *fresh]
        nodes = await self._nodes(troubled_nodes(events), live.nodes if live else [], deadline)
        asked = MetricsRequest(
            services, live.pods if live else [], onset, onset - record.lookback_s, now, record.prometheus
        )
        told = merge_events(events, live.events if live else [])
        metrics, told = await asyncio.gather(
            self._metrics(asked, gaps) if with_slow else _no_metrics(),
            with_last_words(
                self._sight.logs if with_slow else None, told, services, live.pods if live else None, known, gaps
            ),
        )
        context = IncidentContext(
            services=services,
            onset=onset,
            lookback_s=record.lookback_s,
            events=merge_events(told, metrics.events),
            measured=metrics.measured,
            pods=live.pods if live else None,
            last_event_at=last_event_at,
            minimum_score=record.minimum_confidence,
            ignored_reasons=list(self._sight.ignored_reasons),
            unread_services=live.unread_services if live else None,
            nodes=nodes,
            began_at=incident.began_at,
        )
        context = await asyncio.to_thread(within_limits, context, since, cuts)
        return Look(context, alerts, live, gaps + [str(cut) for cut in cuts], deadline, chosen, called)

    async def present(self, record: RoutingRecord, incident: IncidentRow, known: Evidence, now: float) -> Evidence:
        """Return evidence with what holds now: its answer stays, what became of the blamed workloads is read again.

        While the incident is open only their revisions are read, and pods where the note names broken ones; when it is
        resolved, the pods of the shown cause too.
        """
        services = resolve_services(
            record, known.service_id or incident.service_id, known.service_name or incident.service_name
        )
        services = [*with_chosen(record, services, known.chosen), *known.called]
        diagnosis, deadline = known.diagnosis, self._deadline()
        blamed = blamed_workloads(diagnosis)
        is_resolved = incident.status == "resolved"
        cleared = services_of_cause(diagnosis, services) if is_resolved else []
        shown = [*cleared, *(each for each in services_of_broken(diagnosis, services) if each not in cleared)]
        begin = min([diagnosis.onset, *(cause.at for cause in diagnosis.causes)]) - CLOCK_SLACK_S
        events, live, revisions = await asyncio.gather(
            self._window(services, begin, now, []),
            self._live(shown, [], deadline),
            read_revisions(self._sight.revisions, open_of(blamed, services), deadline),
        )
        nodes = await self._nodes(blamed_nodes(diagnosis), live.nodes if live else [], deadline)
        told = [*(live.events if live else []), *rollouts_of(revisions)]
        context = IncidentContext(
            services,
            diagnosis.onset,
            record.lookback_s,
            [event for event in merge_events(events, told) if event.event_type in CHANGE_TYPES],
            live.pods if live else None,
            ignored_reasons=list(self._sight.ignored_reasons),
        )
        observed = await asyncio.to_thread(_observe, context, begin)
        standing = find_standing(diagnosis, observed.changes, revisions, live, nodes, shown)
        return msgspec.structs.replace(
            known,
            standing=with_told(standing, known.standing, blamed, services),
            clearing=find_clearing(diagnosis, observed, live) if is_resolved else None,
        )

    def _deadline(self) -> float:
        """Return until when a look that begins now may read the cluster."""
        return asyncio.get_running_loop().time() + self._read_s

    async def _window(
        self, services: list[ServiceView], since: float, now: float, cuts: list[Cut]
    ) -> list[ContextEvent]:
        return await read_window(self._store, services, since, now, cuts, self._sight.ignored_reasons)

    async def _nodes(self, names: list[str], known: list[NodeView], deadline: float) -> list[NodeView]:
        return await nodes_as_they_are(self._sight.nodes, names, known, deadline)

    async def _last_event_at(self, services: list[ServiceView]) -> float | None:
        own = [service.name for service in services if service.relation is Relation.OWN]
        return await self._store.last_event_at(tenants_of(services), own, self._sight.ignored_reasons)

    async def _alerts_and_named(
        self,
        record: RoutingRecord,
        incident: IncidentRow,
        services: list[ServiceView],
        gaps: list[str],
        known: AlertSummary | None,
    ) -> tuple[AlertSummary, LiveView | None]:
        """Read the alerts, then the namespaces that they name and nobody asked for: the time counts from here on."""
        alerts = await self._alerts(record, incident, gaps, known)
        wanted = named_namespaces(record, services, alerts.targets)
        return alerts, await self._live(wanted, gaps, asyncio.get_running_loop().time() + READ_S)

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

    async def _metrics(self, asked: MetricsRequest, gaps: list[str]) -> MetricsView:
        if self._sight.metrics is None or not asked.services:
            return MetricsView()
        try:
            view = await self._sight.metrics(asked)
        except Exception:
            log.exception("Metrics could not be understood")
            gaps.append("metrics, because they could not be understood")
            return MetricsView()
        gaps.extend(view.gaps)
        return view

    async def _live(self, services: list[ServiceView], gaps: list[str], deadline: float) -> LiveView | None:
        if self._sight.live is None or not services:
            return None
        try:
            async with asyncio.timeout_at(deadline):
                view = await self._sight.live(services)
        except (KubernetesError, TimeoutError, OSError) as error:
            log.info("Live objects could not be read", error=str(error) or "timeout")
            refused = isinstance(error, KubernetesError) and is_refusal(error)
            why = "the API server refuses to show it" if refused else "it did not answer in time"
            gaps.append(f"the cluster as it is now, because {why}")
            return None
        except Exception:
            log.exception("Live objects could not be understood")
            gaps.append("the cluster as it is now, because it could not be understood")
            return None
        if view is None:
            return None
        gaps.extend(view.gaps)
        return msgspec.structs.replace(view, unread_services=[*view.unread_services, *closed_services(services)])


async def _no_metrics() -> MetricsView:
    return MetricsView()


def _observe(context: IncidentContext, since: float) -> Observations:
    """Gather what is told of services, within the limits: for a thread, since that is of any size."""
    return gather_observations(within_limits(context, since, []))
