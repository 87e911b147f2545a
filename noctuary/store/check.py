"""`noctuary store check`: what is wrong with a store that no receiver uses now, and what is in it."""

from pathlib import Path

from noctuary.store.sqlite.bounds.check import inspect


def check_store(directory: Path) -> tuple[list[str], list[str]]:
    """Return what is in the store, and what is wrong with it, a line each; raise InvalidInput when it is in use."""
    return inspect(directory)
