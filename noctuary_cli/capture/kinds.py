"""What a capture lists: all that the product watches or reads, and what explains it."""

from typing import NamedTuple

CORE = "/api/v1"
APPS = "/apis/apps/v1"
BATCH = "/apis/batch/v1"
NETWORKING = "/apis/networking.k8s.io/v1"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
STORAGE = "/apis/storage.k8s.io/v1"


class CapturedKind(NamedTuple):
    """Where objects of a kind are; `resource` is the plural, as in paths and in RBAC."""

    api: str
    resource: str
    kind: str
    is_metadata_only: bool = False
    """Nothing but its metadata is ever asked for."""

    @property
    def version(self) -> str:
        """Return the API version as objects tell it."""
        return self.api.removeprefix("/apis/").removeprefix("/api/")

    def path(self, namespace: str = "") -> str:
        """Return the path of its objects, in one namespace where one is given."""
        return f"{self.api}/namespaces/{namespace}/{self.resource}" if namespace else f"{self.api}/{self.resource}"


SECRETS = CapturedKind(CORE, "secrets", "Secret", is_metadata_only=True)
PODS = CapturedKind(CORE, "pods", "Pod")
EVENTS = CapturedKind(CORE, "events", "Event")
CLAIMS = CapturedKind(CORE, "persistentvolumeclaims", "PersistentVolumeClaim")
INTEGRATIONS = CapturedKind("/apis/noctuary.io/v1alpha1", "pagerdutyintegrations", "PagerDutyIntegration")
NAMESPACED: tuple[CapturedKind, ...] = (
    PODS,
    CapturedKind(APPS, "deployments", "Deployment"),
    CapturedKind(APPS, "replicasets", "ReplicaSet"),
    CapturedKind(APPS, "statefulsets", "StatefulSet"),
    CapturedKind(APPS, "daemonsets", "DaemonSet"),
    CapturedKind(APPS, "controllerrevisions", "ControllerRevision"),
    EVENTS,
    CapturedKind(CORE, "services", "Service"),
    CapturedKind("/apis/discovery.k8s.io/v1", "endpointslices", "EndpointSlice"),
    CapturedKind(NETWORKING, "ingresses", "Ingress"),
    CapturedKind("/apis/gateway.networking.k8s.io/v1", "httproutes", "HTTPRoute"),
    CapturedKind(NETWORKING, "networkpolicies", "NetworkPolicy"),
    CapturedKind(CORE, "configmaps", "ConfigMap"),
    SECRETS,
    CLAIMS,
    CapturedKind(CORE, "resourcequotas", "ResourceQuota"),
    CapturedKind(CORE, "limitranges", "LimitRange"),
    CapturedKind(CORE, "serviceaccounts", "ServiceAccount"),
    CapturedKind("/apis/policy/v1", "poddisruptionbudgets", "PodDisruptionBudget"),
    CapturedKind("/apis/autoscaling/v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
    CapturedKind(BATCH, "jobs", "Job"),
    CapturedKind(BATCH, "cronjobs", "CronJob"),
    CapturedKind(RBAC, "roles", "Role"),
    CapturedKind(RBAC, "rolebindings", "RoleBinding"),
    CapturedKind("/apis/argoproj.io/v1alpha1", "rollouts", "Rollout"),
    CapturedKind("/apis/argoproj.io/v1alpha1", "applications", "Application"),
    CapturedKind("/apis/kustomize.toolkit.fluxcd.io/v1", "kustomizations", "Kustomization"),
    CapturedKind("/apis/helm.toolkit.fluxcd.io/v2", "helmreleases", "HelmRelease"),
    CapturedKind("/apis/flagger.app/v1beta1", "canaries", "Canary"),
    CapturedKind("/apis/cert-manager.io/v1", "certificates", "Certificate"),
)
"""Listed in each namespace of a capture; a kind that the cluster does not serve is left out."""
NODES = CapturedKind(CORE, "nodes", "Node")
VOLUMES = CapturedKind(CORE, "persistentvolumes", "PersistentVolume")
NAMESPACES = CapturedKind(CORE, "namespaces", "Namespace")
WHOLE = (
    CapturedKind(STORAGE, "storageclasses", "StorageClass"),
    CapturedKind(NETWORKING, "ingressclasses", "IngressClass"),
)
"""Few in any cluster, and of nobody: listed whole."""
LEASES = CapturedKind("/apis/coordination.k8s.io/v1", "leases", "Lease")
SYSTEM_NAMESPACE = "kube-system"
CONTROL_PLANE = ("kube-scheduler", "kube-controller-manager")
"""Leases that tell whether the control plane's parts are alive."""
