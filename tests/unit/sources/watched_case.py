"""The form of the cases in `cases/`: what the API server sends of one watched kind, and the events it makes."""

from dataclasses import dataclass, field
from typing import Any

from noctuary.kube.reflector import ChangeType

AT = "2026-11-21T10:00:00Z"
Manifest = dict[str, Any]  # raw JSON


@dataclass(frozen=True)
class Case:
    """One line of a watch and its events; of each event only the named fields count, details as `details.NAME`."""

    name: str
    obj: Manifest
    events: list[dict[str, object]]
    change: ChangeType = "MODIFIED"
    listed: dict[str, list[Manifest]] = field(default_factory=dict)
    """By resource: what was listed before the line came."""


def manifest(name: str, namespace: str = "shops", /, **metadata: object) -> Manifest:
    """Return an object that has nothing but metadata."""
    return {"metadata": {"name": name, "namespace": namespace, "uid": name, "creationTimestamp": AT} | metadata}
