"""Become another program after writing down who we are and, when asked, tying our life to the parent's.

Runs as a script of its own (`python -I -S tether.py`), so that nothing has to happen between fork and exec in a
process with threads, and so that the record exists even when the parent is killed the moment after it started us.
"""

import argparse
import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # from linux/prctl.h


def tethered(
    command: Sequence[str], *, record: Path | None = None, die_with: int | None = None, own_session: bool = False
) -> list[str]:
    """The command line that runs `command` tethered; `die_with` is the process id of the starting process."""
    options: list[str] = []
    if record is not None:
        options += ["--record", str(record)]
    if die_with is not None:
        options += ["--die-with", str(die_with)]
    if own_session:
        options += ["--own-session"]
    return [sys.executable, "-I", "-S", str(Path(__file__).resolve()), *options, "--", *command]


def _die_with(parent_pid: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        sys.exit(1)  # the parent ended before the tether was tied


def _write_record(path: Path) -> None:
    partial = path.with_suffix(".partial")
    partial.write_bytes(Path("/proc/self/stat").read_bytes())
    partial.replace(path)


def main() -> None:
    """Read the options, tie the tether and replace this process by the program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", type=Path)
    parser.add_argument("--die-with", type=int)
    parser.add_argument("--own-session", action="store_true")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    if options.own_session:
        os.setsid()
    if options.die_with is not None:
        _die_with(options.die_with)
    if options.record is not None:
        _write_record(options.record)
    os.execv(options.command[0], options.command)  # noqa: S606 - becoming the program is the point


if __name__ == "__main__":
    main()
