"""The Secrets of the release namespace as the receiver reads them."""

import msgspec


class SecretMeta(msgspec.Struct, frozen=True):
    """The name of a Secret."""

    name: str


class Secret(msgspec.Struct, frozen=True):
    """A Secret as far as the receiver reads it; values are base64."""

    metadata: SecretMeta
    data: dict[str, str] = {}
