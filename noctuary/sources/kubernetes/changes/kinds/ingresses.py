"""Ingresses: which requests from outside lead to which Services."""

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from noctuary.kube.objects import Struct
from noctuary.models.reaching.reach import Reach
from noctuary.sources.kubernetes.changes.annotations import annotation_facts
from noctuary.sources.kubernetes.changes.backends import with_backends
from noctuary.sources.kubernetes.changes.facts import Facts, called, plain
from noctuary.sources.kubernetes.changes.label_selectors import some
from noctuary.sources.kubernetes.changes.objects import ChangedObject
from noctuary.sources.kubernetes.changes.sink import ChangeKind, watch_changes


class BackendPort(Struct):
    """The port of a backend, by name or number."""

    name: str = ""
    number: int = 0


class BackendService(Struct):
    """The Service of a backend."""

    name: str = ""
    port: BackendPort = msgspec.field(default_factory=BackendPort)


class Backend(Struct):
    """Where requests go; a resource of another kind is not read."""

    service: BackendService = msgspec.field(default_factory=BackendService)

    def in_words(self) -> str:
        """Return `web:80`."""
        service = self.service
        return f"{service.name}:{service.port.name or service.port.number}" if service.name else "other"


class HttpPath(Struct):
    """One path of a host."""

    path: str = ""
    path_type: str = ""
    backend: Backend = msgspec.field(default_factory=Backend)


class HttpRule(Struct):
    """The paths of a host."""

    paths: list[HttpPath] = msgspec.field(default_factory=list)


class Rule(Struct):
    """A host and where its paths lead."""

    host: str = ""
    http: HttpRule | None = None


class Tls(Struct):
    """The certificate of some hosts."""

    hosts: list[str] = msgspec.field(default_factory=list)
    secret_name: str = ""


class IngressSpec(Struct):
    """What an Ingress asks for."""

    ingress_class_name: str = ""
    default_backend: Backend | None = None
    rules: list[Rule] = msgspec.field(default_factory=list)
    tls: list[Tls] = msgspec.field(default_factory=list)

    def paths(self) -> Iterator[tuple[str, HttpPath]]:
        """Yield each path with its host."""
        for rule in self.rules:
            for path in rule.http.paths if rule.http is not None else ():
                yield rule.host, path


class Ingress(ChangedObject):
    """networking.k8s.io/v1 Ingress."""

    group: ClassVar[str] = "networking.k8s.io"
    spec: IngressSpec = msgspec.field(default_factory=IngressSpec)


def ingress_facts(obj: Ingress) -> Facts:
    """Return what decides where requests from outside go."""
    spec = obj.spec
    facts = {"class": plain(spec.ingress_class_name)}
    if spec.default_backend is not None:
        facts["default backend"] = plain(spec.default_backend.in_words())
    for host, path in spec.paths():
        where = f"{host or '*'}{path.path or '/'}"
        facts[called("backend of", where)] = plain(path.backend.in_words())
        facts[called("pathType of", where)] = plain(path.path_type)
    for tls in spec.tls:
        facts[called("certificate of", ",".join(tls.hosts))] = plain(tls.secret_name)
    return {**facts, **annotation_facts(obj.metadata.annotations)}


def ingress_reach(obj: Ingress) -> Reach:
    """Return the Services that requests are led to."""
    backends = [path.backend for _, path in obj.spec.paths()]
    backends += [obj.spec.default_backend] if obj.spec.default_backend is not None else []
    return Reach(services=some(each.service.name for each in backends))


INGRESSES = watch_changes(
    "/apis/networking.k8s.io/v1",
    "ingresses",
    Ingress,
    ChangeKind(ingress_facts, ingress_reach, reach_now=with_backends),
)
