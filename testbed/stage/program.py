"""One of our programs as a child process: started, killed, measured, and ended with us."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from hack.lib.tether import tethered

STOP_GRACE_S = 10.0
"""Both programs promise to end within seconds of SIGTERM."""
INHERITED = ("PATH", "PYTHONPATH")
"""What finds the same programs and the same sources as ours; nothing else of our environment counts."""
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Program:
    """`noctuary <command> <flags>` with its environment; its log is appended to a file over all its lives.

    What `settings` hold when it is started counts for that life.
    """

    def __init__(self, command: str, environment: Mapping[str, str], log: Path, *flags: str) -> None:
        self.command = command
        self.flags = flags
        self.log = log
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        self.settings = {**inherited, "PYTHONUNBUFFERED": "1", **environment}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id; RuntimeError when it was never started."""
        if self._process is None:
            raise RuntimeError(f"{self.command} was not started")
        return self._process.pid

    def start(self) -> None:
        """Start the process, tied to our life."""
        command = tethered([sys.executable, "-m", "noctuary_cli", self.command, *self.flags], die_with=os.getpid())
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, env=self.settings, stdout=log, stderr=log)

    def kill(self) -> None:
        """End it as a crash does: no warning, no clean-up."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """End it as a rolling update does and return its exit code."""
        self._end(signal.SIGTERM)
        return self._process.returncode if self._process is not None else 0

    def _end(self, number: signal.Signals) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(STOP_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def cpu_seconds(self) -> float:
        """User and system time of the process so far."""
        return cpu_seconds_of(self.pid)

    def rss_megabytes(self) -> float:
        """Resident memory now."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE_BYTES / 1e6

    def last_lines(self, count: int = 15) -> str:
        """The end of the log, for an error message."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])


def cpu_seconds_of(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS
