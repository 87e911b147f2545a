"""One function for every key: observe, plan, apply, write the status."""

from collections.abc import Callable

import msgspec
import structlog

from noctuary.common import clock
from noctuary.common.errors import KubernetesError, SecretUnreadable
from noctuary.kube.client import KubeClient
from noctuary.models.integration_spec import IntegrationSpec
from noctuary_operator.act.apply import Applier
from noctuary_operator.act.events import EventRecorder
from noctuary_operator.act.identify import Identifier
from noctuary_operator.act.observe import Observer
from noctuary_operator.act.removal import Remover
from noctuary_operator.plan.conditions import held_status, status_of
from noctuary_operator.plan.desired import Desired, compile_desired, minted_of
from noctuary_operator.plan.events import planned_events
from noctuary_operator.plan.manifests import Backend
from noctuary_operator.plan.observed import Observed
from noctuary_operator.plan.policy import Policy, Problem
from noctuary_operator.resources import paths, reasons
from noctuary_operator.resources.integration import Integration
from noctuary_operator.resources.minted import Minted
from noctuary_operator.resources.secret_data import fresh_secret
from noctuary_operator.resources.status import IntegrationStatus
from noctuary_operator.watch.cluster_view import ClusterView
from noctuary_operator.watch.receiver_reports import ReceiverReports
from noctuary_operator.watch.seats import Seats
from noctuary_operator.watch.secret_values import SecretValues

log = structlog.get_logger()

STATUS_TIMES_EVERY_S = 60.0
"""The times in the status are written at most this often: a busy service must not keep etcd busy."""
REFUSED_AGAIN_S = 60.0
"""A refused write is tried again after this: no watch tells of a quota or an admission policy that changed."""
LEAST_DELAY_S = 0.05
"""A time that is just over is reconciled after this, not in a loop."""


class Reconciler:
    """Brings one integration to what it should be, whatever happened to it."""

    def __init__(
        self,
        client: KubeClient,
        view: ClusterView,
        applier: Applier,
        values: SecretValues,
        recorder: EventRecorder,
        policy: Policy,
        backend: Backend,
        reports: ReceiverReports,
        is_closed: Callable[[str], bool],
    ) -> None:
        self._client = client
        self._view = view
        self._applier = applier
        self._recorder = recorder
        self._policy = policy
        self._backend = backend
        self._remover = Remover(client, view, applier, reports, is_closed)
        self._identifier = Identifier(view, reports, self._remover.ending)
        self._observer = Observer(view, values, reports)
        self._minted: dict[str, Minted] = {}
        self._times_written_at: dict[str, float] = {}

    async def reconcile(self, uid: str) -> float | None:
        """Work one integration; return the seconds until time alone changes what should be."""
        integration = self._view.integrations.get(uid)
        if integration is None or await self._remover.is_leaving(integration):
            self._minted.pop(uid, None)
            self._times_written_at.pop(uid, None)
            await self._remover.remove(uid)
            return None
        if await self._remover.was_deleted(integration):
            return None
        if integration.is_bare and self._view.integrations.seats.has(uid):
            return await self._read_again(integration)
        problem = held_problem(integration, self._view.integrations.seats)
        if problem is not None or integration.spec is None:
            await self.hold(integration, problem)
            return None
        return await self._realize(integration, integration.spec)

    async def _read_again(self, integration: Integration) -> float | None:
        """Read an integration whose spec was not kept, to be worked after that; the watch tells of one that is gone."""
        try:
            raw = await self._client.get(paths.integrations(integration.namespace, integration.name))
        except KubernetesError as error:
            if error.not_found:
                return None
            raise
        self._view.integrations.upsert(msgspec.json.decode(raw))
        return LEAST_DELAY_S

    async def hold(self, integration: Integration, problem: Problem | None, type_: str = "Ready") -> None:
        """Say what keeps an integration from being worked, and leave all of it as it is."""
        if problem is not None and not await self._remover.is_leaving(integration):
            await self._write_status(integration, held_status(integration, problem, clock.now(), type_), None)

    async def _realize(self, integration: Integration, spec: IntegrationSpec) -> float | None:
        try:
            return await self._bring_about(integration, spec)
        except SecretUnreadable as error:
            problem = Problem(reasons.SECRET_ACCESS_MISSING, f"{error}; let the operator's account get Secrets there")
            await self.hold(integration, problem, "TokenReady")
            return REFUSED_AGAIN_S

    async def _bring_about(self, integration: Integration, spec: IntegrationSpec) -> float | None:
        webhook_secret = await self._observer.webhook_secret(integration)
        former = self._view.identities.id_of(integration.uid)
        integration_id = self._identifier.identify(integration, webhook_secret)
        if integration_id is None:
            return LEAST_DELAY_S
        if isinstance(integration_id, Problem):
            await self.hold(integration, integration_id, "TokenReady")
            return REFUSED_AGAIN_S
        if former is not None and former != integration_id:
            self._minted.pop(integration.uid, None)
            await self._remover.remove(former)
        known = self._minted.get(integration.uid)
        observed = await self._observer.observe(integration, spec, integration_id, webhook_secret, known)
        desired = compile_desired(observed, spec, self._policy, self._backend, fresh_secret)
        minted = self._remember_minted(observed, desired)
        outcome = await self._applier.apply(observed, desired, minted)
        if outcome.secret_problem is None:
            self._minted.pop(integration.uid, None)
        status = status_of(observed, spec, desired, outcome, self._backend)
        wait_s = await self._write_status(integration, status, desired)
        again_s = REFUSED_AGAIN_S if outcome.is_refused else None
        if outcome.secret_problem is not None or desired.due_at is None:  # what is due stays so while it is refused
            return _soonest(wait_s, again_s)
        return _soonest(wait_s, again_s, desired.due_at - observed.now)

    def _remember_minted(self, observed: Observed, desired: Desired) -> Minted | None:
        minted = minted_of(observed, desired, fresh_secret)
        if minted is None:
            self._minted.pop(observed.integration.uid, None)
        else:
            self._minted[observed.integration.uid] = minted
        return minted

    async def _write_status(
        self, integration: Integration, status: IntegrationStatus, desired: Desired | None
    ) -> float | None:
        wait_s = self._hold_times_s(integration, status)
        if wait_s is not None:
            return wait_s
        if await self._applier.write_status(integration, status):
            self._times_written_at[integration.uid] = clock.now()
        for event in planned_events(integration.status, status, desired):
            log.info("Integration changed", integration=integration.path, reason=event.reason)
            await self._recorder.post(integration, event)
        return None

    def _hold_times_s(self, integration: Integration, status: IntegrationStatus) -> float | None:
        """Return how long a status that differs only in its times is to wait, None when it is to be written."""
        if status == integration.status or without_times(status) != without_times(integration.status):
            return None
        left_s = self._times_written_at.get(integration.uid, 0.0) + STATUS_TIMES_EVERY_S - clock.now()
        return left_s if left_s > 0 else None


def held_problem(integration: Integration, seats: Seats) -> Problem | None:
    """Return why an integration is left as it is, None when it is to be worked."""
    if not seats.has(integration.uid):
        message = (
            f"namespace {integration.namespace} has {seats.per_namespace} older integrations, as many as it may "
            "(limits.integrationsPerNamespace); delete one of them, or ask the administrator to raise the limit"
        )
        return Problem(reasons.TOO_MANY_INTEGRATIONS, message)
    if integration.spec is None:
        reason = reasons.SPEC_TOO_LARGE if integration.spec_is_too_large else reasons.INVALID_SPEC
        return Problem(reason, integration.spec_error or "the spec cannot be read")
    return None


def without_times(status: IntegrationStatus) -> IntegrationStatus:
    """Return the status without what the receiver reported in passing."""
    return msgspec.structs.replace(
        status, last_webhook_time=None, last_note_time=None, last_failure_time=None, last_failure_reason=None
    )


def _soonest(*delays_s: float | None) -> float | None:
    known = [max(delay_s, LEAST_DELAY_S) for delay_s in delays_s if delay_s is not None]
    return min(known, default=None)
