"""What all objects that we write have in common: where they lead, their labels, their owner, how they are compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from noctuary.models.integration_spec import GROUP, KIND, VERSION
from noctuary.models.routing_record import INTEGRATION_LABEL, MANAGED_BY, MANAGED_BY_LABEL, ROLE_LABEL
from noctuary_operator.resources.integration import Integration
from noctuary_operator.resources.objects import OWNER_ANNOTATION, UID_ANNOTATION


@dataclass(frozen=True, slots=True)
class Backend:
    """The Service that a route leads to, and the release namespace both live in."""

    namespace: str
    service: str
    port: int


def labels(role: str, integration_id: str) -> dict[str, str]:
    """Return the labels of an object that we make; labels of the integration are never copied."""
    return {MANAGED_BY_LABEL: MANAGED_BY, ROLE_LABEL: role, INTEGRATION_LABEL: integration_id}


def owner_annotations(integration: Integration, integration_id: str) -> dict[str, str]:
    """Return what says whose an object of the release's namespace is; the uid only where it is not the id."""
    owner = {OWNER_ANNOTATION: integration.path}
    return owner if integration.uid == integration_id else {**owner, UID_ANNOTATION: integration.uid}


def owner_reference(integration: Integration) -> dict[str, Any]:
    """Return the reference that has the webhook Secret collected; it does not block, which would need more rights."""
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": KIND,
        "name": integration.name,
        "uid": integration.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }


def contains(actual: Any, wanted: Any) -> bool:
    """Whether an object holds all that is wanted; what others added to it is theirs."""
    if isinstance(wanted, Mapping):
        return isinstance(actual, Mapping) and all(
            key in actual and contains(actual[key], value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(actual, list)
            and len(actual) == len(wanted)
            and all(contains(*pair) for pair in zip(actual, wanted, strict=True))
        )
    return bool(actual == wanted)
