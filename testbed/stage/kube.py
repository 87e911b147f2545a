"""The few calls that the tools make as administrator, in plain dicts."""

import base64
from pathlib import Path
from typing import Any, Self

import msgspec

from noctuary.common.errors import KubernetesError
from noctuary.kube.client import MERGE, KubeClient

MANAGER = "a-user"
GROUP = "/apis/noctuary.io/v1alpha1"
PLURAL = "pagerdutyintegrations"


class Kube:
    """A client with names for what a user does: apply, get, list, delete."""

    def __init__(self, client: KubeClient) -> None:
        self.client = client
        self._namespaces: list[str] = []

    @classmethod
    async def connect(cls, kubeconfig: Path) -> Self:
        """Log in with a kubeconfig."""
        return cls(await KubeClient.connect(kubeconfig))

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()

    async def list(self, api: str, namespace: str | None, plural: str, selector: str = "") -> list[dict[str, Any]]:
        """List objects, of one namespace or of all."""
        query = {"labelSelector": selector} if selector else None
        raw = await self.client.get(_path(api, namespace, plural), query=query)
        items: list[dict[str, Any]] = msgspec.json.decode(raw)["items"]
        return items

    async def get(self, api: str, namespace: str | None, plural: str, name: str) -> dict[str, Any] | None:
        """Get one object; None when it is not there."""
        try:
            found: dict[str, Any] = msgspec.json.decode(await self.client.get(_path(api, namespace, plural, name)))
        except KubernetesError as error:
            if error.not_found:
                return None
            raise
        return found

    async def apply(self, api: str, namespace: str | None, plural: str, manifest: dict[str, Any]) -> None:
        """Apply one manifest as a user would."""
        path = _path(api, namespace, plural, manifest["metadata"]["name"])
        await self.client.apply(path, manifest, manager=MANAGER)

    async def delete(self, api: str, namespace: str | None, plural: str, name: str) -> None:
        """Delete one object."""
        await self.client.delete(_path(api, namespace, plural, name))

    async def patch_status(self, api: str, namespace: str, plural: str, name: str, status: dict[str, Any]) -> None:
        """Merge into the status of one object."""
        path = _path(api, namespace, plural, name) + "/status"
        await self.client.request("PATCH", path, body=msgspec.json.encode({"status": status}), content_type=MERGE)

    async def patch(self, api: str, namespace: str, plural: str, name: str, change: dict[str, Any]) -> None:
        """Merge a change into one object."""
        path = _path(api, namespace, plural, name)
        await self.client.request("PATCH", path, body=msgspec.json.encode(change), content_type=MERGE)

    async def make_namespace(self, name: str) -> None:
        """Create a namespace, to be removed by `drop_namespaces`."""
        self._namespaces.append(name)
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        await self.apply("/api/v1", None, "namespaces", manifest)

    async def drop_namespaces(self) -> None:
        """Delete the namespaces that were made here, without waiting for their end."""
        for name in self._namespaces:
            await self.delete("/api/v1", None, "namespaces", name)

    async def put_secret(self, namespace: str, name: str, values: dict[str, str]) -> None:
        """Create or change a Secret."""
        data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        metadata = {"name": name, "namespace": namespace}
        manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
        await self.apply("/api/v1", namespace, "secrets", manifest)

    async def read_secret(self, namespace: str, name: str) -> dict[str, str] | None:
        """Read the values of a Secret; None when it is not there."""
        found = await self.get("/api/v1", namespace, "secrets", name)
        if found is None:
            return None
        return {key: base64.b64decode(value).decode() for key, value in found.get("data", {}).items()}

    async def integration(self, namespace: str, name: str) -> dict[str, Any] | None:
        """Get one PagerDutyIntegration."""
        return await self.get(GROUP, namespace, PLURAL, name)


def _path(api: str, namespace: str | None, plural: str, name: str = "") -> str:
    scope = f"/namespaces/{namespace}" if namespace else ""
    return f"{api}{scope}/{plural}" + (f"/{name}" if name else "")


def condition(obj: dict[str, Any] | None, kind: str) -> dict[str, Any]:
    """Return one condition of an object; empty when it has none."""
    conditions = (obj or {}).get("status", {}).get("conditions", [])
    return next((entry for entry in conditions if entry["type"] == kind), {})
