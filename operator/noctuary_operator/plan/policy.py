"""What an integration may not do here: a list of small checks over the spec, each with the fix in its message."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from noctuary.common.egress.hosts import host_listed
from noctuary.models.integration_spec import IntegrationSpec, Webhook
from noctuary_operator.plan.lookups import NAME_RULE, is_object_name, is_plain
from noctuary_operator.resources import reasons


@dataclass(frozen=True, slots=True)
class Policy:
    """What the release allows; see OperatorSettings for the forms."""

    webhook_hosts: tuple[str, ...]
    api_hosts: tuple[str, ...]
    route_annotations: tuple[str, ...]
    prometheus_hosts: tuple[str, ...] = ()
    ingress_classes: tuple[str, ...] = ("*",)
    tls_secrets: tuple[str, ...] = ("*",)
    allow_http_api: bool = False
    consent_required: bool = True


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that only a person can fix: a documented reason and a sentence that names the fix."""

    reason: str
    message: str


def key_allowed(key: str, allowed: Iterable[str]) -> bool:
    """Whether a key or name is in a list of such, or of prefixes that end in *."""
    return any(key == entry or (entry.endswith("*") and key.startswith(entry[:-1])) for entry in allowed)


def _webhook_host(webhook: Webhook, policy: Policy) -> Problem | None:
    if host_listed(webhook.host, policy.webhook_hosts):
        return None
    return Problem(
        reasons.HOST_NOT_ALLOWED,
        f"spec.webhook.host: {webhook.host} is not among the hosts allowed here ({_listed(policy.webhook_hosts)}); "
        "choose one of them, ask the administrator to add it to policy.webhookHosts, "
        "or set spec.webhook.route.type to None",
    )


def _annotations(webhook: Webhook, policy: Policy) -> Problem | None:
    refused = sorted(key for key in webhook.route.annotations if not key_allowed(key, policy.route_annotations))
    if not refused:
        return None
    return Problem(
        reasons.ANNOTATION_NOT_ALLOWED,
        f"spec.webhook.route.annotations: {', '.join(refused[:5])} may not be set here "
        f"(allowed: {_listed(policy.route_annotations)}); remove it, or ask the administrator to add it to "
        "policy.routeAnnotations",
    )


def _ingress_class(webhook: Webhook, policy: Policy) -> Problem | None:
    """An Ingress without a class is served by the cluster's default class, which may be none of the allowed ones."""
    name = webhook.route.ingress_class_name
    if webhook.route.type != "Ingress" or key_allowed(name or "", policy.ingress_classes):
        return None
    said = (
        f"{name} is not among the classes allowed here" if name else "is not given, and only some classes are allowed"
    )
    return Problem(
        reasons.INGRESS_CLASS_NOT_ALLOWED,
        f"spec.webhook.route.ingressClassName: {said} ({_listed(policy.ingress_classes)}); "
        "name one of them, or ask the administrator to add it to policy.ingressClassNames",
    )


def _tls_secret(webhook: Webhook, policy: Policy) -> Problem | None:
    tls = webhook.route.tls
    if webhook.route.type != "Ingress" or tls is None or key_allowed(tls.secret_name, policy.tls_secrets):
        return None
    return Problem(
        reasons.TLS_SECRET_NOT_ALLOWED,
        f"spec.webhook.route.tls.secretName: {tls.secret_name} is not among the certificates allowed here "
        f"({_listed(policy.tls_secrets)}); name one of them, "
        "or ask the administrator to add it to policy.tlsSecretNames",
    )


def _names(webhook: Webhook, _: Policy) -> Problem | None:
    """What no object can be called the API server would refuse in words about another object and its fields."""
    route = webhook.route
    named = {
        "ingressClassName": route.ingress_class_name,
        "tls.secretName": route.tls.secret_name if route.tls is not None else None,
        **{f"parentRefs[{at}].name": each.name for at, each in enumerate(route.parent_refs)},
    }
    wrong = next((field for field, name in named.items() if name is not None and not is_object_name(name)), None)
    if wrong is None:
        return None
    message = f"spec.webhook.route.{wrong}: no object can be called {named[wrong]}; correct it: {NAME_RULE}"
    return Problem(reasons.ROUTE_REFUSED, message)


ROUTE_CHECKS: tuple[Callable[[Webhook, Policy], Problem | None], ...] = (
    _webhook_host,
    _annotations,
    _ingress_class,
    _tls_secret,
    _names,
)


def route_problem(webhook: Webhook, policy: Policy) -> Problem | None:
    """Return why no route may be made, None when it may."""
    return next((problem for check in ROUTE_CHECKS if (problem := check(webhook, policy))), None)


def _api_host(spec: IntegrationSpec, policy: Policy) -> Problem | None:
    if host_listed(spec.api_host, policy.api_hosts, spec.api_port):
        return None
    return Problem(
        reasons.API_HOST_NOT_ALLOWED,
        f"spec.apiURL: {spec.api_host} is not among the API hosts allowed here ({_listed(policy.api_hosts)}); "
        "remove spec.apiURL, or ask the administrator to add the host to policy.apiHosts",
    )


def _api_scheme(spec: IntegrationSpec, policy: Policy) -> Problem | None:
    if policy.allow_http_api or spec.effective_api_url.startswith("https://"):
        return None
    return Problem(
        reasons.API_HOST_NOT_ALLOWED,
        "spec.apiURL: plain http would show the API token to everyone on the way; use https",
    )


API_CHECKS: tuple[Callable[[IntegrationSpec, Policy], Problem | None], ...] = (_api_host, _api_scheme)


def api_problem(spec: IntegrationSpec, policy: Policy) -> Problem | None:
    """Return why the API token may not be used, None when it may."""
    return next((problem for check in API_CHECKS if (problem := check(spec, policy))), None)


def metrics_problem(spec: IntegrationSpec, policy: Policy) -> Problem | None:
    """Return why the Prometheus may not be asked, None when it may or none is named."""
    prometheus = spec.enrichment.prometheus
    if prometheus is None or host_listed(prometheus.host, policy.prometheus_hosts, prometheus.port):
        return None
    return Problem(
        reasons.PROMETHEUS_HOST_NOT_ALLOWED,
        f"spec.enrichment.prometheus.url: {prometheus.host} is not among the hosts allowed here "
        f"({_listed(policy.prometheus_hosts)}); remove spec.enrichment.prometheus, or ask the administrator to add the "
        "host to policy.prometheusHosts",
    )


def from_problem(spec: IntegrationSpec) -> Problem | None:
    """Return why no request can carry `spec.from`, None when it may or is absent."""
    if spec.from_email is None or is_plain(spec.from_email):
        return None
    return Problem(
        reasons.FROM_UNUSABLE,
        "spec.from: holds a character that is not printable ASCII, which no HTTP header can carry; "
        "give the address of the PagerDuty user as PagerDuty shows it",
    )


def mapped_namespaces(spec: IntegrationSpec, own: str) -> set[str]:
    """Return the namespaces of others that an integration maps."""
    return {namespace for service in spec.services for namespace in service.namespaces} - {own}


def refused_namespaces(
    spec: IntegrationSpec, own: str, consents: Mapping[str, bool], unwatched: Collection[str], policy: Policy
) -> list[str]:
    """Return the mapped foreign namespaces that have not consented, or that this release does not watch."""
    return sorted(
        namespace
        for namespace in mapped_namespaces(spec, own)
        if namespace in unwatched or (policy.consent_required and not consents.get(namespace, False))
    )


def why_refused(refused: list[str], unwatched: Collection[str], missing: Collection[str]) -> dict[str, str]:
    """Return in two words, for notes, why each namespace is left out."""
    why = {"not watched": unwatched, "no such namespace": missing}
    return {each: next((word for word, names in why.items() if each in names), "no consent") for each in refused}


def consent_problem(
    refused: list[str], own: str, unwatched: Collection[str], missing: Collection[str]
) -> Problem | None:
    """Return the problem of the mapped namespaces that are refused or missing, None when there are none."""
    unseen = [namespace for namespace in refused if namespace in unwatched]
    absent = sorted(namespace for namespace in missing if namespace not in unwatched)
    closed = [namespace for namespace in refused if namespace not in (*unseen, *absent)]
    sentences = []
    if closed:
        sentences.append(
            f"{', '.join(closed[:5])} has not consented to being mapped and is left out; "
            f"annotate the Namespace with noctuary.io/allow-from={own}, or remove it from spec.services"
        )
    if unseen:
        sentences.append(
            f"{', '.join(unseen[:5])} is not watched by this release and is left out; "
            "ask the administrator to add it to watchNamespaces, or remove it from spec.services"
        )
    if absent:
        sentences.append(
            f"{', '.join(absent[:5])} does not exist, or cannot be read by this release; "
            "correct its name in spec.services, or create it"
        )
    reason = reasons.CONSENT_MISSING if closed or unseen else reasons.NAMESPACE_MISSING
    return Problem(reason, f"spec.services: {'. '.join(sentences)}") if sentences else None


def _listed(allowed: tuple[str, ...]) -> str:
    return ", ".join(allowed) if allowed else "none"
