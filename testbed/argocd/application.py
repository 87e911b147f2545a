"""One Application of Argo CD, as a person sees it with kubectl."""

import json
from dataclasses import dataclass
from typing import Any

from testbed.argocd.argocd import NAMESPACE, ArgoCD
from testbed.argocd.tree import Node, read_tree
from testbed.localkube.errors import LocalKubeError

_KIND = "applications.argoproj.io"
_REFRESH = "argocd.argoproj.io/refresh"
_DELETION_TIMEOUT_S = 100


@dataclass(frozen=True)
class Resource:
    """What Argo CD says about one object that Git declares."""

    sync: str
    health: str | None


class Application:
    """Made from a manifest, refreshed, looked at and deleted."""

    def __init__(self, argocd: ArgoCD, manifest: dict[str, Any]) -> None:
        self._argocd = argocd
        self._manifest = manifest
        self.name = str(manifest["metadata"]["name"])

    def apply(self) -> None:
        """Create it, or change it to what the manifest says now."""
        self._argocd.cluster.kubectl("apply", "--server-side", "--filename=-", input=json.dumps(self._manifest))

    def refresh(self, how: str = "normal") -> None:
        """Ask for a look at Git now, as a webhook of the Git server does; Argo CD by itself looks every few minutes.

        `hard` has it forget first what it has cached.
        """
        self._kubectl("annotate", _KIND, self.name, "--overwrite", f"{_REFRESH}={how}")

    def is_refreshed(self) -> bool:
        """Whether the last refresh that was asked for is done."""
        return _REFRESH not in self._get().get("metadata", {}).get("annotations", {})

    def syncs(self) -> int:
        """Return how many syncs there have been."""
        return len(self.status().get("history", []))

    def delete(self, *, wait: bool = True) -> None:
        """Delete it and wait until it is gone; with the finalizer of the manifest all its resources go before."""
        waiting = [f"--wait={str(wait).lower()}", f"--timeout={_DELETION_TIMEOUT_S}s"]
        self._kubectl("delete", _KIND, self.name, "--ignore-not-found", *waiting)

    def status(self) -> dict[str, Any]:
        """Return its status, empty when there is none."""
        return dict(self._get().get("status", {}))

    def resources(self) -> dict[str, Resource]:
        """Return what Git declares, by Kind/name."""
        return {
            f"{each['kind']}/{each['name']}": Resource(
                each.get("status", "Unknown"), (each.get("health") or {}).get("status")
            )
            for each in self.status().get("resources", [])
        }

    def is_synced_to(self, revision: str) -> bool:
        """Whether the last sync is over, went well, was of this commit, and left no difference behind."""
        status = self.status()
        operation, sync = status.get("operationState", {}), status.get("sync", {})
        done = operation.get("phase") == "Succeeded" and sync.get("status") == "Synced"
        return bool(done and sync.get("revision") == revision)

    def operation(self) -> tuple[str, str]:
        """Return phase and message of the last sync, or of the one under way."""
        state = self.status().get("operationState", {})
        return state.get("phase", ""), state.get("message", "")

    def health(self) -> str:
        """Return the health that sums up all its resources."""
        return str(self.status().get("health", {}).get("status", ""))

    def tree(self) -> list[Node]:
        """Return its resource tree, with the objects that belong to what Git declares."""
        return read_tree(self._argocd.redis, self.name)

    def _get(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._kubectl("get", _KIND, self.name, "--output=json")))
        except LocalKubeError as error:
            if "NotFound" in str(error):
                return {}
            raise

    def _kubectl(self, *arguments: str) -> str:
        return self._argocd.cluster.kubectl("--namespace", NAMESPACE, *arguments)
