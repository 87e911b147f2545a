"""Server-side apply with one field manager, only where the cluster differs from what is desired."""

import re
from typing import Any

import msgspec
import structlog

from noctuary.common.errors import KubernetesError
from noctuary.kube.client import KubeClient
from noctuary.models.integration_spec import GROUP, KIND, VERSION
from noctuary.models.routing_record import (
    ROLE_ROUTING_RECORD,
    ROLE_WEBHOOK_SECRET,
    RoutingRecord,
    encode_record,
    record_secret_name,
)
from noctuary_operator.metrics import OperatorMetrics
from noctuary_operator.plan.conditions import Outcome
from noctuary_operator.plan.desired import Desired
from noctuary_operator.plan.manifests import contains, labels, owner_annotations, owner_reference
from noctuary_operator.plan.observed import Observed
from noctuary_operator.plan.policy import Problem
from noctuary_operator.plan.routes.http_routes import HTTP_ROUTE, http_routes_absent
from noctuary_operator.plan.routes.kinds import ROUTE_KINDS, same_route
from noctuary_operator.resources import paths, reasons
from noctuary_operator.resources.integration import Integration
from noctuary_operator.resources.minted import Minted, encode_minted
from noctuary_operator.resources.objects import LabelledSecret, Meta, RouteObject, SecretHead
from noctuary_operator.resources.secret_data import encode_values
from noctuary_operator.resources.status import IntegrationStatus
from noctuary_operator.watch.cluster_view import ClusterView
from noctuary_operator.watch.secret_values import SecretValues

log = structlog.get_logger()

FIELD_MANAGER = "noctuary-operator"
REFUSALS = frozenset({400, 403, 409, 422})
"""Answers to a write that a person has to fix: admission, quota, policy, a terminating namespace."""
CONFLICT = re.compile("Apply failed with|Operation cannot be fulfilled on secrets")
"""How an API server says that somebody else has written a Secret; of quotas it says the second, too."""
UNDECLARED = re.compile(r"\.status\.(\w+): field not declared in schema")
"""How an API server names what it refuses of a status: a CRD may be upgraded after the operator, or taken back."""


class _Answer(msgspec.Struct):
    metadata: Meta


_SECRET_HEAD = msgspec.json.Decoder(SecretHead)


class Applier:
    """Writes, and remembers in the caches what it wrote."""

    def __init__(
        self,
        client: KubeClient,
        view: ClusterView,
        values: SecretValues,
        release_namespace: str,
        metrics: OperatorMetrics,
    ) -> None:
        self._client = client
        self._view = view
        self._values = values
        self._namespace = release_namespace
        self._metrics = metrics

    async def apply(self, observed: Observed, desired: Desired, minted: Minted | None) -> Outcome:
        """Bring record, webhook Secret and route to what they should be, in this order.

        The record goes first: from then on the receiver accepts the new token, so a crash afterwards costs
        another rotation but never a token in the Secret that nobody accepts. It goes once more when the Secret is
        written: an old token ends an overlap after people can read the new one. What was `minted` for a Secret that
        is refused is kept beside the record, so that a restart makes nothing anew.
        """
        integration, record = observed.integration, desired.record_before
        known, kind = self._view.record_secret(record.id), (desired.route or {}).get("kind", "")
        record_problem = await self._record(integration, record, known.minted if known is not None else None)
        if record_problem is not None:
            return Outcome(record_problem, route=self._view.route(kind, record.id), is_recorded=False)
        secret_problem = await self._webhook_secret(observed, desired.webhook_secret)
        if secret_problem is not None:
            await self._record(integration, record, minted)
        elif (record_problem := await self._record(integration, desired.record, None)) is not None:
            return Outcome(record_problem, route=self._view.route(kind, record.id), is_recorded=False)
        route_problem = None if desired.keeps_route else await self._route(observed, desired.route)
        return Outcome(secret_problem, route_problem, self._view.route(kind, record.id))

    async def _record(self, integration: Integration, record: RoutingRecord, minted: Minted | None) -> Problem | None:
        wanted = labels(ROLE_ROUTING_RECORD, record.id)
        actual = self._view.record_secret(record.id)
        is_same = (
            actual is not None
            and (actual.record, actual.minted) == (record, minted)
            and actual.metadata.owner_uid == integration.uid
        )
        if actual is not None and is_same and contains(actual.metadata.labels, wanted):
            return None
        name = record_secret_name(record.id)
        data = {**encode_record(record), **encode_minted(minted)}
        manifest = _secret(name, self._namespace, wanted, data)
        manifest["metadata"]["annotations"] = owner_annotations(integration, record.id)
        try:
            with self._view.labelled.writing(self._namespace, name):
                meta = await self._apply(paths.secrets(self._namespace, name), manifest)
                self._view.labelled.record_write(LabelledSecret(meta, record=record, minted=minted))
        except KubernetesError as error:
            return _secret_refusal(f"{self._namespace}/{name}, the routing record,", error)
        return None

    async def _webhook_secret(self, observed: Observed, values: dict[str, str]) -> Problem | None:
        integration = observed.integration
        name = integration.webhook_secret_name
        if observed.secret_name_taken:
            message = (
                f"Secret {name} exists and was not made for this integration; "
                "delete or rename it, or choose another name for this resource"
            )
            return Problem(reasons.SECRET_NAME_TAKEN, message)
        wanted = labels(ROLE_WEBHOOK_SECRET, observed.id)
        actual = self._view.heads.get(integration.namespace, name)
        if actual is not None and _is_whole(actual, wanted, integration.uid) and observed.webhook_secret == values:
            return None
        manifest = _secret(name, integration.namespace, wanted, encode_values(values))
        manifest["metadata"]["ownerReferences"] = [owner_reference(integration)]
        is_own = actual is not None and actual.is_owned_by(integration.uid)
        if actual is not None and not is_own:
            manifest["metadata"]["resourceVersion"] = actual.metadata.resource_version
        try:
            with self._view.heads.writing(integration.namespace, name):
                answer = await self._send(
                    paths.secrets(integration.namespace, name), manifest, force=actual is not None
                )
                head = _SECRET_HEAD.decode(answer)
                self._values.record_write(integration.namespace, name, head.metadata.resource_version, values)
                self._view.heads.record_write(head)
        except KubernetesError as error:
            if not is_own and CONFLICT.search(str(error)):
                raise  # it was restored or let go meanwhile; the watch shows it, and what it holds counts
            return _secret_refusal(name, error)
        return None

    async def _route(self, observed: Observed, manifest: dict[str, Any] | None) -> Problem | None:
        """Apply the one route that should be; those of other kinds go when it is applied, so that none is missed."""
        kind, name = ("", "") if manifest is None else (manifest["kind"], manifest["metadata"]["name"])
        if kind == HTTP_ROUTE and self._view.http_routes_absent is not None:
            return self._view.http_routes_absent
        try:
            if manifest is not None and (observed.route is None or not same_route(observed.route, manifest)):
                await self._apply_route(observed, manifest)
            await self.remove_routes(observed.id, keep=(kind, name))
        except KubernetesError as error:
            return _route_refusal(kind or "removal of the route", error)
        return None

    async def _apply_route(self, observed: Observed, manifest: dict[str, Any]) -> None:
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        routes = self._view.routes[kind]
        status = observed.route.status if observed.route is not None else {}
        with routes.writing(self._namespace, name):
            meta = await self._apply(ROUTE_KINDS[kind].path(self._namespace, name), manifest)
            routes.record_write(RouteObject(meta, manifest["spec"], status))

    async def remove_routes(self, integration_id: str, keep: tuple[str, str] | None = None) -> None:
        """Delete the routes of an integration that are there, but for one, by its kind and name."""
        names = {
            (kind, route.metadata.name)
            for kind, cache in self._view.routes.items()
            for route in cache.group(integration_id)
        }
        for kind, name in names - {keep}:
            self._metrics.writes.labels(kind).inc()
            await self._client.delete(ROUTE_KINDS[kind].path(self._namespace, name))
            self._view.routes[kind].record_delete(self._namespace, name)

    async def remove_record(self, integration_id: str) -> None:
        """Delete the routing record of an integration, if it is there."""
        if self._view.record_secret(integration_id) is None:
            return
        name = record_secret_name(integration_id)
        self._metrics.writes.labels("Secret").inc()
        await self._client.delete(paths.secrets(self._namespace, name))
        self._view.labelled.record_delete(self._namespace, name)

    async def write_status(self, integration: Integration, status: IntegrationStatus) -> bool:
        """Write the status where it differs; return whether it did."""
        if status == integration.status:
            return False
        manifest = {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": KIND,
            "metadata": {"name": integration.name, "namespace": integration.namespace, "uid": integration.uid},
            "status": status,
        }
        try:
            meta = await self._apply_status(integration, manifest)
        except KubernetesError as error:
            if error.not_found or (error.status == 409 and self._view.integrations.get(integration.uid) is None):
                return False  # it was deleted meanwhile; its DELETE event is on the way
            raise
        self._view.integrations.wrote_status(integration.uid, status, int(meta.resource_version))
        return True

    async def _apply_status(self, integration: Integration, manifest: dict[str, Any]) -> Meta:
        """Apply a status, without the fields that a CRD of before does not know: the rest must not wait for it."""
        path = f"{paths.integrations(integration.namespace, integration.name)}/status"
        try:
            return await self._apply(path, manifest)
        except KubernetesError as error:
            unknown = set(UNDECLARED.findall(str(error)))
            if not unknown:
                raise
            log.info("Status field is not in the CRD", fields=sorted(unknown), fix="upgrade the CRD")
        declared = {
            name: value for name, value in msgspec.to_builtins(manifest["status"]).items() if name not in unknown
        }
        return await self._apply(path, manifest | {"status": declared})

    async def _apply(self, path: str, manifest: dict[str, Any]) -> Meta:
        return msgspec.json.decode(await self._send(path, manifest), type=_Answer).metadata

    async def _send(self, path: str, manifest: dict[str, Any], *, force: bool = True) -> bytes:
        kind = manifest["kind"] + (" status" if path.endswith("/status") else "")
        self._metrics.writes.labels(kind).inc()
        return await self._client.apply(path, manifest, manager=FIELD_MANAGER, force=force)


def _secret(name: str, namespace: str, labels_: dict[str, str], data: dict[str, str]) -> dict[str, Any]:
    """Write with `data`: a key dropped from it vanishes, one dropped from stringData would stay."""
    metadata: dict[str, Any] = {"name": name, "namespace": namespace, "labels": labels_}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data}


def _is_whole(actual: SecretHead, labels_: dict[str, str], uid: str) -> bool:
    return actual.is_owned_by(uid) and msgspec.to_builtins(actual.metadata.labels) == labels_


def _is_refused(error: KubernetesError) -> bool:
    """Whether a person has to do something: an admission webhook that does not answer is a refusal, too."""
    return error.status in REFUSALS or "failed calling webhook" in str(error)


def _secret_refusal(what: str, error: KubernetesError) -> Problem:
    """Return what a person has to fix; raise what is no refusal."""
    if not _is_refused(error):
        raise error
    mend = "change the quota, the policy, the admission webhook or the Role that refuses it"
    if "field is immutable" in str(error):
        mend = "delete this Secret, and it is made anew: nobody can change it"
    return Problem(reasons.SECRET_REFUSED, f"Secret {what} was refused: {error}; {mend}")


def _route_refusal(kind: str, error: KubernetesError) -> Problem:
    """Return what a person has to fix; raise what is no refusal."""
    absent = http_routes_absent(error) if kind == HTTP_ROUTE and error.not_found else None
    if absent is not None:
        return absent
    if not _is_refused(error):
        raise error
    return Problem(
        reasons.ROUTE_REFUSED, f"the {kind} was refused: {error}; change spec.webhook.route, or what refuses it"
    )
