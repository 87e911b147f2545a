"""What is decoded of objects that are watched for their changes: reduced at once, so that many stay small."""

from itertools import islice
from typing import ClassVar

import msgspec

from noctuary.kube.objects import KubeObject, WorkloadMeta
from noctuary.sources.kubernetes.identity import kept_labels
from noctuary.sources.kubernetes.rollouts.ownership import Tool, owner_of
from noctuary.sources.kubernetes.rollouts.writes import Write, last_write

MAX_ANNOTATIONS, ANNOTATION_CHARACTERS = 64, 256
"""Of one object that are kept, and how long one may be: `last-applied-configuration` holds a ConfigMap once more."""


class ChangedObject(KubeObject):
    """An object of which only facts are kept; who wrote it is read while its managed fields are at hand.

    A page of a list stays in memory as long as anything points into it, as raw managed fields do.
    """

    group: ClassVar[str] = ""
    """Its API group; empty: the core."""
    content: ClassVar[bytes] = b'"f:spec"'
    """The field that holds what is compared, as managed fields call it."""
    metadata: WorkloadMeta
    write: Write = msgspec.field(default_factory=Write, name="!write")
    """The last write of its content; no object has a field of this name."""
    tool: Tool = msgspec.field(default_factory=Tool, name="!tool")
    """What owns it and would undo a change by hand."""

    def __post_init__(self) -> None:
        """Keep who wrote last and who owns it, and no more of the metadata than is asked for."""
        metadata = self.metadata
        self.tool = owner_of(metadata, f"{self.group}/{type(self).__name__}")
        self.write = last_write(metadata, self.content)
        metadata.managed_fields = []
        metadata.labels = kept_labels(metadata.labels)
        short = ((name, value) for name, value in metadata.annotations.items() if len(value) <= ANNOTATION_CHARACTERS)
        metadata.annotations = dict(islice(short, MAX_ANNOTATIONS))
