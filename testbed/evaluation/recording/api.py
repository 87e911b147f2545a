"""Writes as different hands make them: applied by a controller, set by kubectl, edited by a person."""

from typing import Any

import msgspec

from noctuary.common.errors import KubernetesError
from noctuary.kube.client import APPLY, JSON, MERGE, METADATA, METADATA_LIST, KubeClient
from noctuary.kube.objects import KubeObject

Json = dict[str, Any]
APPLIERS = frozenset({"argocd-controller", "kustomize-controller"})
"""Field managers that apply server-side; every other one updates."""
PLURALS = {
    "Deployment": ("/apis/apps/v1", "deployments"),
    "StatefulSet": ("/apis/apps/v1", "statefulsets"),
    "DaemonSet": ("/apis/apps/v1", "daemonsets"),
    "ReplicaSet": ("/apis/apps/v1", "replicasets"),
    "ControllerRevision": ("/apis/apps/v1", "controllerrevisions"),
    "Pod": ("/api/v1", "pods"),
    "Service": ("/api/v1", "services"),
    "Endpoints": ("/api/v1", "endpoints"),
    "EndpointSlice": ("/apis/discovery.k8s.io/v1", "endpointslices"),
    "ConfigMap": ("/api/v1", "configmaps"),
    "Secret": ("/api/v1", "secrets"),
    "ServiceAccount": ("/api/v1", "serviceaccounts"),
    "PersistentVolumeClaim": ("/api/v1", "persistentvolumeclaims"),
    "ResourceQuota": ("/api/v1", "resourcequotas"),
    "LimitRange": ("/api/v1", "limitranges"),
    "Event": ("/api/v1", "events"),
    "Job": ("/apis/batch/v1", "jobs"),
    "CronJob": ("/apis/batch/v1", "cronjobs"),
    "HorizontalPodAutoscaler": ("/apis/autoscaling/v2", "horizontalpodautoscalers"),
    "PodDisruptionBudget": ("/apis/policy/v1", "poddisruptionbudgets"),
    "Ingress": ("/apis/networking.k8s.io/v1", "ingresses"),
    "NetworkPolicy": ("/apis/networking.k8s.io/v1", "networkpolicies"),
    "Role": ("/apis/rbac.authorization.k8s.io/v1", "roles"),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings"),
    "Node": ("/api/v1", "nodes"),
    "Namespace": ("/api/v1", "namespaces"),
    "PersistentVolume": ("/api/v1", "persistentvolumes"),
    "StorageClass": ("/apis/storage.k8s.io/v1", "storageclasses"),
}
CLUSTER_KINDS = frozenset({"Node", "Namespace", "PersistentVolume", "StorageClass"})
_BUSY = 409


def path_of(kind: str, namespace: str, name: str = "") -> str:
    """Return the path of an object, or of a list."""
    api, plural = PLURALS[kind]
    place = "" if kind in CLUSTER_KINDS else f"/namespaces/{namespace}"
    return f"{api}{place}/{plural}" + (f"/{name}" if name else "")


class Api:
    """One namespace of the control plane, as several hands write to it."""

    def __init__(self, kube: KubeClient, namespace: str) -> None:
        self.kube = kube
        self.namespace = namespace

    async def create(self, manifest: Json, by: str = "kubectl-create") -> None:
        """Make an object; a controller applies it."""
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        if by in APPLIERS:
            await self.patch(kind, name, manifest, by)
            return
        body = msgspec.json.encode(manifest)
        await self.kube.request(
            "POST", path_of(kind, self.namespace), query={"fieldManager": by}, body=body, accept=METADATA
        )

    async def patch(self, kind: str, name: str, body: Json, by: str, subresource: str = "") -> None:
        """Change an object as a field manager does; a conflict with a controller's own write is tried again."""
        path = path_of(kind, self.namespace, name) + (f"/{subresource}" if subresource else "")
        applies = by in APPLIERS and not subresource
        query = {"fieldManager": by} | ({"force": "true"} if applies else {})
        for attempt in range(5):
            try:
                raw = msgspec.json.encode(body)
                kind_of_patch = APPLY if applies else MERGE
                await self.kube.request(
                    "PATCH", path, query=query, body=raw, content_type=kind_of_patch, accept=METADATA
                )
            except KubernetesError as error:
                if error.status != _BUSY or attempt == 4:
                    raise
            else:
                return

    async def remove(self, kind: str, name: str) -> None:
        """Delete an object at once, as its kubelet would have confirmed."""
        options = msgspec.json.encode({"gracePeriodSeconds": 0, "propagationPolicy": "Background"})
        try:
            path = path_of(kind, self.namespace, name)
            await self.kube.request("DELETE", path, body=options, content_type=JSON)
        except KubernetesError as error:
            if not error.not_found:
                raise

    async def listed(self, kind: str, query: dict[str, str] | None = None) -> list[Json]:
        """Return the objects of a kind, each with its kind, as kubectl prints them."""
        told = msgspec.json.decode(await self.kube.get(path_of(kind, self.namespace), query=query or {}))
        of_list = {"apiVersion": told["apiVersion"], "kind": kind}
        return [of_list | item for item in told["items"]]

    async def versions(self, kind: str) -> list[str]:
        """Return the versions of all objects of a kind."""
        told = await self.kube.get(path_of(kind, self.namespace), accept=METADATA_LIST)
        return [each.metadata.resource_version for each in msgspec.json.decode(told, type=_Listed).items]

    async def uids(self, kind: str) -> frozenset[str]:
        """Return the uids of all objects of a kind."""
        told = await self.kube.get(path_of(kind, self.namespace), accept=METADATA_LIST)
        return frozenset(each.metadata.uid for each in msgspec.json.decode(told, type=_Listed).items)


class _Listed(msgspec.Struct):
    items: list[KubeObject]
