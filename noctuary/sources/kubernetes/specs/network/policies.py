"""NetworkPolicies: whom they select, and what they let through."""

from typing import Any

import msgspec

from noctuary.kube.objects import Struct
from noctuary.sources.kubernetes.specs.label_selectors import LabelSelector
from noctuary.sources.kubernetes.specs.objects import SpecObject

INGRESS, EGRESS = "Ingress", "Egress"


class PolicyPort(Struct):
    """A port that is let through, by number or name, up to `end_port`; none: all of the protocol."""

    protocol: str = "TCP"
    port: int | str | None = None
    end_port: int | None = None


class Peer(Struct):
    """Who is let through: pods by labels, here or in namespaces by theirs, or addresses."""

    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: dict[str, Any] | None = None


class IngressAllowance(Struct):
    """Who may call, on which ports; an empty list of either means any."""

    peers: list[Peer] | None = msgspec.field(default=None, name="from")
    ports: list[PolicyPort] | None = None


class EgressAllowance(Struct):
    """Who may be called, on which ports; an empty list of either means any."""

    peers: list[Peer] | None = msgspec.field(default=None, name="to")
    ports: list[PolicyPort] | None = None


Allowance = IngressAllowance | EgressAllowance


class PolicySpec(Struct):
    """Without types a policy is about what comes in, and about what goes out where it lists that."""

    pod_selector: LabelSelector = msgspec.field(default_factory=LabelSelector)
    policy_types: list[str] | None = None
    ingress: list[IngressAllowance] | None = None
    egress: list[EgressAllowance] | None = None


class NetworkPolicy(SpecObject):
    """networking.k8s.io/v1 NetworkPolicy."""

    spec: PolicySpec = msgspec.field(default_factory=PolicySpec)

    def isolates(self, direction: str) -> bool:
        """Tell whether it closes a direction for the pods that it selects, but for what it allows."""
        if self.spec.policy_types:
            return direction in self.spec.policy_types
        return direction == INGRESS or bool(self.spec.egress)

    def allowances(self, direction: str) -> list[IngressAllowance] | list[EgressAllowance]:
        """Return what it lets through in a direction."""
        return (self.spec.ingress if direction == INGRESS else self.spec.egress) or []
