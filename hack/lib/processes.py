"""Child processes that are known by process id and start time, so that a reused id is never taken for ours."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hack.lib.tether import tethered

_POLL_S = 0.02
_KILL_WAIT_S = 10.0  # SIGKILL is not refused, but a process in disk wait may need a moment
_START_TIME_FIELD = 19  # starttime is field 22 of proc(5) stat; counted from the field after the name it is number 19
_THREADS_FIELD = 17  # num_threads is field 20
_ZOMBIE_STATES = frozenset("ZX")


@dataclass(frozen=True)
class ProcessRecord:
    """One process: its id and when it started, in clock ticks since boot."""

    pid: int
    start_ticks: int


def parse_stat(stat: str) -> ProcessRecord | None:
    """Read a line of /proc/<pid>/stat; None for a process that has ended and only waits to be reaped.

    One whose first thread alone has ended runs: the others keep its ports, for 0.2 seconds and more after a SIGKILL.
    """
    pid, _, rest = stat.partition(" ")
    fields = rest.rpartition(")")[2].split()
    if not pid.isdigit() or len(fields) <= _START_TIME_FIELD:
        return None
    if fields[0] in _ZOMBIE_STATES and int(fields[_THREADS_FIELD]) <= 1:
        return None
    return ProcessRecord(pid=int(pid), start_ticks=int(fields[_START_TIME_FIELD]))


def read_record(path: Path) -> ProcessRecord | None:
    """Read the record a tethered process wrote about itself; None when there is none."""
    try:
        return parse_stat(path.read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        return None


def running(pid: int) -> ProcessRecord | None:
    """Say who runs under this process id now; None when nobody does. A child of ours that ended is reaped."""
    with contextlib.suppress(ChildProcessError):  # started by another process: init reaps it
        os.waitpid(pid, os.WNOHANG)
    try:
        return parse_stat(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace"))
    except (FileNotFoundError, ProcessLookupError):
        return None


def is_alive(record: ProcessRecord) -> bool:
    """Whether the very process of the record still runs."""
    return running(record.pid) == record


def start(command: Sequence[str], *, log: Path, record: Path, environment: Mapping[str, str], die_with_us: bool) -> int:
    """Start a program in a session of its own, output appended to `log`; returns its process id.

    With `die_with_us` the kernel kills it when the *thread* that called this ends.
    """
    record.unlink(missing_ok=True)
    line = tethered(command, record=record, die_with=os.getpid() if die_with_us else None, own_session=True)
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    return os.posix_spawn(sys.executable, line, dict(environment), file_actions=files)


def ask_to_end(record: ProcessRecord) -> None:
    """Send SIGTERM once; a second one would make Kubernetes components leave without finishing."""
    _send(record, signal.SIGTERM)


def wait_for_end(record: ProcessRecord, *, grace_s: float) -> bool:
    """Wait for a process that was asked to end, and kill it after the grace time; returns whether it is gone."""
    if _gone_within(record, grace_s):
        return True
    _send(record, signal.SIGKILL)
    return _gone_within(record, _KILL_WAIT_S)


def _send(record: ProcessRecord, sign: signal.Signals) -> None:
    if is_alive(record):
        with contextlib.suppress(ProcessLookupError):  # it ended between the look and the signal
            os.kill(record.pid, sign)


def _gone_within(record: ProcessRecord, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while is_alive(record):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_S)
    return True
