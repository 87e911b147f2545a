"""What of an Event is read at all: names by their grammar, texts of bounded length, before anything looks for words."""

import re

from noctuary.common.words import is_kind

REASON_LIMIT = 128
"""Characters, as the API documents it."""
PATH_LIMIT = 300
"""Characters of a field path: `spec.initContainers{NAME}` with room to spare."""
_NAME = r"[A-Za-z0-9][-\w.:]{0,252}"
"""A DNS name; those of RBAC have colons, and some names are written in capitals."""
_REFERENCE = re.compile(rf"(?:[a-z0-9][-a-z0-9]{{0,62}})?\n{_NAME}\n(?:{_NAME})?", re.ASCII)
"""Namespace, name and uid: mostly a UUID, but the kubelet gives the node's name as its uid."""
_ODD_IN_REASON = re.compile(r"[^-\w./:]+", re.ASCII)


def is_reference(kind: str, namespace: str, name: str, uid: str) -> bool:
    """Return whether these can be kind, namespace, name and uid of an object; only a name is always there."""
    return (not kind or is_kind(kind)) and _REFERENCE.fullmatch(f"{namespace}\n{name}\n{uid}") is not None


def code_word(reason: str) -> str:
    """Return a reason as one word; an empty text for one that is too long to be a code word."""
    if len(reason) > REASON_LIMIT:
        return ""
    return reason if reason.isalnum() and reason.isascii() else _ODD_IN_REASON.sub("-", reason.strip())
