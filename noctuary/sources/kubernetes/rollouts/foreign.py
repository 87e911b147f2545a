"""Workloads of kinds that are not read: all that is known of them is in the revisions that they own."""

from noctuary.kube.objects import ObjectMeta, OwnerReference, TemplateMeta
from noctuary.models.diagnosis import WORKLOAD_KINDS
from noctuary.sources.kubernetes.identity import kept_labels, template_service
from noctuary.sources.kubernetes.rollouts.workloads import Wanted, WorkloadView

APPS_API = "apps/v1"


def is_read(owner: OwnerReference) -> bool:
    """Return whether the owner of a revision is of a kind that is watched itself."""
    return owner.kind in WORKLOAD_KINDS and owner.api_version in ("", APPS_API)


def foreign_owner(owner: OwnerReference, namespace: str, template: TemplateMeta) -> WorkloadView:
    """Return what a revision shows of its owner; the newest of its revisions is the wanted one."""
    return WorkloadView(
        kind=foreign_kind(owner),
        namespace=namespace,
        name=owner.name,
        uid=owner.uid,
        service_name=template_service(template, ObjectMeta(name=owner.name)),
        labels=kept_labels(template.labels),
        wanted=Wanted(),
        is_foreign=True,
    )


def foreign_kind(owner: OwnerReference) -> str:
    """Return the kind of an owner, with its group where one of Kubernetes' own is called the same."""
    if owner.kind not in WORKLOAD_KINDS or is_read(owner):
        return owner.kind
    return f"{owner.kind}.{owner.api_version.partition('/')[0]}"
