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
APPLIED_ANNOTATION = "noctuary.io/applied"
"""A short hash of what we applied, so that a removed field is noticed after a restart."""
CONSENT_ANNOTATION = "noctuary.io/allow-from"
"""On a Namespace: the namespaces, separated by commas, whose integrations may map it; * for all."""
RECORD_NAME = re.compile(re.escape(record_secret_name("")) + "([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
"""Records and routes are named by the integration's uid."""


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

    def is_of(self, uid: str) -> bool:
        """Whether it was made for the integration of this uid: by label, or by owner where the label was lost."""
        owned = any(owner.uid == uid for owner in self.metadata.owner_references)
        return owned or self.metadata.labels.integration == uid

    def is_left_of(self, name: str) -> bool:
        """Whether it was made for an earlier integration of this name, and is still to be collected."""
        labels = self.metadata.labels
        owners = all(owner.kind == KIND and owner.name == name for owner in self.metadata.owner_references)
        return labels.role == ROLE_WEBHOOK_SECRET and bool(labels.integration) and owners


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
    """Return the uids of the integrations that an object of ours concerns: by label, by owner, by name."""
    ids = {meta.labels.get(INTEGRATION_LABEL, ""), *(owner.uid for owner in meta.owner_references)}
    if (match := RECORD_NAME.fullmatch(meta.name)) is not None:
        ids.add(match[1])
    return ids - {""}
