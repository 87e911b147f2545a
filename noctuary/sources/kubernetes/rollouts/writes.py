"""Who last wrote what of a workload, by its managed fields; where they are missing nothing is known."""

import msgspec

from noctuary.kube.objects import WorkloadMeta, seconds

TEMPLATE_FIELD = b'"f:template"'
REPLICAS_FIELD = b'"f:replicas"'
REVISION_FIELD = b'"f:revision"'
"""The number of a ControllerRevision."""
REVISION_ANNOTATION_FIELD = b'"f:deployment.kubernetes.io/revision"'
"""The number of a ReplicaSet."""
PARTITION_FIELD = b'"f:partition"'


class Write(msgspec.Struct, frozen=True):
    """Who wrote a field, and when it last wrote anything (seconds since the epoch; 0: unknown)."""

    manager: str = ""
    at: float = 0.0
    subresource: str = ""


def writes_of(metadata: WorkloadMeta, field: bytes) -> list[Write]:
    """Return all who wrote a field of the spec or of the metadata, the last one last."""
    found = [
        Write(entry.manager, seconds(entry.time), entry.subresource)
        for entry in metadata.managed_fields
        if entry.subresource != "status" and field in bytes(entry.fields_v1)
    ]
    return sorted(found, key=lambda write: write.at)


def last_write(metadata: WorkloadMeta, field: bytes) -> Write:
    """Return who last wrote a field."""
    return next(reversed(writes_of(metadata, field)), Write())


def write_between(writes: list[Write], after: float, until: float, *, or_later: bool) -> Write | None:
    """Return the last write of a time; else the next one on demand: who wrote again since wrote then, too."""
    inside = [write for write in writes if after < write.at <= until]
    later = [write for write in writes if or_later and write.at > max(after, until)]
    return inside[-1] if inside else next(iter(later), None)
