"""What there is of an integration: its Secrets, record and routes, the namespaces that it maps, the receiver's word."""

from collections.abc import Mapping

from noctuary.common import clock
from noctuary.models.integration_spec import IntegrationSpec, SecretKeyRef
from noctuary.models.reports import IntegrationReport
from noctuary.models.routing_record import hash_secret
from noctuary_operator.plan.lookups import describe_lookup
from noctuary_operator.plan.observed import Lookup, Observed
from noctuary_operator.plan.policy import mapped_namespaces
from noctuary_operator.resources.integration import Integration
from noctuary_operator.resources.minted import Minted
from noctuary_operator.resources.objects import LabelledSecret
from noctuary_operator.resources.secret_data import WEBHOOK_SECRET_KEYS
from noctuary_operator.watch.cluster_view import ClusterView
from noctuary_operator.watch.receiver_reports import ReceiverReports
from noctuary_operator.watch.secret_values import SecretValues


class Observer:
    """Reads what the caches hold, and of Secrets the values that they do not."""

    def __init__(self, view: ClusterView, values: SecretValues, reports: ReceiverReports) -> None:
        self._view = view
        self._values = values
        self._reports = reports

    async def webhook_secret(self, integration: Integration) -> dict[str, str]:
        """Return what the webhook Secret holds; that of an earlier integration of the same name is not ours."""
        namespace, name = integration.namespace, integration.webhook_secret_name
        head = self._view.heads.get(namespace, name)
        if head is None or not head.is_of(integration.uid, self._view.identities.id_of(integration.uid)):
            return {}
        values = await self._values.get(namespace, name, WEBHOOK_SECRET_KEYS) or {}
        ours = WEBHOOK_SECRET_KEYS & values.keys()
        return {key: (values[key] or b"").decode(errors="replace") for key in ours}

    async def observe(
        self,
        integration: Integration,
        spec: IntegrationSpec,
        integration_id: str,
        webhook_secret: Mapping[str, str],
        minted: Minted | None,
    ) -> Observed:
        """Return what there is of an integration and around it; `minted`: what was made for it and not written yet.

        Raises SecretUnreadable and KubernetesError.
        """
        record, report = self._view.record_secret(integration_id), self._reports.get(integration_id)
        subscription = spec.webhook.subscription if spec.webhook is not None else None
        mapped = mapped_namespaces(spec, integration.namespace)
        return Observed(
            integration=integration,
            api_token=await self._look_up(integration, spec.api_token_secret_ref if spec.writes_notes else None),
            signing_secret=await self._look_up(
                integration, subscription.signing_secret_ref if subscription and spec.takes_webhooks else None
            ),
            prometheus_token=await self._look_up(integration, spec.prometheus_token_ref),
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
            minted=minted or (record.minted if record is not None else None),
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
            return other.path
        return "another integration"
