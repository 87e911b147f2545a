"""HTTPRoutes of the Gateway API: which requests lead to which Services. Their CRD may be missing, or come later."""

from collections.abc import Iterator
from typing import Any, ClassVar

import msgspec

from noctuary.kube.objects import Struct
from noctuary.models.reaching.reach import Reach
from noctuary.sources.kubernetes.changes.backends import with_backends
from noctuary.sources.kubernetes.changes.facts import Fact, Facts, opaque, plain
from noctuary.sources.kubernetes.changes.label_selectors import some
from noctuary.sources.kubernetes.changes.objects import ChangedObject
from noctuary.sources.kubernetes.changes.sink import ChangeKind, watch_changes


class BackendRef(Struct):
    """One backend of a rule, and its share of the requests."""

    name: str = ""
    namespace: str = ""
    kind: str = "Service"
    port: int = 0
    weight: int = 1

    def in_words(self) -> str:
        """Return `web:80=90`: name, port and weight."""
        return f"{self.name}:{self.port}={self.weight}"


class RouteRule(Struct):
    """Which requests go where; what matches and what filters do is only compared."""

    backend_refs: list[BackendRef] = msgspec.field(default_factory=list)
    matches: Any = None
    filters: Any = None
    timeouts: dict[str, Any] = msgspec.field(default_factory=dict)


class ParentRef(Struct):
    """The Gateway that a route belongs to."""

    name: str = ""
    namespace: str = ""
    section_name: str = ""


class RouteSpec(Struct):
    """What a route asks for."""

    parent_refs: list[ParentRef] = msgspec.field(default_factory=list)
    hostnames: list[str] = msgspec.field(default_factory=list)
    rules: list[RouteRule] = msgspec.field(default_factory=list)


class HTTPRoute(ChangedObject):
    """gateway.networking.k8s.io/v1 HTTPRoute."""

    group: ClassVar[str] = "gateway.networking.k8s.io"
    spec: RouteSpec = msgspec.field(default_factory=RouteSpec)


def route_facts(obj: HTTPRoute) -> Facts:
    """Return what decides where requests go, rule by rule."""
    spec = obj.spec
    parents = sorted(f"{each.namespace}/{each.name}/{each.section_name}".strip("/") for each in spec.parent_refs)
    facts = {"hostnames": plain(",".join(sorted(spec.hostnames))), "gateways": plain(",".join(parents))}
    for number, rule in enumerate(spec.rules, 1):
        facts |= _rule_facts(f"rule {number}", rule)
    return facts


def _rule_facts(called: str, rule: RouteRule) -> dict[str, Fact]:
    timeouts = ((f"{called} timeout {name}", plain(value)) for name, value in sorted(rule.timeouts.items()))
    return {
        f"{called} backends": plain(",".join(each.in_words() for each in rule.backend_refs)),
        f"{called} matches": opaque(rule.matches),
        f"{called} filters": opaque(rule.filters),
        **dict(timeouts),
    }


def route_reach(obj: HTTPRoute) -> Reach:
    """Return the Services of its own namespace that requests are led to."""
    return Reach(services=some(_services(obj)))


def _services(obj: HTTPRoute) -> Iterator[str]:
    for each in (backend for rule in obj.spec.rules for backend in rule.backend_refs):
        if each.kind == "Service" and each.namespace in ("", obj.metadata.namespace):
            yield each.name


HTTP_ROUTES = watch_changes(
    "/apis/gateway.networking.k8s.io/v1",
    "httproutes",
    HTTPRoute,
    ChangeKind(route_facts, route_reach, reach_now=with_backends),
    may_be_absent=True,
)
