"""The objects in the cluster at the end, without what may differ: ids, tokens, times."""

from typing import Any

import msgspec

from noctuary.common.errors import InvalidInput
from noctuary.models.routing_record import (
    INTEGRATION_LABEL,
    ROLE_LABEL,
    ROLE_ROUTING_RECORD,
    RoutingRecord,
    decode_record,
    hash_secret,
)
from testbed.stage.kube import GROUP, PLURAL, Kube

NETWORKING = "/apis/networking.k8s.io/v1"
CONSISTENT = "consistent"
DIFFERENT_BY_NATURE = (
    "id",
    "namespace",
    "created_at",
    "tokens",
    "ingest_key_sha256",
    "rotated_at",
    "generation",
    "suspensions",
)


async def end_state(kube: Kube, release_namespace: str, namespace: str) -> dict[str, Any]:
    """Return, for each resource, everything that two runs must agree on."""
    records = {record.id: record for record in await _records(kube, release_namespace)}
    routes = {_owner(route): route for route in await kube.list(NETWORKING, release_namespace, "ingresses")}
    states: dict[str, Any] = {}
    for resource in await kube.list(GROUP, namespace, PLURAL):
        key, name = _id(resource), resource["metadata"]["name"]
        secret = await kube.read_secret(namespace, f"{name}-webhook")
        route = routes.get(key)
        states[name] = {
            "conditions": _conditions(resource),
            "secret": _secret(secret, key, records.get(key)),
            "record": _record(records.get(key)),
            "route": None if route is None else _route(route, key),
        }
    return states


async def unsettled(kube: Kube, release_namespace: str, namespace: str) -> list[str]:
    """Name what is not yet as it should be: unreported generations, Secrets that do not fit, what is left behind."""
    resources = await kube.list(GROUP, namespace, PLURAL)
    late = [resource["metadata"]["name"] for resource in resources if not _is_reported(resource)]
    states = await end_state(kube, release_namespace, namespace)
    broken = [f"{name}: {state['secret']}" for name, state in states.items() if state["secret"] != CONSISTENT]
    return late + broken + await left_behind(kube, release_namespace, namespace)


def _id(resource: dict[str, Any]) -> str:
    return str(resource.get("status", {}).get("integrationID", ""))


def _is_reported(resource: dict[str, Any]) -> bool:
    return bool(resource.get("status", {}).get("observedGeneration") == resource["metadata"]["generation"])


async def left_behind(kube: Kube, release_namespace: str, namespace: str) -> list[str]:
    """Name what belongs to a resource that is no more."""
    alive = {_id(resource) for resource in await kube.list(GROUP, namespace, PLURAL)}
    found = [
        *await kube.list("/api/v1", release_namespace, "secrets", INTEGRATION_LABEL),
        *await kube.list("/api/v1", namespace, "secrets", INTEGRATION_LABEL),
        *await kube.list(NETWORKING, release_namespace, "ingresses", INTEGRATION_LABEL),
    ]
    return [child["metadata"]["name"] for child in found if _owner(child) not in alive]


async def _records(kube: Kube, namespace: str) -> list[RoutingRecord]:
    secrets = await kube.list("/api/v1", namespace, "secrets", f"{ROLE_LABEL}={ROLE_ROUTING_RECORD}")
    records = []
    for secret in secrets:
        try:
            records.append(decode_record(secret.get("data", {})))
        except InvalidInput:
            continue
    return records


def _owner(child: dict[str, Any]) -> str:
    return str(child["metadata"].get("labels", {}).get(INTEGRATION_LABEL, ""))


def _conditions(resource: dict[str, Any]) -> list[tuple[str, str, str]]:
    conditions = resource.get("status", {}).get("conditions", [])
    return sorted((entry["type"], entry["status"], entry["reason"]) for entry in conditions)


def _secret(values: dict[str, str] | None, key: str, record: RoutingRecord | None) -> str:
    if values is None or record is None:
        return "missing"
    current = [token.sha256 for token in record.tokens if token.expires_at is None]
    agrees = current == [hash_secret(values.get("token", ""))] and values.get("url", "").endswith(
        f"/{key}/{values.get('token')}"
    )
    keyed = record.ingest_key_sha256 == hash_secret(values.get("ingestKey", ""))
    return CONSISTENT if agrees and keyed else "inconsistent"


def _record(record: RoutingRecord | None) -> dict[str, Any] | None:
    if record is None:
        return None
    fields: dict[str, Any] = msgspec.to_builtins(record)
    return {name: value for name, value in fields.items() if name not in DIFFERENT_BY_NATURE} | {
        "services": [{**service, "namespaces": len(service.get("namespaces", []))} for service in fields["services"]]
    }


def _route(route: dict[str, Any], key: str) -> str:
    return msgspec.json.encode(route["spec"]).decode().replace(key, "<id>")
