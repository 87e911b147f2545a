"""Kubernetes objects as far as the operator reads them; annotations of others are dropped at decode."""

import re
from typing import Any

import msgspec

from noctuary.models.integration_spec import KIND
from noctuary.models.routing_record import (
    INTEGRATION_LABEL,
    MANAGED_BY_LABEL,
    ROLE_LABEL,
    ROLE_WEBHOOK_SECRET,
    RoutingRecord,
    record_secret_name,
)
from noctuary_operator.resources.minted import Minted

OWNER_ANNOTATION = "noctuary.io/integration"
"""namespace/name of the integration that an object in the release namespace belongs to."""
UID_ANNOTATION = "noctuary.io/integration-uid"
"""The uid of its resource, where that is not its id."""
APPLIED_ANNOTATION = "noctuary.io/applied"
"""A short hash of what we applied, so that a removed field is noticed after a restart."""
CONSENT_ANNOTATION = "noctuary.io/allow-from"
"""On a Namespace: the namespaces, separated by commas, whose integrations may map it; * for all."""
_ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
IS_ID = re.compile(_ID).fullmatch
"""Whether a text can be the id of an integration: it is written as the API server writes uids."""
_NAME = re.compile(re.escape(record_secret_name("")) + f"(?:.+-)?({_ID})")
"""Records and routes are named by the integration's id, routes also by its namespace and name."""


MAX_OWNERS = 16
"""Owners of a Secret that are kept: ours is the only one as a rule, and whoever writes a Secret may name thousands."""
MAX_OWNER_CHARS = 253
"""What is longer is no name of an object, and none of ours."""


class Owner(msgspec.Struct, frozen=True):
    """One ownerReference."""

    uid: str = ""
    kind: str = ""
    name: str = ""

    @property
    def is_bounded(self) -> bool:
        """Whether it is worth its memory."""
        return max(len(self.uid), len(self.kind), len(self.name)) <= MAX_OWNER_CHARS


class Meta(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The metadata of an object that we made."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = "0"
    generation: int = 0
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: list[Owner] = []

    @property
    def named_id(self) -> str:
        """The id of the integration that a record or route is named by, empty for any other object."""
        match = _NAME.fullmatch(self.name)
        return match[1] if match is not None else ""

    @property
    def owner(self) -> tuple[str, str] | None:
        """Namespace and name of the integration that a record or route was made for."""
        namespace, _, name = self.annotations.get(OWNER_ANNOTATION, "").partition("/")
        return (namespace, name) if namespace and name else None

    @property
    def owner_uid(self) -> str:
        """The uid of the resource that a record or route was made for."""
        return self.annotations.get(UID_ANNOTATION) or self.named_id


class LabelledSecret(msgspec.Struct):
    """A Secret with our role label; a routing record is read into `record` and `minted`."""

    metadata: Meta
    data: dict[str, str] = {}
    record: RoutingRecord | None = None
    minted: Minted | None = None


class RouteObject(msgspec.Struct):
    """An Ingress or HTTPRoute with our role label; what its status holds depends on the kind."""

    metadata: Meta
    spec: dict[str, Any] = {}
    status: dict[str, Any] = {}


class OurLabels(msgspec.Struct, frozen=True):
    """The labels that we set; those of strangers hold values now and then."""

    role: str = msgspec.field(default="", name=ROLE_LABEL)
    integration: str = msgspec.field(default="", name=INTEGRATION_LABEL)
    managed_by: str = msgspec.field(default="", name=MANAGED_BY_LABEL)


class BareMeta(msgspec.Struct, rename="camel", frozen=True):
    """Metadata with our labels and some owners only: what a stranger writes into it takes no memory of ours."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = "0"
    owner_references: list[Owner] = []
    labels: OurLabels = OurLabels()

    def __post_init__(self) -> None:
        """Keep `MAX_OWNERS`; one that is too long is not ours, and counts as somebody."""
        kept = [owner if owner.is_bounded else Owner() for owner in self.owner_references[:MAX_OWNERS]]
        msgspec.structs.force_setattr(self, "owner_references", kept)


class SecretHead(msgspec.Struct, frozen=True):
    """A Secret without its values."""

    metadata: BareMeta

    def is_of(self, uid: str, integration_id: str | None) -> bool:
        """Whether it was made for an integration: by owner, or by label where the owner was lost.

        One of ours that nobody owns was restored from a backup, or left on purpose by who deleted its integration.
        """
        is_orphan = self.is_ours and not self.metadata.owner_references
        return (
            self.is_owned_by(uid)
            or is_orphan
            or (integration_id is not None and self.metadata.labels.integration == integration_id)
        )

    def is_owned_by(self, uid: str) -> bool:
        """Whether the resource of a uid is among its owners."""
        return any(owner.uid == uid for owner in self.metadata.owner_references)

    def is_left_of(self, name: str) -> bool:
        """Whether it was made for an earlier integration of this name, and is still to be collected."""
        owners = self.metadata.owner_references
        return self.is_ours and all(owner.kind == KIND and owner.name == name for owner in owners)

    @property
    def is_ours(self) -> bool:
        """Whether it carries the labels of a webhook Secret."""
        labels = self.metadata.labels
        return labels.role == ROLE_WEBHOOK_SECRET and bool(labels.integration)


class ConsentAnnotations(msgspec.Struct, frozen=True):
    """The one annotation of a Namespace that we read."""

    allow_from: str = msgspec.field(default="", name=CONSENT_ANNOTATION)


class NamespaceMeta(msgspec.Struct, rename="camel", frozen=True):
    """The metadata of a Namespace."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = "0"
    annotations: ConsentAnnotations = ConsentAnnotations()
    deletion_timestamp: str | None = None


class NamespaceHead(msgspec.Struct, frozen=True):
    """A Namespace, without spec and status."""

    metadata: NamespaceMeta

    @property
    def terminating(self) -> bool:
        """Whether it is being deleted, which cannot be undone."""
        return self.metadata.deletion_timestamp is not None

    def allows(self, namespace: str) -> bool:
        """Whether this namespace consents to being mapped from that one."""
        allowed = {part.strip() for part in self.metadata.annotations.allow_from.split(",")}
        return namespace in allowed or "*" in allowed


def integration_ids(meta: Meta) -> set[str]:
    """Return the ids of the integrations that an object of ours concerns: by label, by name."""
    return {meta.labels.get(INTEGRATION_LABEL, ""), meta.named_id} - {""}
