from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from noctuary.kube.client import KubeClient
from testbed.scene import Scene, pipeline_scene
from tests.unit.kube.listed_objects import ListedObjects


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """A scene with one integration that is not started yet."""
    async with pipeline_scene(tmp_path / "store") as made:
        yield made


@pytest.fixture
def listed() -> ListedObjects:
    """What an API server lists."""
    return ListedObjects()


@pytest.fixture
async def kube(listed: ListedObjects, tmp_path: Path) -> AsyncIterator[KubeClient]:
    """A client of a server that lists it."""
    async with listed.serving(tmp_path) as client:
        yield client
