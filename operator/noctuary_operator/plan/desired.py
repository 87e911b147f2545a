"""What should be: the record, the webhook Secret and the route of one integration. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from noctuary.models.integration_spec import REGION_API_URL, IntegrationSpec, Token, Webhook, duration_s
from noctuary.models.routing_record import WEBHOOK_PATH, PrometheusAccess, RoutingRecord, ServiceMapping, hash_secret
from noctuary.models.suspension import Suspension, followed
from noctuary_operator.plan import policy as rules
from noctuary_operator.plan.manifests import Backend
from noctuary_operator.plan.observed import Observed
from noctuary_operator.plan.policy import Policy, Problem
from noctuary_operator.plan.routes.planned import plan_route
from noctuary_operator.plan.subscription import scope_of
from noctuary_operator.plan.tokens import (
    Fresh,
    TokenState,
    next_ingest_key,
    next_signing_secrets,
    next_token,
    rotation_due_at,
)
from noctuary_operator.resources import reasons
from noctuary_operator.resources.minted import Minted
from noctuary_operator.resources.secret_data import ID_KEY


@dataclass(frozen=True, slots=True)
class Desired:
    """What should be for one integration, and what prevents it; `due_at` is when time alone changes it.

    With `keeps_route` the routes that stand are left as they are, whatever the spec wants.
    """

    record: RoutingRecord
    webhook_secret: dict[str, str]
    route: dict[str, Any] | None = None
    keeps_route: bool = False
    token: TokenState | None = None
    ingest_key_rotated_because: str | None = None
    ingest_key_before_sha256: str | None = None
    route_problem: Problem | None = None
    api_problem: Problem | None = None
    from_problem: Problem | None = None
    consent_problem: Problem | None = None
    metrics_problem: Problem | None = None
    due_at: float | None = None

    @property
    def record_before(self) -> RoutingRecord:
        """The record until the webhook Secret holds what it should: each URL that somebody can read is taken."""
        record, token = self.record, self.token
        if token is not None:
            record = msgspec.structs.replace(record, tokens=token.hashes_before, rotated_at=token.rotated_before)
        return msgspec.structs.replace(record, ingest_key_before_sha256=self.ingest_key_before_sha256)


@dataclass(slots=True)
class _WebhookParts:
    token: TokenState | None = None
    data: dict[str, str] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)
    due_at: list[float] = field(default_factory=list)


def minted_of(observed: Observed, desired: Desired, fresh: Fresh) -> Minted | None:
    """Return what an attempt makes, for the next one to use if this does not get to its end; None for nothing.

    What the webhook Secret holds is not made: were it remembered, a Secret that is deleted after an attempt that
    failed would get its old token again.
    """
    token, key, held = desired.token, desired.webhook_secret["ingestKey"], observed.webhook_secret
    if held.get("ingestKey") == key and (token is None or held.get("token") == token.token):
        return None
    return Minted(
        token.token if token is not None else fresh(),
        token.rotated_because if token is not None else None,
        key,
        desired.ingest_key_rotated_because,
    )


def compile_desired(
    observed: Observed, spec: IntegrationSpec, policy: Policy, backend: Backend, fresh: Fresh
) -> Desired:
    """Compile what should be from what is observed."""
    integration = observed.integration
    webhook = spec.webhook if spec.takes_webhooks else None
    route = plan_route(observed, webhook, policy, backend)
    parts = _webhook_parts(observed, webhook, route.host, fresh) if webhook is not None else _WebhookParts()
    key = next_ingest_key(observed, fresh)
    closed = rules.refused_namespaces(spec, integration.namespace, observed.consents, observed.unwatched, policy)
    refused = rules.why_refused(closed, observed.unwatched, observed.missing)
    api_problem = rules.api_problem(spec, policy) if spec.writes_notes else None
    from_problem = rules.from_problem(spec) if spec.writes_notes else None
    metrics_problem = _metrics_problem(observed, spec, policy)
    may_write = api_problem is None and from_problem is None
    record = RoutingRecord(
        id=observed.id,
        namespace=integration.namespace,
        name=integration.name,
        created_at=integration.created_at,
        generation=integration.generation,
        direction=spec.direction,
        api_url=spec.effective_api_url if api_problem is None else REGION_API_URL[spec.region],
        suspend=spec.suspend,
        suspensions=_suspensions(observed, suspend=spec.suspend),
        api_token=observed.api_token.value if may_write else None,
        from_email=spec.from_email if from_problem is None else None,
        ingest_key_sha256=hash_secret(key.key),
        services=_mappings(spec, integration.namespace, refused),
        lookback_s=duration_s(spec.enrichment.lookback),
        minimum_confidence=spec.enrichment.minimum_confidence,
        prometheus=_prometheus(observed, spec) if metrics_problem is None else None,
        **parts.record,
    )
    return Desired(
        record=record,
        webhook_secret={**parts.data, "ingestKey": key.key, ID_KEY: observed.id},
        route=route.manifest,
        keeps_route=route.keeps,
        token=parts.token,
        ingest_key_rotated_because=key.rotated_because,
        ingest_key_before_sha256=key.before_sha256,
        route_problem=route.problem,
        api_problem=api_problem,
        from_problem=from_problem,
        consent_problem=rules.consent_problem(closed, integration.namespace, observed.unwatched, observed.missing),
        metrics_problem=metrics_problem,
        due_at=min(parts.due_at, default=None),
    )


def _metrics_problem(observed: Observed, spec: IntegrationSpec, policy: Policy) -> Problem | None:
    """Return why no metrics are read; without its token the Prometheus is not asked at all."""
    if problem := rules.metrics_problem(spec, policy):
        return problem
    if spec.prometheus_token_ref is None or observed.prometheus_token.value is not None:
        return None
    missing = observed.prometheus_token.missing
    message = f"spec.enrichment.prometheus.tokenSecretRef: {missing}; store the bearer token there, or remove the field"
    return Problem(reasons.PROMETHEUS_TOKEN_MISSING, message)


def _prometheus(observed: Observed, spec: IntegrationSpec) -> PrometheusAccess | None:
    prometheus = spec.enrichment.prometheus
    if prometheus is None:
        return None
    token = observed.prometheus_token.value if prometheus.token_secret_ref is not None else None
    return PrometheusAccess(prometheus.url, token)


def _suspensions(observed: Observed, *, suspend: bool) -> list[Suspension]:
    """Return when it was suspended; of a record of before this was kept, or that was lost, nobody knows since when."""
    record = observed.record
    was_suspended = suspend if record is None else record.suspend
    past = record.suspensions if record is not None else []
    past = followed(past, is_suspended=was_suspended, at=observed.integration.created_at)
    return followed(past, is_suspended=suspend, at=observed.now)


def _webhook_parts(observed: Observed, webhook: Webhook, host: str, fresh: Fresh) -> _WebhookParts:
    token = next_token(observed, webhook.token, fresh)
    signing = next_signing_secrets(observed, webhook.token)
    data = {
        "url": f"https://{host}{WEBHOOK_PATH}/{observed.id}/{token.token}",
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
            "scope": scope_of(webhook),
        },
        due_at=_due_times(webhook.token, token, [secret.expires_at for secret in signing]),
    )


def _due_times(settings: Token, token: TokenState, others: list[float | None]) -> list[float]:
    times = [hash_.expires_at for hash_ in token.hashes]
    return [at for at in (*times, *others, rotation_due_at(settings, token.rotated_at)) if at is not None]


def _mappings(spec: IntegrationSpec, own: str, refused: Mapping[str, str]) -> list[ServiceMapping]:
    """Map services; the namespaces are written out, so that an empty list means that none consented."""
    return [
        ServiceMapping(
            name=service.name,
            pagerduty_service_id=service.pager_duty_service_id,
            match_labels=dict(service.selector.match_labels) if service.selector else {},
            namespaces=[each for each in service.namespaces or [own] if each not in refused],
            depends_on=list(service.depends_on),
            closed={each: refused[each] for each in service.namespaces if each in refused},
        )
        for service in spec.services
    ]
