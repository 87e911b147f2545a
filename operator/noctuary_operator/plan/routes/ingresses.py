"""The Ingress of an integration: what it should be, and what its controller says of it. Pure."""

from typing import Any

from noctuary.models.integration_spec import Webhook
from noctuary_operator.plan.manifests import Backend
from noctuary_operator.resources import reasons
from noctuary_operator.resources.objects import RouteObject
from noctuary_operator.resources.status import ConditionState


def ingress_spec(webhook: Webhook, path: str, backend: Backend) -> dict[str, Any]:
    """Return the spec of an Ingress that leads everything below a path of the host to the receiver."""
    target = {"service": {"name": backend.service, "port": {"number": backend.port}}}
    paths = [{"path": path, "pathType": "Prefix", "backend": target}]
    spec: dict[str, Any] = {"rules": [{"host": webhook.host, "http": {"paths": paths}}]}
    if webhook.route.ingress_class_name is not None:
        spec["ingressClassName"] = webhook.route.ingress_class_name
    if webhook.route.tls is not None:
        spec["tls"] = [{"hosts": [webhook.host], "secretName": webhook.route.tls.secret_name}]
    return spec


def ingress_target(spec: dict[str, Any]) -> tuple[str, int]:
    """Return the Service and port that an Ingress made here leads to."""
    service = spec["rules"][0]["http"]["paths"][0]["backend"]["service"]
    return service["name"], service["port"]["number"]


def ingress_state(webhook: Webhook, ingress: RouteObject | None, _: Backend) -> ConditionState:
    """Return what the address in the status, or its absence, means."""
    address = _address(ingress) if ingress is not None else None
    if address is not None:
        return "True", reasons.ADDRESS_ASSIGNED, f"the Ingress controller reported {address}"
    wanted = webhook.route.ingress_class_name or "the default class"
    message = (
        "no Ingress controller has reported an address yet; "
        f"check that one serves spec.webhook.route.ingressClassName ({wanted})"
    )
    return "Unknown", reasons.ROUTE_NOT_ADMITTED, message


def _address(ingress: RouteObject) -> str | None:
    for entry in (ingress.status.get("loadBalancer") or {}).get("ingress") or []:
        return str(entry.get("ip") or entry.get("hostname") or "reported")
    return None
