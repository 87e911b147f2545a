"""NetworkPolicies: who may talk to whom."""

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec

from noctuary.kube.objects import Struct
from noctuary.models.reaching.reach import Reach
from noctuary.sources.kubernetes.changes.facts import Fact, Facts, opaque, plain
from noctuary.sources.kubernetes.changes.label_selectors import LabelSelector
from noctuary.sources.kubernetes.changes.objects import ChangedObject
from noctuary.sources.kubernetes.changes.sink import ChangeKind, watch_changes


class PolicyPort(Struct):
    """A port that is let through."""

    port: int | str = ""
    end_port: int = 0
    protocol: str = "TCP"

    def in_words(self) -> str:
        """Return `TCP/8080`."""
        until = f"-{self.end_port}" if self.end_port else ""
        return f"{self.protocol}/{self.port or '*'}{until}"


class PolicyRule(Struct):
    """Peers and ports that are let through; the peers are only compared."""

    ports: list[PolicyPort] = msgspec.field(default_factory=list)
    sources: Any = msgspec.field(default=None, name="from")
    targets: Any = msgspec.field(default=None, name="to")


class PolicySpec(Struct):
    """Which pods a policy is about, and what it lets through."""

    pod_selector: LabelSelector = msgspec.field(default_factory=LabelSelector)
    policy_types: list[str] = msgspec.field(default_factory=list)
    ingress: list[PolicyRule] = msgspec.field(default_factory=list)
    egress: list[PolicyRule] = msgspec.field(default_factory=list)


class NetworkPolicy(ChangedObject):
    """networking.k8s.io/v1 NetworkPolicy."""

    group: ClassVar[str] = "networking.k8s.io"
    spec: PolicySpec = msgspec.field(default_factory=PolicySpec)


def policy_facts(obj: NetworkPolicy) -> Facts:
    """Return whom a policy is about, and what it lets through."""
    spec = obj.spec
    return {
        "podSelector": plain(spec.pod_selector.in_words()),
        "policyTypes": plain(",".join(sorted(spec.policy_types))),
        **_rules("ingress", spec.ingress),
        **_rules("egress", spec.egress),
    }


def _rules(called: str, rules: list[PolicyRule]) -> dict[str, Fact]:
    return {
        f"{called} rules": plain(len(rules)),
        f"{called} ports": plain(",".join(_ports(rules))),
        f"{called} peers": opaque([(each.sources, each.targets) for each in rules]),
    }


def _ports(rules: Iterable[PolicyRule]) -> list[str]:
    return sorted({port.in_words() for each in rules for port in each.ports})


def policy_reach(obj: NetworkPolicy) -> Reach:
    """Return the pods that a policy is about."""
    return Reach(selectors=[obj.spec.pod_selector.selector()])


NETWORK_POLICIES = watch_changes(
    "/apis/networking.k8s.io/v1",
    "networkpolicies",
    NetworkPolicy,
    ChangeKind(policy_facts, policy_reach, restricts=True),
)
