"""The files of `examples/`: what each needs beside it, and what its integration then says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from testbed.docs.snippets import ROOT

EXAMPLES = ROOT / "examples"
KIND = "PagerDutyIntegration"
Manifest = dict[str, Any]

_ROUTED = {"TokenReady": "TokenIssued", "SubscriptionReady": "AwaitingFirstWebhook", "OutboundReady": "ApiTokenLoaded"}
EXPECTED: dict[str, dict[str, str]] = {
    "one-service.yaml": {**_ROUTED, "RouteReady": "RouteNotAdmitted"},
    "shared-route.yaml": _ROUTED,
    "http-route.yaml": {**_ROUTED, "RouteReady": "GatewayAPIMissing"},
    "several-services.yaml": _ROUTED,
    "eu-outbound.yaml": {"OutboundReady": "ApiTokenLoaded"},
    "token-rotation.yaml": _ROUTED,
}
"""Reasons by condition once the named Secrets are there, where nobody serves routes."""
WHERE_ROUTES_ARE_SERVED = {
    "one-service.yaml": {"RouteReady": "AddressAssigned"},
    "http-route.yaml": {"RouteReady": "GatewayAccepted"},
}
"""What differs where a controller serves Ingresses and HTTPRoutes."""


def example_files() -> list[Path]:
    """Return every file of the folder, also one that nobody listed."""
    return sorted(EXAMPLES.glob("*.yaml"))


def manifests(file: Path) -> list[Manifest]:
    """Return the objects of one file."""
    return [each for each in yaml.safe_load_all(file.read_text(encoding="utf-8")) if each]


def integration_of(objects: list[Manifest]) -> Manifest:
    """Return the one integration among the objects of a file."""
    (found,) = [each for each in objects if each["kind"] == KIND]
    return found


def secrets_of(integration: Manifest, api_token: str) -> Iterator[Manifest]:
    """Return the Secrets that an integration names, filled with the API token and any signing secret."""
    spec, namespace = integration["spec"], integration["metadata"]["namespace"]
    signing = spec.get("webhook", {}).get("subscription", {}).get("signingSecretRef")
    for ref, value in ((spec.get("apiTokenSecretRef"), api_token), (signing, "a-signing-secret")):
        if ref:
            metadata = {"name": ref["name"], "namespace": namespace}
            yield {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {ref["key"]: value}}


def reasons_of(resource: Manifest | None) -> dict[str, str]:
    """Return the reasons of an integration's parts, by condition; `Ready` only repeats one of them."""
    conditions = (resource or {}).get("status", {}).get("conditions", [])
    return {each["type"]: each["reason"] for each in conditions if each["type"] != "Ready"}
