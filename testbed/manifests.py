"""Manifests that tests write, as people do."""

from collections.abc import Iterable, Mapping
from typing import Any

from noctuary.models.integration_spec import GROUP, KIND, VERSION

HOST = "noctuary.example.com"
API_TOKEN_REF = {"name": "pagerduty", "key": "token"}
SIGNING_SECRET_REF = {"name": "signing", "key": "secret"}


def integration(name: str, namespace: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a PagerDutyIntegration."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": f"{GROUP}/{VERSION}", "kind": KIND, "metadata": metadata, "spec": dict(spec)}


def webhook(
    route: Mapping[str, Any],
    *,
    host: str = HOST,
    scope: Mapping[str, str] | None = None,
    signing_secret_ref: Mapping[str, str] = SIGNING_SECRET_REF,
) -> dict[str, Any]:
    """Return `spec.webhook` of an integration whose subscription a person makes."""
    subscription: dict[str, Any] = {"management": "Manual", "signingSecretRef": dict(signing_secret_ref)}
    if scope is not None:
        subscription["scope"] = dict(scope)
    return {"host": host, "route": dict(route), "subscription": subscription}


def services(mapped: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return `spec.services`: workloads by name, each with the id of its PagerDuty service."""
    return [
        {"name": name, "pagerDutyServiceID": key, "selector": {"matchLabels": {"app.kubernetes.io/name": name}}}
        for name, key in mapped
    ]
