"""One function for every key: observe, plan, apply, write the status."""

from collections.abc import Callable, Mapping

import msgspec
import structlog

from noctuary.common import clock
from noctuary.common.errors import KubernetesError, SecretUnreadable
from noctuary.kube.client import KubeClient
from noctuary.models.integration_spec import IntegrationSpec, SecretKeyRef
from noctuary.models.reports import IntegrationReport
from noctuary.models.routing_record import hash_secret
from noctuary_operator.act.apply import Applier
from noctuary_operator.act.events import EventRecorder
from noctuary_operator.act.removal import Remover
from noctuary_operator.plan.conditions import held_status, status_of
from noctuary_operator.plan.desired import Desired, compile_desired, minted_of
from noctuary_operator.plan.events import planned_events
from noctuary_operator.plan.lookups import describe_lookup
from noctuary_operator.plan.manifests import Backend
from noctuary_operator.plan.observed import Lookup, Observed
from noctuary_operator.plan.policy import Policy, Problem, mapped_namespaces
from noctuary_operator.plan.restored import is_unused, restored_id
from noctuary_operator.resources import paths, reasons
from noctuary_operator.resources.ids import may_belong_to, new_id
from noctuary_operator.resources.integration import Integration
from noctuary_operator.resources.minted import Minted
from noctuary_operator.resources.objects import IS_ID, LabelledSecret, SecretHead
from noctuary_operator.resources.secret_data import ID_KEY, WEBHOOK_SECRET_KEYS, fresh_secret
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
ID_TAKEN = (
    "the integrationID in Secret {} belongs to another integration; delete the Secret, and this one gets an id and a "
    "URL of its own"
)
ID_OF_ANOTHER_PLACE = (
    "the integrationID in Secret {} was made for another namespace or name; delete the Secret, and this one gets an "
    "id and a URL of its own, or restore it under the namespace and name that it had"
)
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
        self._values = values
        self._recorder = recorder
        self._policy = policy
        self._backend = backend
        self._reports = reports
        self._remover = Remover(client, view, applier, reports, is_closed)
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
        webhook_secret = await self._webhook_secret(integration)
        former = self._view.identities.id_of(integration.uid)
        integration_id = self._identify(integration, webhook_secret)
        if integration_id is None:
            return LEAST_DELAY_S
        if isinstance(integration_id, Problem):
            await self.hold(integration, integration_id, "TokenReady")
            return REFUSED_AGAIN_S
        if former is not None and former != integration_id:
            self._minted.pop(integration.uid, None)
            await self._remover.remove(former)
        observed = await self._observe(integration, spec, integration_id, webhook_secret)
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

    def _identify(self, integration: Integration, webhook_secret: Mapping[str, str]) -> str | Problem | None:
        """Return the id of an integration, a problem where it names another's, None while the id's last holder ends.

        Nothing is awaited between the look and the taking of an id: of two that name one, the second is refused.
        """
        identities = self._view.identities
        head = self._view.heads.get(integration.namespace, integration.webhook_secret_name)
        known = identities.id_of(integration.uid)
        if known is None:
            wanted = wanted_id(integration, webhook_secret, head)
        else:
            wanted = self._restored(integration, known, webhook_secret, head)
            if wanted is None:
                return known
        if wanted in self._remover.ending:
            return None
        if wanted is not None and self._view.is_id_of_another(wanted, integration):
            return known or self._taken(wanted, integration)
        given = wanted or new_id(integration.namespace, integration.name)
        identities.bind(integration.uid, given)
        return given

    def _restored(
        self, integration: Integration, known: str, webhook_secret: Mapping[str, str], head: SecretHead | None
    ) -> str | None:
        """Return the id of a webhook Secret that was restored after the integration, while its own was not used yet."""
        if not is_unused(integration.status, self._reports.get(known)):
            return None
        record = self._view.record_secret(known)
        return restored_id(known, head, webhook_secret, record.record if record is not None else None)

    def _taken(self, wanted: str, integration: Integration) -> Problem:
        fits = may_belong_to(wanted, integration.namespace, integration.name)
        message = (ID_TAKEN if fits else ID_OF_ANOTHER_PLACE).format(integration.webhook_secret_name)
        return Problem(reasons.INTEGRATION_ID_TAKEN, message)

    async def _observe(
        self, integration: Integration, spec: IntegrationSpec, integration_id: str, webhook_secret: Mapping[str, str]
    ) -> Observed:
        record, report = self._view.record_secret(integration_id), self._reports.get(integration_id)
        subscription = spec.webhook.subscription if spec.webhook is not None else None
        mapped = mapped_namespaces(spec, integration.namespace)
        return Observed(
            integration=integration,
            api_token=await self._look_up(integration, spec.api_token_secret_ref if spec.writes_notes else None),
            signing_secret=await self._look_up(
                integration, subscription.signing_secret_ref if subscription and spec.takes_webhooks else None
            ),
            now=clock.now(),
            id=integration_id,
            record=record.record if record is not None else None,
            webhook_secret=webhook_secret,
            secret_name_taken=self._is_taken(integration),
            routes=self._view.routes_of(integration_id),
            consents={namespace: self._consents(namespace, integration.namespace) for namespace in mapped},
            unwatched=frozenset(namespace for namespace in mapped if not self._view.watches(namespace)),
            missing=frozenset(namespace for namespace in mapped if not self._view.knows_namespace(namespace)),
            report=report,
            displacer=self._displacer(integration, report),
            minted=self._minted.get(integration.uid) or (record.minted if record is not None else None),
            held_elsewhere=self._held_elsewhere(integration_id, record, webhook_secret),
        )

    def _held_elsewhere(
        self, integration_id: str, record: LabelledSecret | None, webhook_secret: Mapping[str, str]
    ) -> list[str]:
        """Return the keys of the webhook Secret whose values are another integration's; looked for where it matters."""
        known = record.record if record is not None else None
        is_adopting = known is None or not known.tokens or known.ingest_key_sha256 is None
        adopted = [key for key in ("token", "ingestKey") if key in webhook_secret] if is_adopting else []
        return [
            key for key in adopted if self._view.is_held_elsewhere(integration_id, hash_secret(webhook_secret[key]))
        ]

    async def _look_up(self, integration: Integration, ref: SecretKeyRef | None) -> Lookup:
        if ref is None:
            return Lookup(missing="is not given")
        if ref.name == integration.webhook_secret_name:
            return Lookup(missing=f"Secret {ref.name} is the one in which Noctuary keeps the webhook URL; name another")
        head = self._view.heads.get(integration.namespace, ref.name)
        if head is not None and head.metadata.labels.role:
            return Lookup(missing=f"Secret {ref.name} was made by Noctuary itself; name another")
        return describe_lookup(ref, await self._values.get(integration.namespace, ref.name, {ref.key}))

    async def _webhook_secret(self, integration: Integration) -> dict[str, str]:
        """Return what the webhook Secret holds; that of an earlier integration of the same name is not ours."""
        namespace, name = integration.namespace, integration.webhook_secret_name
        head = self._view.heads.get(namespace, name)
        if head is None or not head.is_of(integration.uid, self._view.identities.id_of(integration.uid)):
            return {}
        values = await self._values.get(namespace, name, WEBHOOK_SECRET_KEYS) or {}
        ours = WEBHOOK_SECRET_KEYS & values.keys()
        return {key: (values[key] or b"").decode(errors="replace") for key in ours}

    def _is_taken(self, integration: Integration) -> bool:
        """Whether the Secret of the needed name was made for something else: it is never written then."""
        head = self._view.heads.get(integration.namespace, integration.webhook_secret_name)
        known = self._view.identities.id_of(integration.uid)
        return head is not None and not (head.is_of(integration.uid, known) or head.is_left_of(integration.name))

    def _consents(self, namespace: str, own: str) -> bool:
        head = self._view.namespaces.get("", namespace)
        return head is not None and head.allows(own)

    def _displacer(self, integration: Integration, report: IntegrationReport | None) -> str | None:
        """Return who writes the notes instead, by name where the one who asks may know it."""
        if report is None or report.displaced is None:
            return None
        other = self._view.integrations.get(self._view.key_of(report.displaced.by))
        if other is not None and (
            other.namespace == integration.namespace or self._consents(other.namespace, integration.namespace)
        ):
            return _path(other)
        return "another integration"

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
            log.info("Integration changed", integration=_path(integration), reason=event.reason)
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


def wanted_id(integration: Integration, webhook_secret: Mapping[str, str], head: SecretHead | None) -> str | None:
    """Return the id that an integration had before, as its status and its webhook Secret say; None for a new one.

    Releases that kept no ids took the uid, and labelled the Secret with it.
    """
    label = head.metadata.labels.integration if head is not None and webhook_secret else ""
    before = integration.uid if integration.status.webhook_secret_name is not None else None
    said = (integration.status.integration_id, webhook_secret.get(ID_KEY), label, before)
    return next((each for each in said if each and IS_ID(each)), None)


def without_times(status: IntegrationStatus) -> IntegrationStatus:
    """Return the status without what the receiver reported in passing."""
    return msgspec.structs.replace(
        status, last_webhook_time=None, last_note_time=None, last_failure_time=None, last_failure_reason=None
    )


def _soonest(*delays_s: float | None) -> float | None:
    known = [max(delay_s, LEAST_DELAY_S) for delay_s in delays_s if delay_s is not None]
    return min(known, default=None)


def _path(integration: Integration) -> str:
    return f"{integration.namespace}/{integration.name}"
