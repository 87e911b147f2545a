"""The attacker's moves over the Kubernetes API: Secrets, resources and annotations, with the rights of its own Role."""

import asyncio
import secrets
from typing import Any

from testbed.attack.matrix.moves import Move
from testbed.attack.matrix.sides import VICTIM, Sides, attacker_manifest
from testbed.attack.tenant import encoded
from testbed.stage.kube import GROUP, MANAGER, PLURAL

RECONCILED_S = 1.0
"""The operator has seen a new object long before."""
ROLES = {"as a routing record": "routing-record", "as the internal token": "internal-token"}

Made = list[tuple[str, str, str]]
"""(API, plural, name) of what is to be deleted at the end."""


async def put_secret(sides: Sides, move: Move, made: Made) -> None:
    """Write a Secret that looks like one of ours, or like the victim's."""
    name = f"{VICTIM}-webhook" if move.name == "named as the victim's" else f"s-{secrets.token_hex(4)}"
    owners: list[dict[str, Any]] = []
    if move.name == "owned by the victim's resource":
        uid = sides.victim.keys[VICTIM].uid
        owner = {"apiVersion": "noctuary.io/v1alpha1", "kind": "PagerDutyIntegration", "name": VICTIM, "uid": uid}
        owners = [owner | {"controller": True, "blockOwnerDeletion": True}]
    await _put_ours(sides, name, ROLES.get(move.name, "webhook-secret"), owners, made)
    await asyncio.sleep(RECONCILED_S)


async def _put_ours(sides: Sides, name: str, role: str, owners: list[dict[str, Any]], made: Made) -> None:
    victim, namespace = sides.victim.keys[VICTIM], sides.attacker.namespace
    labels = {
        "noctuary.io/integration-id": victim.id,
        "noctuary.io/role": role,
        "app.kubernetes.io/managed-by": "noctuary",
    }
    annotations = {"noctuary.io/allow-from": sides.victim.namespace}
    metadata = {"name": name, "namespace": namespace, "labels": labels, "annotations": annotations}
    values = {"token": sides.attacker_canary, "ingestKey": sides.attacker_canary, "record.json": "{}"}
    data = encoded({**values, "integrationID": victim.id})
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {**metadata, "ownerReferences": owners}, "data": data}
    await sides.attacker.kube.apply("/api/v1", namespace, "secrets", manifest)
    made.append(("/api/v1", "secrets", name))


async def put_resource(sides: Sides, move: Move, made: Made, api_url: str, elsewhere: str) -> None:
    """Write one more integration that reaches for what is not the attacker's."""
    name = VICTIM if move.name == "same name and host" else f"r-{secrets.token_hex(4)}"
    manifest = attacker_manifest(sides, name, api_url)
    _reach(sides, move.name, manifest["spec"], elsewhere)
    if move.name == "the victim's id in its webhook Secret":
        await _put_ours(sides, f"{name}-webhook", "webhook-secret", [], made)
    await sides.attacker.apply(manifest)
    if move.name == "created and deleted":
        await sides.attacker.remove(name)
    else:
        made.append((GROUP, PLURAL, name))
    await asyncio.sleep(RECONCILED_S)


def _reach(sides: Sides, what: str, spec: dict[str, Any], elsewhere: str) -> None:
    """Change a spec so that it reaches for something."""
    if what == "maps the victim's namespace":
        spec["services"] = [
            service | {"name": "shop", "namespaces": [sides.victim.namespace]} for service in spec["services"]
        ]
    elif what == "API elsewhere":
        spec["apiURL"] = elsewhere
    elif what == "the victim's Secret by name" and "apiTokenSecretRef" in spec:
        spec["apiTokenSecretRef"] = {"name": f"{VICTIM}-webhook", "key": "token"}
    elif what == "route annotations":
        path = sides.victim.keys[VICTIM].path.rpartition("/")[0]
        spec["webhook"]["route"]["annotations"] = {"nginx.ingress.kubernetes.io/rewrite-target": path}
    elif what == "TLS of the release":
        spec["webhook"]["route"]["tls"] = {"secretName": "noctuary-internal"}


async def annotate(sides: Sides, move: Move, made: Made, api_url: str) -> None:
    """Annotate the attacker's own namespace (where it may), or its own resource, with our annotations."""
    annotations = {"noctuary.io/allow-from": f"{sides.victim.namespace},*", "noctuary.io/service": "shop"}
    namespace = sides.attacker.namespace
    if move.name == "own namespace allows the victim":
        metadata = {"name": namespace, "annotations": annotations}
        changed = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
        await sides.place.kube.client.apply(f"/api/v1/namespaces/{namespace}", changed, manager=MANAGER)
    else:
        manifest = attacker_manifest(sides, f"r-{secrets.token_hex(4)}", api_url)
        manifest["metadata"]["annotations"] = annotations
        await sides.attacker.apply(manifest)
        made.append((GROUP, PLURAL, manifest["metadata"]["name"]))
    await asyncio.sleep(RECONCILED_S)
