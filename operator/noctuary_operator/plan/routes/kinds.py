"""The kinds of route that an integration can have, and what is common to them. Pure."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from noctuary.models.integration_spec import Webhook
from noctuary.models.routing_record import ROLE_ROUTE, WEBHOOK_PATH, record_secret_name
from noctuary_operator.plan.manifests import Backend, contains, labels, owner_annotations
from noctuary_operator.plan.observed import Observed
from noctuary_operator.plan.routes.http_routes import (
    GATEWAY_GROUP,
    HTTP_ROUTE,
    http_route_spec,
    http_route_state,
    http_route_target,
)
from noctuary_operator.plan.routes.ingresses import ingress_spec, ingress_state, ingress_target
from noctuary_operator.resources import paths
from noctuary_operator.resources.integration import Integration
from noctuary_operator.resources.objects import APPLIED_ANNOTATION, OWNER_ANNOTATION, RouteObject
from noctuary_operator.resources.status import ConditionState

MAX_WHOSE = 200
"""Of namespace and name in the name of a route, which may have 253 characters: the id and our prefix take 46."""


@dataclass(frozen=True, slots=True)
class RouteKind:
    """One kind: where its objects are, how one is made, which Service and port a spec leads to, what its status means.

    `target` raises LookupError or TypeError for a spec that was not made here.
    """

    api_version: str
    path: Callable[[str, str], str]
    spec: Callable[[Webhook, str, Backend], dict[str, Any]]
    target: Callable[[dict[str, Any]], tuple[str, int]]
    state: Callable[[Webhook, RouteObject | None, Backend], ConditionState]


ROUTE_KINDS: Mapping[str, RouteKind] = {
    "Ingress": RouteKind("networking.k8s.io/v1", paths.ingresses, ingress_spec, ingress_target, ingress_state),
    HTTP_ROUTE: RouteKind(
        f"{GATEWAY_GROUP}/v1", paths.http_routes, http_route_spec, http_route_target, http_route_state
    ),
}
"""By the name of the kind, which is that of `spec.webhook.route.type` too."""


def route_manifest(observed: Observed, webhook: Webhook, backend: Backend) -> dict[str, Any]:
    """Return the route; its path ends before the token, so that reading it gives nothing away.

    One that stands keeps its name: under another it would be a second one, and a webhook might meet neither.
    """
    integration, type_ = observed.integration, webhook.route.type
    kind, standing = ROUTE_KINDS[type_], observed.routes.get(type_)
    spec = kind.spec(webhook, f"{WEBHOOK_PATH}/{observed.id}", backend)
    annotations = {**webhook.route.annotations, OWNER_ANNOTATION: integration.path}
    digest = hashlib.sha256(msgspec.json.encode([annotations, spec], order="sorted")).hexdigest()[:16]
    return {
        "apiVersion": kind.api_version,
        "kind": type_,
        "metadata": {
            "name": standing.metadata.name if standing is not None else route_name(integration, observed.id),
            "namespace": backend.namespace,
            "labels": labels(ROLE_ROUTE, observed.id),
            "annotations": {
                **annotations,
                **owner_annotations(integration, observed.id),
                APPLIED_ANNOTATION: digest,
            },
        },
        "spec": spec,
    }


def route_name(integration: Integration, integration_id: str) -> str:
    """Return the name of a new route: it tells whose it is, and the id keeps it apart from every other."""
    whose = f"{integration.namespace}.{integration.name}"[:MAX_WHOSE].rstrip("-.")
    return record_secret_name(f"{whose}-{integration_id}")


def same_route(actual: RouteObject, manifest: Mapping[str, Any]) -> bool:
    """Whether an object is what a manifest says; what others added is theirs."""
    wanted = manifest["metadata"]
    return (
        contains(actual.metadata.labels, wanted["labels"])
        and contains(actual.metadata.annotations, wanted["annotations"])
        and contains(actual.spec, manifest["spec"])
    )
