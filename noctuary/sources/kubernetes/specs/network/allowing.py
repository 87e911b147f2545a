"""What NetworkPolicies let through; where they ask for what is not read, such as labels of namespaces, they do."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from noctuary.sources.kubernetes.specs.network.policies import INGRESS, Allowance, NetworkPolicy, Peer, PolicyPort
from noctuary.sources.kubernetes.specs.network.ports import number_of
from noctuary.sources.kubernetes.specs.shapes import Shape

NAME_LABEL = "kubernetes.io/metadata.name"
"""The one label of a namespace that is known without reading it."""


class Other(NamedTuple):
    """The other end of a call, as policies ask for it."""

    labels: Mapping[str, str]
    namespace: str


class Door(NamedTuple):
    """A port of the called pods, 0 where it is not known, and its protocol; `called` tells what names stand for."""

    number: int
    protocol: str
    called: Shape | None = None


def closing(policies: Iterable[NetworkPolicy], direction: str, shape: Shape) -> list[NetworkPolicy]:
    """Return the policies that close a direction for pods but for what they allow."""
    return [each for each in policies if each.isolates(direction) and each.spec.pod_selector.finds(shape.labels)]


def lets_through(policies: Iterable[NetworkPolicy], direction: str, own: str, other: Other, door: Door) -> bool:
    """Tell whether any of some policies of a namespace allows a call in a direction."""
    return any(
        _meets_port(allowance.ports, door) and _meets_peer(allowance, own, other)
        for policy in policies
        for allowance in policy.allowances(direction)
    )


def allows_nothing(policies: Iterable[NetworkPolicy], direction: str = INGRESS) -> bool:
    """Tell whether policies allow nothing at all in a direction."""
    return not any(policy.allowances(direction) for policy in policies)


def _meets_port(ports: list[PolicyPort] | None, door: Door) -> bool:
    if not ports or not door.number:
        return True
    return any(each.protocol == door.protocol and _is_port(each, door) for each in ports)


def _is_port(port: PolicyPort, door: Door) -> bool:
    if port.port is None:
        return True
    if isinstance(port.port, str):
        return door.called is None or number_of(door.called, port.port, door.protocol) == door.number
    return port.port <= door.number <= (port.end_port or port.port)


def _meets_peer(allowance: Allowance, own: str, other: Other) -> bool:
    return not allowance.peers or any(_is_peer(each, own, other) for each in allowance.peers)


def _is_peer(peer: Peer, own: str, other: Other) -> bool:
    if peer.ip_block is not None:  # which pods have such addresses, nobody says
        return True
    wanted = peer.namespace_selector
    if wanted is None:
        is_there = own == other.namespace
    else:
        is_there = not wanted.keys() <= {NAME_LABEL} or wanted.finds({NAME_LABEL: other.namespace})
    return is_there and (peer.pod_selector is None or peer.pod_selector.finds(other.labels))
