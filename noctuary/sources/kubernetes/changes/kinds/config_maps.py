"""ConfigMaps: which keys changed; a value is kept only where it may be shown, all others as hashes."""

import hashlib
from collections.abc import Mapping
from typing import ClassVar

import msgspec

from noctuary.common.values_policy import showable
from noctuary.models.reaching.reach import Reach
from noctuary.sources.kubernetes.changes.facts import Fact, Facts, called, is_plain
from noctuary.sources.kubernetes.changes.objects import ChangedObject
from noctuary.sources.kubernetes.changes.sink import ChangeKind, watch_changes
from noctuary.sources.kubernetes.watched_kind import CORE

DIGEST = "\n#"
"""What stands before the digest of a value in an object that was decoded; a value that is kept holds no line break."""
PUBLISHED = frozenset({"kube-root-ca.crt", "openshift-service-ca.crt", "istio-ca-root-cert"})
"""What controllers write into every namespace."""
LEADER = "control-plane.alpha.kubernetes.io/leader"
HELM_OWNERS = frozenset({"helm", "TILLER"})
"""What the label `owner` of a ConfigMap says that is the record of a release."""
MAX_KEYS = 64
"""Keys that are told apart; of more only one digest is kept."""
ALL_KEYS = ""
"""Stands for the keys of such a ConfigMap; no key is empty."""


class ConfigMap(ChangedObject):
    """core/v1 ConfigMap; its values become digests as soon as they are decoded, so that a list of many stays small."""

    content: ClassVar[bytes] = b'"f:data"'
    data: dict[str, str] = msgspec.field(default_factory=dict)
    binary_data: dict[str, str] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Replace all values but those that may be shown."""
        super().__post_init__()
        self.data, self.binary_data = _reduced({**self.data, **self.binary_data}), {}


def _reduced(data: Mapping[str, str]) -> dict[str, str]:
    if len(data) > MAX_KEYS:
        told = "".join(f"{len(name)} {len(data[name])} {name}{data[name]}" for name in sorted(data))
        return {ALL_KEYS: DIGEST + _digest(told)}
    return {name: value if _may_show(name, value) else DIGEST + _digest(value) for name, value in data.items()}


def _may_show(name: str, value: str) -> bool:
    return is_plain(value) and showable(name, value)


def _digest(value: str) -> str:
    return hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def config_map_facts(obj: ConfigMap) -> Facts:
    """Return the value of each key, by the rule for values."""
    return {_called(name): Fact(value, not value.startswith(DIGEST)) for name, value in obj.data.items()}


def _called(name: str) -> str:
    return "some of its keys" if name == ALL_KEYS else called("key", name)


def config_map_reach(obj: ConfigMap) -> Reach:
    """Return the pods that read it."""
    return Reach(config_map=obj.metadata.name)


def is_written_by_machines(obj: ConfigMap) -> bool:
    """Tell whether a ConfigMap is a claim of a leader, a copy of a certificate or the record of a Helm release."""
    metadata = obj.metadata
    is_record = metadata.labels.get("owner", metadata.labels.get("OWNER", "")) in HELM_OWNERS
    return metadata.name in PUBLISHED or LEADER in metadata.annotations or is_record


CONFIG_MAPS = watch_changes(
    CORE,
    "configmaps",
    ConfigMap,
    ChangeKind(config_map_facts, config_map_reach, is_written_by_machines, tells_creation=False),
)
