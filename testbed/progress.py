"""Progress lines of programs that show what happens as it happens."""

import time

from hack.lib.cache import Progress


def timed_progress() -> Progress:
    """Return what prints a line with the seconds since this call."""
    started = time.monotonic()

    def report(line: str) -> None:
        print(f"[{time.monotonic() - started:6.1f} s] {line}", flush=True)

    return report
