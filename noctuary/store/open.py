"""Which engine keeps the store: the one place that names it."""

from pathlib import Path

from noctuary.store.interface import Store
from noctuary.store.sqlite.store import SqliteStore


async def open_store(directory: Path) -> Store:
    """Open or make the store in a directory; raise InvalidInput when it cannot be kept safely there."""
    return await SqliteStore.open(directory)
