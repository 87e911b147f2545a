"""Ids of integrations: random, and made for one namespace and name, so that nobody else takes one over."""

import hashlib
import secrets

VERSION = "8"
"""Of a UUID whose content RFC 9562 leaves to who makes it; the API server's uids, which ids were before, have 4."""
HALF = 15
"""Hexadecimal digits that are chosen at random, and as many that follow from them and the owner: 60 bits each."""


def new_id(namespace: str, name: str) -> str:
    """Make the id of a new integration."""
    return _made_for(secrets.token_hex(HALF)[:HALF], namespace, name)


def may_belong_to(integration_id: str, namespace: str, name: str) -> bool:
    """Tell whether an id can be an integration's: what an earlier one left behind under it is nobody else's.

    Ids of releases without ids are uids, which do not say whose they are.
    """
    digits = integration_id.replace("-", "")
    if digits[12] != VERSION:
        return True
    return integration_id == _made_for(digits[:12] + digits[13:16], namespace, name)


def _made_for(chosen: str, namespace: str, name: str) -> str:
    owner = hashlib.sha256(f"{namespace}/{name}/{chosen}".encode()).hexdigest()[:HALF]
    return f"{chosen[:8]}-{chosen[8:12]}-{VERSION}{chosen[12:]}-b{owner[:3]}-{owner[3:]}"
