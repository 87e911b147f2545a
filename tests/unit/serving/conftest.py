import asyncio
from collections.abc import Callable

import uvloop


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run the tests of this room in the event loop that both programs run in."""
    return {"uvloop": uvloop.new_event_loop}
