"""The simulator as a program: serves until it is told to stop, and says in a state file where."""

import asyncio
import json
import os
import signal
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed.pagerduty.simulator import PagerDutySimulator
from testbed.pagerduty.webhooks.delivery import DeliverySettings

DEFAULT_EMAIL = "oncall-bot@example.com"
_LOOK_FOR_PARENT_S = 0.5


@dataclass(frozen=True)
class ServeOptions:
    """What the command line may choose."""

    port: int
    state_file: Path
    latency_s: float
    requests_per_minute: int | None
    first_pause_s: float
    with_parent: bool
    connect_to: dict[str, str]
    authority: str | None


def default_state_file() -> Path:
    """Return where commands look for the running simulator unless told otherwise."""
    return Path(tempfile.gettempdir()) / f"noctuary-pagerduty-{os.getuid()}.json"


def read_state(path: Path) -> dict[str, Any]:
    """Return what a running simulator wrote: url, pid, token, email. Raises FileNotFoundError when none runs."""
    state: dict[str, Any] = json.loads(path.read_text())
    return state


async def serve(options: ServeOptions) -> None:
    """Run until SIGTERM, SIGINT, or the end of the parent where asked for."""
    parent = os.getppid() if options.with_parent else None  # asked before anybody can have read that we run, and end
    simulator = PagerDutySimulator(
        port=options.port,
        latency_s=options.latency_s,
        requests_per_minute=options.requests_per_minute,
        delivery=DeliverySettings(
            first_pause_s=options.first_pause_s, connect_to=options.connect_to, authority=options.authority
        ),
    )
    async with simulator as running:
        running.add_user("Noctuary Bot", DEFAULT_EMAIL)
        state = {"url": running.url, "pid": os.getpid(), "token": running.add_token(), "email": DEFAULT_EMAIL}
        _write_private(options.state_file, json.dumps(state))
        print(running.url, flush=True)
        try:
            await _until_told(parent)
        finally:
            _remove_own(options.state_file)


async def _until_told(parent: int | None) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    while not told.is_set() and parent in (None, os.getppid()):
        with suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), _LOOK_FOR_PARENT_S)


def _write_private(path: Path, text: str) -> None:
    """Write whole or not at all, readable by this user only: the file holds a key."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(path)


def _remove_own(path: Path) -> None:
    """Remove the state file unless another simulator has written its own since."""
    with suppress(FileNotFoundError):
        if read_state(path)["pid"] == os.getpid():
            path.unlink()
