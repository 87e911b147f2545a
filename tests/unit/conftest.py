from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from testbed.scene import Scene, pipeline_scene


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """A scene with one integration that is not started yet."""
    async with pipeline_scene(tmp_path / "store") as made:
        yield made
