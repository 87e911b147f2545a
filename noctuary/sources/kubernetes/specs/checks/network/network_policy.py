"""NetworkPolicies that keep the incident's pods from what they call, from DNS, or their callers from them."""

from collections.abc import Iterator
from itertools import islice

from noctuary.analyzers.network.network_policy import BLOCKS_ALL, BLOCKS_CALLERS, BLOCKS_CALLS, BLOCKS_DNS
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import ServiceView
from noctuary.sources.kubernetes.specs import since
from noctuary.sources.kubernetes.specs.edges import Call, called_by, calls
from noctuary.sources.kubernetes.specs.kinds import NETWORK_POLICIES, SERVICES
from noctuary.sources.kubernetes.specs.network import ports
from noctuary.sources.kubernetes.specs.network.allowing import Door, Other, allows_nothing, closing, lets_through
from noctuary.sources.kubernetes.specs.network.policies import EGRESS, INGRESS, NetworkPolicy
from noctuary.sources.kubernetes.specs.place import Place

MAX_PAIRS = 20
"""Of workloads that policies keep apart and that are told: who closes a whole namespace has closed all of it."""
DNS = Other({"k8s-app": "kube-dns"}, "kube-system")
"""Where every cluster that kubeadm or a provider made has it."""
DNS_DOOR = Door(53, "UDP")


def network_policy(place: Place) -> Iterator[ContextEvent]:
    """Yield what policies of this namespace cut, each pair of workloads once; the newest of several is named."""
    policies = [each for each in place.specs.of(NETWORK_POLICIES) if each.metadata.deletion_timestamp is None]
    if not policies or not place.specs.knows_all(NETWORK_POLICIES):
        return
    told: set[tuple[str, str, str]] = set()
    size = sum(map(_size, policies))
    for call in calls(place):
        if len(told) >= MAX_PAIRS:
            break
        place.work.spend(size)
        for reason, owner, closed in _cuts(place, policies, call):
            pair = (reason, call.caller.workload, call.called.workload)
            if pair not in told:
                told.add(pair)
                yield _report(place, closed, owner, reason, _of_call(reason, call), "/".join(pair[1:]))
    cut_off = {called for reason, _, called in told if reason == BLOCKS_CALLERS}
    yield from islice(_closed_shapes(place, policies, cut_off), MAX_PAIRS)


def _size(policy: NetworkPolicy) -> int:
    """Return about how much there is to compare with a call."""
    allowances = (*(policy.spec.ingress or ()), *(policy.spec.egress or ()))
    inner = (len(each.peers or ()) + len(each.ports or ()) for each in allowances)
    return 1 + len(policy.spec.pod_selector.match_expressions or ()) + len(allowances) + sum(inner)


def _cuts(
    place: Place, policies: list[NetworkPolicy], call: Call
) -> Iterator[tuple[str, ServiceView, list[NetworkPolicy]]]:
    """Yield by which end this namespace's policies cut a call, whose incident that is, and the policies."""
    owner = _owner(place, call)
    if owner is None:
        return
    door = Door(call.port, call.protocol, call.called)
    there = call.address.namespace
    if there == place.namespace and not call.called.spec.host_network:
        closed = closing(policies, INGRESS, call.called)
        if closed and not lets_through(closed, INGRESS, there, Other(call.caller.labels, call.namespace), door):
            yield BLOCKS_CALLERS, owner, closed
    if call.namespace == place.namespace:
        closed = closing(policies, EGRESS, call.caller)
        if closed and not lets_through(closed, EGRESS, call.namespace, Other(call.called.labels, there), door):
            yield BLOCKS_CALLS, owner, closed


def _owner(place: Place, call: Call) -> ServiceView | None:
    """Return whose incident a cut is: of either end, the incident's own before what it depends on."""
    ends = ((call.namespace, call.caller), (call.address.namespace, call.called))
    found = [each for name, shape in ends if (each := place.rank_of_shape(name, shape)) is not None]
    return place.services.services[min(found)] if found else None


def _closed_shapes(place: Place, policies: list[NetworkPolicy], told: set[str]) -> Iterator[ContextEvent]:
    """Yield pods behind a Service that nobody may call, and pods that call by name and may not ask DNS."""
    served = [each.spec.selector for each in place.specs.of(SERVICES) if each.leads_to_pods]
    workloads = {(shape.kind, shape.workload): shape for shape in place.shapes if not shape.spec.host_network}
    size = sum(map(_size, policies))
    for shape in workloads.values():
        owner = place.service_of_shape(shape)
        if owner is None:
            continue
        place.work.spend(size + len(served))
        extra = {details.WORKLOAD: shape.workload}
        closed = closing(policies, INGRESS, shape)
        is_served = any(selector.items() <= shape.labels.items() for selector in served)
        if is_served and closed and allows_nothing(closed) and shape.workload not in told:
            yield _report(place, closed, owner, BLOCKS_ALL, extra, shape.workload)
        closed = closing(policies, EGRESS, shape)
        is_cut = closed and not lets_through(closed, EGRESS, place.namespace, DNS, DNS_DOOR)
        if is_cut and called_by(place, shape, place.namespace):
            yield _report(place, closed, owner, BLOCKS_DNS, extra, shape.workload)


def _report(
    place: Place, closed: list[NetworkPolicy], owner: ServiceView, reason: str, extra: dict[str, str], key: str
) -> ContextEvent:
    policy = max(closed, key=lambda each: since.written_at(each, b'"f:spec"'))
    last = since.written(policy, b'"f:spec"')
    told = extra | {details.WRITTEN_BY: last.manager}
    return place.report_on(place.ref_of("NetworkPolicy", policy), owner, reason, last.at, told, key)


def _of_call(reason: str, call: Call) -> dict[str, str]:
    own, other = call.called.workload, call.caller.workload
    if reason == BLOCKS_CALLS:
        own, other = other, own
    port = ports.with_protocol(call.port, call.protocol) if call.port else ""
    return {details.WORKLOAD: own, details.INSTEAD: other, details.PORT: port}
