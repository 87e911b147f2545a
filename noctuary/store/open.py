"""Which engine keeps the store: the one place that names it."""

from pathlib import Path

from noctuary.common.metrics import Metrics
from noctuary.store.interface import Store
from noctuary.store.limits import StoreLimits
from noctuary.store.sqlite.store import SqliteStore


async def open_store(directory: Path, limits: StoreLimits | None = None, metrics: Metrics | None = None) -> Store:
    """Open or make the store in a directory; raise InvalidInput when it cannot be kept safely there."""
    return await SqliteStore.open(directory, limits, metrics)
