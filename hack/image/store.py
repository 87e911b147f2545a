"""Directories that take long to make, kept per user under a name that says what went into them."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from hack.lib.cache import Progress, cache_root, locked, make_once

_KEY_DIGITS = 12


class Store:
    """The part of the user's cache that belongs to one tool."""

    def __init__(self, tool: str, progress: Progress) -> None:
        self.root = cache_root(os.environ) / tool
        self.progress = progress

    def once(self, name: str, parts: list[str], make: Callable[[Path], None]) -> Path:
        """Return the directory of these parts; it is made first when nobody has made it yet.

        Two processes do not make it twice, and nobody ever sees half of it.
        """
        home = self.root / f"{name}-{key_of(parts)}"
        if not home.exists():
            with locked(self.root / f"{name}.lock", name, self.progress):
                if not home.exists():
                    make_once(home, make)
        return home


def key_of(parts: list[str]) -> str:
    """A short digest of everything that decides what is made."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode()
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()[:_KEY_DIGITS]


def sources_of(*modules: str) -> list[str]:
    """The text of our own modules that decide what is made: a change of them makes it anew."""
    return [Path(module).read_text(encoding="utf-8") for module in modules]
