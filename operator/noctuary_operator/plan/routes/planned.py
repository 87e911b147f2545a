"""Which route an integration is to have: a new one by what is allowed, one that stands while it is wanted. Pure."""

from dataclasses import dataclass, replace
from typing import Any

from noctuary.models.integration_spec import Webhook
from noctuary_operator.plan.manifests import Backend
from noctuary_operator.plan.observed import Observed
from noctuary_operator.plan.policy import Policy, Problem, route_problem
from noctuary_operator.plan.routes.kinds import ROUTE_KINDS, route_manifest
from noctuary_operator.resources.objects import APPLIED_ANNOTATION, RouteObject

KEPT = "; the route to {} that stands is kept as it was, and is not made again when somebody deletes it"
NONE_MADE = "; until then no route to {} is made"


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """The route to apply and the host that leads to it; with `keeps` all that stands is left alone.

    Without a manifest, and with nothing to keep, no route is to be there.
    """

    host: str = ""
    manifest: dict[str, Any] | None = None
    problem: Problem | None = None
    keeps: bool = False


def plan_route(observed: Observed, webhook: Webhook | None, policy: Policy, backend: Backend) -> RoutePlan:
    """Plan the route of an integration.

    One that may not be is not made, in no part: half of it could expose what its author meant to protect. A policy that
    became narrower takes none away: what stands is kept, and what the spec would change of it is refused. One that was
    deleted by hand stands no more: it is as one that never was.
    """
    if webhook is None:
        return RoutePlan()
    if webhook.route.type == "None":
        return RoutePlan(webhook.host)
    manifest = route_manifest(observed, webhook, backend)
    problem = route_problem(webhook, policy)
    if problem is None:
        return RoutePlan(webhook.host, manifest)
    standing = observed.routes.get(webhook.route.type) or next(iter(observed.routes.values()), None)
    if standing is None:
        return RoutePlan(webhook.host, None, _adding(problem, NONE_MADE, webhook.host))
    if webhook.route.type in observed.routes and _was_applied_so(standing, observed, webhook, backend):
        return RoutePlan(webhook.host, manifest, _adding(problem, KEPT, webhook.host))
    host = _host_of(standing) or webhook.host
    return RoutePlan(host, None, _adding(problem, KEPT, host), keeps=True)


def _adding(problem: Problem, words: str, host: str) -> Problem:
    return replace(problem, message=problem.message + words.format(host))


def _was_applied_so(standing: RouteObject, observed: Observed, webhook: Webhook, backend: Backend) -> bool:
    """Whether a route is what the spec still wants, wherever an earlier release had it lead to."""
    digest = standing.metadata.annotations.get(APPLIED_ANNOTATION)
    return any(
        digest == route_manifest(observed, webhook, each)["metadata"]["annotations"][APPLIED_ANNOTATION]
        for each in (backend, _backend_of(standing, webhook, backend))
    )


def _backend_of(standing: RouteObject, webhook: Webhook, backend: Backend) -> Backend:
    try:
        service, port = ROUTE_KINDS[webhook.route.type].target(standing.spec)
    except (LookupError, TypeError):
        return backend  # somebody changed it by hand beyond recognition
    return replace(backend, service=service, port=port)


def _host_of(standing: RouteObject) -> str | None:
    try:
        names = standing.spec.get("hostnames") or [rule.get("host") for rule in standing.spec.get("rules") or []]
    except (AttributeError, TypeError):
        return None
    return next((name for name in names if isinstance(name, str) and name), None)
