"""What should be: the record, the webhook Secret and the Ingress of one integration. Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from noctuary.integration import GROUP, KIND, REGION_API_URL, VERSION, IntegrationSpec, Token, Webhook, duration_s
from noctuary.routing import (
    INTEGRATION_LABEL,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    ROLE_LABEL,
    ROLE_ROUTE,
    WEBHOOK_PATH,
    RoutingRecord,
    Scope,
    ServiceMapping,
    hash_secret,
    record_secret_name,
)
from noctuary_operator import policy as rules
from noctuary_operator.integrations import Integration
from noctuary_operator.objects import APPLIED_ANNOTATION, OWNER_ANNOTATION
from noctuary_operator.observed import Observed
from noctuary_operator.policy import Policy, Problem
from noctuary_operator.tokens import (
    Fresh,
    TokenState,
    next_ingest_key,
    next_signing_secrets,
    next_token,
    rotation_due_at,
)


@dataclass(frozen=True, slots=True)
class Backend:
    """The Service that an Ingress leads to, and the release namespace both live in."""

    namespace: str
    service: str
    port: int


@dataclass(frozen=True, slots=True)
class Desired:
    """What should be for one integration, and what stands in the way; `due_at` is when time alone changes it."""

    record: RoutingRecord
    webhook_secret: dict[str, str]
    ingress: dict[str, Any] | None = None
    token: TokenState | None = None
    ingest_key_rotated_because: str | None = None
    route_problem: Problem | None = None
    api_problem: Problem | None = None
    consent_problem: Problem | None = None
    due_at: float | None = None


@dataclass(slots=True)
class _WebhookParts:
    token: TokenState | None = None
    data: dict[str, str] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)
    due_at: list[float] = field(default_factory=list)


def compile_desired(
    observed: Observed, spec: IntegrationSpec, policy: Policy, backend: Backend, fresh: Fresh
) -> Desired:
    """Compile what should be from what is observed."""
    integration = observed.integration
    webhook = spec.webhook if spec.takes_webhooks else None
    parts = _webhook_parts(observed, webhook, fresh) if webhook is not None else _WebhookParts()
    key = next_ingest_key(observed, fresh)
    refused = rules.refused_namespaces(spec, integration.namespace, observed.consents, observed.unwatched, policy)
    api_problem = rules.api_problem(spec, policy) if spec.writes_notes else None
    record = RoutingRecord(
        id=integration.uid,
        namespace=integration.namespace,
        name=integration.name,
        created_at=integration.created_at,
        generation=integration.generation,
        direction=spec.direction,
        api_url=spec.effective_api_url if api_problem is None else REGION_API_URL[spec.region],
        suspend=spec.suspend,
        api_token=observed.api_token.value if api_problem is None else None,
        from_email=spec.from_email,
        ingest_key_sha256=hash_secret(key.key),
        services=_mappings(spec, integration.namespace, refused),
        lookback_s=duration_s(spec.enrichment.lookback),
        minimum_confidence=spec.enrichment.minimum_confidence,
        **parts.record,
    )
    route_problem, ingress = _route(integration, webhook, policy, backend)
    return Desired(
        record=record,
        webhook_secret={**parts.data, "ingestKey": key.key},
        ingress=ingress,
        token=parts.token,
        ingest_key_rotated_because=key.rotated_because,
        route_problem=route_problem,
        api_problem=api_problem,
        consent_problem=rules.consent_problem(refused, integration.namespace, observed.unwatched),
        due_at=min(parts.due_at, default=None),
    )


def _webhook_parts(observed: Observed, webhook: Webhook, fresh: Fresh) -> _WebhookParts:
    token = next_token(observed, webhook.token, fresh)
    signing = next_signing_secrets(observed, webhook.token)
    scope = webhook.subscription.scope
    data = {
        "url": f"https://{webhook.host}{WEBHOOK_PATH}/{observed.integration.uid}/{token.token}",
        "token": token.token,
    }
    if observed.signing_secret.value is not None:
        data["signingSecret"] = observed.signing_secret.value
    return _WebhookParts(
        token=token,
        data=data,
        record={
            "tokens": token.hashes,
            "signing_secrets": signing,
            "observed_rotate_request": webhook.token.rotate_request,
            "rotated_at": token.rotated_at,
            "scope": Scope(scope.type, scope.id),
        },
        due_at=_due_times(webhook.token, token, [secret.expires_at for secret in signing]),
    )


def _due_times(settings: Token, token: TokenState, others: list[float | None]) -> list[float]:
    times = [hash_.expires_at for hash_ in token.hashes]
    return [at for at in (*times, *others, rotation_due_at(settings, token.rotated_at)) if at is not None]


def _mappings(spec: IntegrationSpec, own: str, refused: list[str]) -> list[ServiceMapping]:
    """Map services; the namespaces are written out, so that an empty list means that none consented."""
    return [
        ServiceMapping(
            name=service.name,
            pagerduty_service_id=service.pager_duty_service_id,
            match_labels=dict(service.selector.match_labels) if service.selector else {},
            namespaces=[each for each in service.namespaces or [own] if each not in refused],
            depends_on=list(service.depends_on),
        )
        for service in spec.services
    ]


def _route(
    integration: Integration, webhook: Webhook | None, policy: Policy, backend: Backend
) -> tuple[Problem | None, dict[str, Any] | None]:
    """A route that may not be is not there at all: half of one could expose what its author meant to protect."""
    if webhook is None or webhook.route.type == "None":
        return None, None
    problem = rules.route_problem(webhook, policy)
    return problem, None if problem else ingress_manifest(integration, webhook, backend)


def labels(role: str, uid: str) -> dict[str, str]:
    """Return the labels of an object that we make; labels of the integration are never copied."""
    return {MANAGED_BY_LABEL: MANAGED_BY, ROLE_LABEL: role, INTEGRATION_LABEL: uid}


def ingress_manifest(integration: Integration, webhook: Webhook, backend: Backend) -> dict[str, Any]:
    """Return the Ingress; its path ends before the token, so that reading it gives nothing away."""
    port = {"name": backend.service, "port": {"number": backend.port}}
    path = {"path": f"{WEBHOOK_PATH}/{integration.uid}", "pathType": "Prefix", "backend": {"service": port}}
    spec: dict[str, Any] = {"rules": [{"host": webhook.host, "http": {"paths": [path]}}]}
    if webhook.route.ingress_class_name is not None:
        spec["ingressClassName"] = webhook.route.ingress_class_name
    if webhook.route.tls is not None:
        spec["tls"] = [{"hosts": [webhook.host], "secretName": webhook.route.tls.secret_name}]
    annotations = {**webhook.route.annotations, OWNER_ANNOTATION: f"{integration.namespace}/{integration.name}"}
    digest = hashlib.sha256(msgspec.json.encode([annotations, spec], order="sorted")).hexdigest()[:16]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": record_secret_name(integration.uid),
            "namespace": backend.namespace,
            "labels": labels(ROLE_ROUTE, integration.uid),
            "annotations": {**annotations, APPLIED_ANNOTATION: digest},
        },
        "spec": spec,
    }


def owner_reference(integration: Integration) -> dict[str, Any]:
    """Return the reference that has the webhook Secret collected; it does not block, which would need more rights."""
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": KIND,
        "name": integration.name,
        "uid": integration.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }


def contains(actual: Any, wanted: Any) -> bool:
    """Whether an object holds all that is wanted; what others added to it is theirs."""
    if isinstance(wanted, Mapping):
        return isinstance(actual, Mapping) and all(
            key in actual and contains(actual[key], value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(actual, list)
            and len(actual) == len(wanted)
            and all(contains(*pair) for pair in zip(actual, wanted, strict=True))
        )
    return bool(actual == wanted)
