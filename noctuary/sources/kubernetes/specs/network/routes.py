"""Ingresses, their classes and HTTPRoutes: only where they lead."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from noctuary.kube.objects import Struct
from noctuary.sources.kubernetes.specs.objects import SpecObject


class Backend(NamedTuple):
    """A Service in the namespace of a route, and the port of it: by number or name; 0: whichever."""

    service: str
    port: int | str


class BackendPort(Struct):
    """One of the two is there."""

    name: str = ""
    number: int = 0


class IngressService(Struct):
    """The Service of an Ingress' backend."""

    name: str = ""
    port: BackendPort = msgspec.field(default_factory=BackendPort)


class IngressBackend(Struct):
    """A Service, or a resource of another kind, which is not read."""

    service: IngressService | None = None


class IngressPath(Struct):
    """One path of a rule."""

    backend: IngressBackend = msgspec.field(default_factory=IngressBackend)


class IngressHttp(Struct):
    """The paths of a rule."""

    paths: list[IngressPath] | None = None


class IngressRule(Struct):
    """One host; without paths all of it goes to the default backend."""

    host: str = ""
    http: IngressHttp | None = None


class IngressSpec(Struct):
    """Where requests go."""

    ingress_class_name: str | None = None
    default_backend: IngressBackend | None = None
    rules: list[IngressRule] | None = None


class Ingress(SpecObject):
    """networking.k8s.io/v1 Ingress."""

    spec: IngressSpec = msgspec.field(default_factory=IngressSpec)

    def backends(self) -> Iterator[Backend]:
        """Yield the Services that it leads to, each as often as it is named."""
        if self.spec.default_backend is not None:
            yield from _of_ingress(self.spec.default_backend)
        for rule in self.spec.rules or ():
            for path in (rule.http.paths if rule.http is not None else None) or ():
                yield from _of_ingress(path.backend)


class IngressClass(SpecObject):
    """networking.k8s.io/v1 IngressClass: only that it exists."""


class ParentRef(Struct):
    """The Gateway that a route is attached to."""

    name: str = ""
    namespace: str | None = None
    kind: str = "Gateway"


class RouteBackend(Struct):
    """What a route leads to; a Service unless its group and kind say otherwise."""

    name: str = ""
    namespace: str | None = None
    port: int = 0
    kind: str = "Service"
    group: str = ""


class RouteRule(Struct):
    """One rule of a route."""

    backend_refs: list[RouteBackend] | None = None


class RouteSpec(Struct):
    """Where requests go."""

    parent_refs: list[ParentRef] | None = None
    rules: list[RouteRule] | None = None


class HTTPRoute(SpecObject):
    """gateway.networking.k8s.io/v1 HTTPRoute."""

    spec: RouteSpec = msgspec.field(default_factory=RouteSpec)

    def backends(self) -> Iterator[Backend]:
        """Yield the Services of its own namespace that it leads to: what is in others may not be ours to see."""
        for rule in self.spec.rules or ():
            for ref in rule.backend_refs or ():
                is_here = ref.namespace in (None, "", self.metadata.namespace)
                if ref.kind == "Service" and not ref.group and is_here:
                    yield Backend(ref.name, ref.port)


def _of_ingress(backend: IngressBackend) -> Iterator[Backend]:
    if backend.service is not None:
        port = backend.service.port
        yield Backend(backend.service.name, port.number or port.name or 0)
