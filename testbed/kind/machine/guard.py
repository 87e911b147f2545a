"""Outlives the run that started it: when the run ends, however it ends, everything it put up is taken down.

The guard reads its standard input, which only the run holds open. The end of it is the end of the run; the word `keep`
before that leaves everything standing.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from hack.image.store import Store
from testbed.kind.errors import USER_FIXABLE
from testbed.kind.progress import report
from testbed.kind.state import RunDirectory
from testbed.kind.teardown import clear

_KEEP = b"keep"
_TEARDOWN_TIMEOUT_S = 300.0
_ROOT = Path(__file__).resolve().parents[3]


class Guard:
    """The run's end of the pipe."""

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._keep = False
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "testbed.kind.machine.guard", str(self._run.path)],
            stdin=subprocess.PIPE,
            start_new_session=True,
            cwd=_ROOT,
        )
        return self

    def keep(self) -> None:
        """Leave everything standing after the run."""
        self._keep = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.communicate(_KEEP if self._keep else b"", timeout=_TEARDOWN_TIMEOUT_S)


def main() -> int:
    """Wait for the end of the run and clear up after it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    if os.read(sys.stdin.fileno(), len(_KEEP)) == _KEEP:
        return 0
    try:
        clear(RunDirectory(Path(sys.argv[1])), Store("kind", report))
    except USER_FIXABLE as error:
        report(f"Not all could be removed; the next run tries again. {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
