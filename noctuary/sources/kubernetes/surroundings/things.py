"""What is in a namespace: its workloads with their pods, pods of their own, and the Services that lead to them."""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from noctuary.kube.objects import controller_of
from noctuary.kube.odd import each_understood
from noctuary.models.diagnosis import Subject
from noctuary.models.live_view import Thing
from noctuary.models.naming import names_of
from noctuary.sources.kubernetes.identity import PodIdentity
from noctuary.sources.kubernetes.kinds.pods import Pod
from noctuary.sources.kubernetes.live_namespace import Namespace
from noctuary.sources.kubernetes.specs.kinds import SERVICES

MAX_THINGS = 1000
"""Of one namespace: as many as objects of one kind are read."""


def things_of(found: Namespace) -> list[Thing]:
    """Return the workloads of a namespace, also those that no kind of ours is, by what their pods tell."""
    known = each_understood(found.pods.values(), lambda pod: (pod, found.identify(pod)))
    by_subject: dict[Subject, list[tuple[Pod, PodIdentity]]] = defaultdict(list)
    for pod, identity in known:
        ref = identity.ref
        by_subject[Subject(ref.workload_kind, ref.namespace, ref.workload_name)].append((pod, identity))
    things = {
        subject: Thing(subject, view.labels, names_of(view.labels, view.name, view.service_name))
        for view in found.workloads.values()
        if view.deleted is None
        for subject in (Subject(view.kind, view.namespace, view.name),)
    }
    for subject, pods in by_subject.items():
        things[subject] = _with_pods(things.get(subject, Thing(subject)), pods)
    return [_with_services(each, found) for each in list(things.values())[:MAX_THINGS]]


def _with_pods(thing: Thing, pods: list[tuple[Pod, PodIdentity]]) -> Thing:
    owners = (controller_of(pod.metadata) for pod, _ in pods)
    return msgspec.structs.replace(
        thing,
        labels=thing.labels or pods[0][1].ref.labels,
        names=thing.names.union(*(each.names() - {each.ref.name} for _, each in pods), {thing.subject.name}),
        pods=frozenset(each.ref.name for _, each in pods),
        nodes=frozenset(each.ref.node for _, each in pods) - {""},
        owners=frozenset(owner.name for owner in owners if owner is not None),
    )


def _with_services(thing: Thing, found: Namespace) -> Thing:
    leading: Iterable[str] = (
        service.metadata.name
        for service in found.specs.of(SERVICES)
        if service.spec.selector and service.spec.selector.items() <= thing.labels.items()
    )
    return msgspec.structs.replace(thing, services=frozenset(leading))
