"""The per-user cache of things that take long to make, and the lock that lets one process make them at a time."""

import contextlib
import fcntl
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from hack.lib.errors import BuildError

_LOCK_POLL_S = 0.25
_WAIT_LINE_EVERY_S = 10.0

Progress = Callable[[str], None]


def cache_root(environment: Mapping[str, str]) -> Path:
    """Where this user's things are kept that take long to make."""
    named = environment.get("XDG_CACHE_HOME", "")
    base = Path(named) if Path(named).is_absolute() else Path.home() / ".cache"
    return base / "noctuary"


def cache_directory(environment: Mapping[str, str]) -> Path:
    """Where this user's Go toolchain and control plane binaries are kept."""
    return cache_root(environment) / "localkube"


@contextlib.contextmanager
def locked(lock: Path, waiting_for: str, progress: Progress) -> Iterator[None]:
    """Hold a lock file that the kernel releases even when we are killed; says so while another process holds it."""
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        handle = lock.open("w")
    except OSError as error:
        raise BuildError(
            f"Cannot write to {lock.parent}: {error.strerror}. Name a writable directory by XDG_CACHE_HOME."
        ) from error
    with handle:
        _wait_for(handle.fileno(), waiting_for, progress)
        yield


def _wait_for(descriptor: int, waiting_for: str, progress: Progress) -> None:
    began = time.monotonic()
    lines = 0
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited_s = time.monotonic() - began
            if waited_s >= lines * _WAIT_LINE_EVERY_S:
                progress(f"Another process is at work on {waiting_for}; waiting for it ({waited_s:.0f} s)")
                lines += 1
            time.sleep(_LOCK_POLL_S)
        else:
            return


def make_once(final: Path, make: Callable[[Path], None]) -> None:
    """Make a directory under a temporary name and rename it when complete, so that nobody sees half of it.

    The caller holds the lock: what is left of an interrupted attempt is removed.
    """
    partial = final.with_name(f"{final.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    make(partial)
    partial.rename(final)
