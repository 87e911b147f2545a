"""The reference: what a plain Kopf operator costs that makes the same two Secrets and a status for each resource."""

import base64
import os
from typing import Any

import kopf
from kubernetes.aio import client, config

NAMESPACE = os.environ.get("REFERENCE_NAMESPACE", "default")


@kopf.on.startup()
async def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    """Log in for the writes; everything else as the quick start has it."""
    settings.posting.enabled = False
    await config.load_kube_config(config_file=os.environ["KUBECONFIG"])


@kopf.on.create("noctuary.io", "v1alpha1", "pagerdutyintegrations")
async def reconcile(*, name: str, namespace: str | None, uid: str, patch: kopf.Patch, **_: Any) -> None:
    """Create two Secrets and patch one condition."""
    async with client.ApiClient() as api:
        core = client.CoreV1Api(api)
        for suffix in ("webhook", "record"):
            await core.create_namespaced_secret(namespace, _secret(f"{name}-{suffix}", uid))
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "Reference",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    patch.status["conditions"] = [condition]


def _secret(name: str, uid: str) -> dict[str, Any]:
    data = {"token": base64.b64encode(uid.encode()).decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}


if __name__ == "__main__":
    kopf.run(standalone=True, namespaces=[NAMESPACE])
