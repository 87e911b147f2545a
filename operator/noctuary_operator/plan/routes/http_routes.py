"""The HTTPRoute of an integration: what it should be, and what the Gateways' controllers say of it. Pure."""

from collections.abc import Iterable
from typing import Any

import msgspec

from noctuary.common.errors import KubernetesError, is_refusal
from noctuary.models.integration_spec import ParentRef, Webhook
from noctuary_operator.plan.manifests import Backend
from noctuary_operator.plan.policy import Problem
from noctuary_operator.resources import reasons
from noctuary_operator.resources.objects import RouteObject
from noctuary_operator.resources.status import ConditionState

HTTP_ROUTE = "HTTPRoute"
GATEWAY_GROUP = "gateway.networking.k8s.io"
MAX_QUOTED = 200
"""Characters of a controller's own message that are quoted."""


class _Condition(msgspec.Struct, rename="camel", frozen=True):
    type: str = ""
    status: str = "Unknown"
    reason: str = ""
    message: str = ""
    observed_generation: int = 0


class _Reference(msgspec.Struct, rename="camel", frozen=True):
    group: str = GATEWAY_GROUP
    kind: str = "Gateway"
    name: str = ""
    namespace: str | None = None
    section_name: str | None = None
    port: int | None = None


class _Parent(msgspec.Struct, rename="camel", frozen=True):
    parent_ref: _Reference = _Reference()
    conditions: list[_Condition] = []


class _Status(msgspec.Struct, frozen=True):
    parents: list[_Parent] | None = None


def http_route_spec(webhook: Webhook, path: str, backend: Backend) -> dict[str, Any]:
    """Return the spec of an HTTPRoute that leads everything below a path of the host to the receiver.

    What the API server would add by default is written out, so that a change of it by hand is noticed.
    """
    target = {"group": "", "kind": "Service", "name": backend.service, "port": backend.port, "weight": 1}
    return {
        "parentRefs": [_reference(ref, backend.namespace) for ref in webhook.route.parent_refs],
        "hostnames": [webhook.host],
        "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": path}}], "backendRefs": [target]}],
    }


def http_route_target(spec: dict[str, Any]) -> tuple[str, int]:
    """Return the Service and port that an HTTPRoute made here leads to."""
    target = spec["rules"][0]["backendRefs"][0]
    return target["name"], target["port"]


def _reference(ref: ParentRef, own: str) -> dict[str, Any]:
    given = ref.model_dump(by_alias=True, exclude_none=True)
    return {"group": GATEWAY_GROUP, "kind": "Gateway", "namespace": own, **given}


def http_route_state(webhook: Webhook, route: RouteObject | None, backend: Backend) -> ConditionState:
    """Return what status.parents says of all our parentRefs: the first refusal decides, then the first doubt."""
    parents = _read_parents(route)
    generation = route.metadata.generation if route is not None else 0
    states = [_parent_state(ref, parents, generation, webhook, backend) for ref in webhook.route.parent_refs]
    for status in ("False", "Unknown"):
        found = [state for state in states if state[0] == status]
        if found:
            return status, found[0][1], "; ".join(message for _, _, message in found)
    names = ", ".join(_named(ref, backend.namespace) for ref in webhook.route.parent_refs)
    return "True", reasons.GATEWAY_ACCEPTED, f"the HTTPRoute is accepted by {names}"


def _read_parents(route: RouteObject | None) -> list[_Parent]:
    if route is None:
        return []
    try:
        return msgspec.convert(route.status, _Status).parents or []
    except msgspec.ValidationError:
        return []  # not what the CRD promises: counts as no answer


def _parent_state(
    ref: ParentRef, parents: Iterable[_Parent], generation: int, webhook: Webhook, backend: Backend
) -> ConditionState:
    gateway = _named(ref, backend.namespace)
    answers = [parent for parent in parents if _is_of(parent.parent_ref, ref, backend.namespace)]
    fresh = [conditions for answer in answers if (conditions := _fresh(answer, generation))]
    if not fresh:
        return "Unknown", reasons.ROUTE_NOT_ADMITTED, _silence(ref, gateway, backend.namespace, bool(answers))
    states = [_answer_state(answer, gateway, webhook, backend) for answer in fresh]
    return next((each for each in states if each[0] == "True"), states[0])


def _is_of(reported: _Reference, ref: ParentRef, own: str) -> bool:
    wanted = msgspec.convert(_reference(ref, own), _Reference)
    return msgspec.structs.replace(reported, namespace=reported.namespace or own) == wanted


def _fresh(parent: _Parent, generation: int) -> dict[str, _Condition]:
    """Return the conditions by type without those of an earlier generation of the route."""
    return {
        condition.type: condition
        for condition in parent.conditions
        if condition.observed_generation == 0 or condition.observed_generation >= generation
    }


def _silence(ref: ParentRef, gateway: str, own: str, is_stale: bool) -> str:
    what = "to the latest change of the HTTPRoute " if is_stale else ""
    listener = "has this listener" if ref.section_name or ref.port else "has a listener"
    return (
        f"no controller has answered {what}for {gateway} yet; check that this Gateway exists and {listener}, and that "
        f"a controller serves its class (kubectl -n {ref.namespace or own} get gateway {ref.name})"
    )


def _answer_state(
    conditions: dict[str, _Condition], gateway: str, webhook: Webhook, backend: Backend
) -> ConditionState:
    accepted = conditions.get("Accepted", _Condition())
    if accepted.status == "False":
        fix = _accepted_fix(accepted.reason, webhook, backend)
        return "False", reasons.GATEWAY_REFUSED, f"{gateway} refuses the HTTPRoute ({_quoted(accepted)}); {fix}"
    resolved = conditions.get("ResolvedRefs", _Condition())
    if resolved.status == "False":
        fix = f"check that Service {backend.service} in namespace {backend.namespace} exists with port {backend.port}"
        return (
            "False",
            reasons.BACKEND_NOT_RESOLVED,
            f"{gateway} cannot resolve the receiver's Service ({_quoted(resolved)}); {fix}",
        )
    if accepted.status == resolved.status == "True":
        return "True", reasons.GATEWAY_ACCEPTED, ""
    pending = accepted if accepted.status != "True" else resolved
    return "Unknown", reasons.ROUTE_NOT_ADMITTED, f"{gateway} has not decided yet ({_quoted(pending)})"


def _accepted_fix(reason: str, webhook: Webhook, backend: Backend) -> str:
    fixes = {
        "NotAllowedByListeners": (
            f"have its listener allow HTTPRoutes from namespace {backend.namespace} (allowedRoutes of the Gateway), "
            "or name another Gateway in spec.webhook.route.parentRefs"
        ),
        "NoMatchingListenerHostname": (
            f"have one of its listeners serve the host {webhook.host}, or choose another spec.webhook.host"
        ),
        "NoMatchingParent": (
            "name a listener that the Gateway has (sectionName and port in spec.webhook.route.parentRefs)"
        ),
    }
    return fixes.get(reason, "change the Gateway, or name another in spec.webhook.route.parentRefs")


def _quoted(condition: _Condition) -> str:
    message = condition.message.strip().rstrip(".")[:MAX_QUOTED]
    return ": ".join(part for part in (condition.reason or "no reason given", message) if part)


def _named(ref: ParentRef, own: str) -> str:
    parts = [f"listener {ref.section_name}" if ref.section_name else "", f"port {ref.port}" if ref.port else ""]
    listener = ", ".join(part for part in parts if part)
    return f"Gateway {ref.namespace or own}/{ref.name}" + (f" ({listener})" if listener else "")


def http_routes_absent(error: KubernetesError) -> Problem | None:
    """Return the problem of an API server that serves no HTTPRoutes, or not to us; None for any other error."""
    if error.not_found:
        return Problem(
            reasons.GATEWAY_API_MISSING,
            f"spec.webhook.route.type: this cluster does not serve HTTPRoutes of {GATEWAY_GROUP}/v1; install the "
            "CRDs of the Gateway API (release 1.0 or later), or set spec.webhook.route.type to Ingress or None",
        )
    if is_refusal(error):
        return Problem(
            reasons.ROUTE_REFUSED,
            f"the operator may not work with HTTPRoutes: {error}; give its account the rights that the chart ships",
        )
    return None
