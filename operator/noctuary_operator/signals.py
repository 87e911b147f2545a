"""SIGTERM and SIGINT: how the process is told to stop."""

import asyncio
import signal


class Signals:
    """`stop` is set as soon as one of them came."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()

    def install(self) -> None:
        """Handle them; to be called once more after Kopf, whose handlers replace ours."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.stop.set)
