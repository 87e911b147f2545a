import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import uvloop

from tests.unit.receiver.door import Door, open_door


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run the tests of this room in the event loop that the receiver runs in."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    """A receiver whose ports are open."""
    async with open_door(tmp_path) as made:
        yield made
