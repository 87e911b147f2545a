"""The kinds that are listed at incident time, once per namespace, for what their specs say."""

from typing import Any, Generic, NamedTuple, TypeVar

from noctuary.kube.objects import KubeObject
from noctuary.sources.kubernetes.specs.network.policies import NetworkPolicy
from noctuary.sources.kubernetes.specs.network.routes import HTTPRoute, Ingress, IngressClass
from noctuary.sources.kubernetes.specs.objects import EndpointSlice, Service
from noctuary.sources.kubernetes.watched_kind import CORE

T = TypeVar("T", bound=KubeObject)


class SpecKind(NamedTuple, Generic[T]):
    """Where objects of a kind are, and how they are decoded; `resource` is the plural, as in paths and in RBAC."""

    api: str
    resource: str
    kind: type[T]

    @property
    def group(self) -> str:
        """Return the API group as RBAC spells it: empty for the core API."""
        return self.api.split("/")[2] if self.api.startswith("/apis/") else ""

    def path(self, namespace: str) -> str:
        """Return the path of its objects in one namespace; in none for a kind of the cluster."""
        return f"{self.api}/namespaces/{namespace}/{self.resource}" if namespace else f"{self.api}/{self.resource}"


NETWORKING = "/apis/networking.k8s.io/v1"
SERVICES = SpecKind(CORE, "services", Service)
ENDPOINT_SLICES = SpecKind("/apis/discovery.k8s.io/v1", "endpointslices", EndpointSlice)
INGRESSES = SpecKind(NETWORKING, "ingresses", Ingress)
NETWORK_POLICIES = SpecKind(NETWORKING, "networkpolicies", NetworkPolicy)
HTTP_ROUTES = SpecKind("/apis/gateway.networking.k8s.io/v1", "httproutes", HTTPRoute)
INGRESS_CLASSES = SpecKind(NETWORKING, "ingressclasses", IngressClass)
SPEC_KINDS: tuple[SpecKind[Any], ...] = (SERVICES, ENDPOINT_SLICES, NETWORK_POLICIES, INGRESSES, HTTP_ROUTES)
"""Of each namespace, in the order in which they are asked for: what more checks read goes first."""
CLUSTER_KINDS: tuple[SpecKind[Any], ...] = (INGRESS_CLASSES,)
"""Of no namespace: read once, where the release sees the whole cluster."""
