"""Progress lines of tools that take long."""

import contextlib
import sys

from hack.lib.cache import Progress


def progress_on_stderr(tool: str) -> Progress:
    """Return what prints a tool's progress lines to the terminal; standard output is left to results."""

    def report(line: str) -> None:
        with contextlib.suppress(OSError):  # a terminal that is gone is no reason to stop
            print(f"{tool}: {line}", file=sys.stderr, flush=True)

    return report
