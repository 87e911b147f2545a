"""Deployments: workloads whose revisions are ReplicaSets."""

from noctuary.kube.objects import WorkloadObject
from noctuary.kube.reflector import Sink
from noctuary.sources.kubernetes.rollouts.workloads import (
    REVISION_ANNOTATION,
    Wanted,
    WorkloadView,
    count_in,
    view_workload,
)
from noctuary.sources.kubernetes.sinks import WorkloadSink
from noctuary.sources.kubernetes.watched_kind import APPS, SinkContext, WatchedKind


class Deployment(WorkloadObject):
    """apps/v1 Deployment."""


def make_sink(context: SinkContext) -> Sink[Deployment]:
    """Return what reports rollouts and scalings of Deployments."""
    return WorkloadSink(context.tracker, Deployment, view_deployment)


DEPLOYMENTS = WatchedKind(api=APPS, resource="deployments", kind=Deployment, make_sink=make_sink, feeds_rollouts=True)


def view_deployment(obj: Deployment) -> WorkloadView:
    """Return a Deployment, reduced to what is compared; its ReplicaSets hold the rest."""
    return view_workload(obj, Wanted(number=count_in(obj.metadata, REVISION_ANNOTATION)))
