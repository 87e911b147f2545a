"""The token that the operator shows on the internal port."""

import base64

import structlog

from noctuary.kube.reflector import ChangeType
from noctuary.models.routing_record import INTERNAL_TOKEN_KEY, INTERNAL_TOKEN_SECRET
from noctuary.routing.record_secrets import Secret

log = structlog.get_logger()


class OperatorToken:
    """The token that the operator shows on the internal port; None until its Secret was seen."""

    def __init__(self) -> None:
        self.value: str | None = None

    def on_list(self, objects: list[Secret]) -> None:
        """Read the Secret, if there is one."""
        self.value = None
        for secret in objects:
            self.on_event("ADDED", secret)

    def on_event(self, change: ChangeType, obj: Secret) -> None:
        """Handle one change of the Secret."""
        if obj.metadata.name == INTERNAL_TOKEN_SECRET:
            self.value = None if change == "DELETED" else _value(obj, INTERNAL_TOKEN_KEY)


def _value(secret: Secret, key: str) -> str | None:
    try:
        return base64.b64decode(secret.data[key]).decode() or None
    except (KeyError, ValueError):
        log.warning("Secret lacks a value", secret=secret.metadata.name, key=key)
        return None
