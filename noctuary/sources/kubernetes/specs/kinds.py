"""The kinds that are listed at incident time, once per namespace, for what their specs say."""

from typing import Generic, NamedTuple, TypeVar

from noctuary.kube.objects import KubeObject
from noctuary.sources.kubernetes.specs.objects import Service
from noctuary.sources.kubernetes.watched_kind import CORE

T = TypeVar("T", bound=KubeObject)


class SpecKind(NamedTuple, Generic[T]):
    """Where objects of a kind are, and how they are decoded; `resource` is the plural, as in paths and in RBAC."""

    api: str
    resource: str
    kind: type[T]

    def path(self, namespace: str) -> str:
        """Return the path of its objects in one namespace."""
        return f"{self.api}/namespaces/{namespace}/{self.resource}"


SERVICES = SpecKind(CORE, "services", Service)
SPEC_KINDS: tuple[SpecKind[Service], ...] = (SERVICES,)
"""In the order in which they are asked for: what more checks read goes first."""
