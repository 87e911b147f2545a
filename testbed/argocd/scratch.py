"""A directory that goes with its owner: at the end of the block, or at the next start when the owner was killed."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_LOCK = "owner.lock"
_PREFIX = "noctuary-argocd-"


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A fresh directory, its owner known by a lock that the kernel releases even after kill -9."""
    clear_remains()
    directory = Path(tempfile.mkdtemp(prefix=_PREFIX))
    with (directory / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield directory
        finally:
            remove(directory)


def clear_remains() -> None:
    """Remove what owners left who were killed; a directory in use is left alone."""
    for directory in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if directory.stat().st_uid == os.getuid():
            _remove_if_left(directory)


def remove(directory: Path) -> None:
    """Remove a tree, also where Argo CD took our own right to list a directory away."""
    for root, names, _ in os.walk(directory, onerror=_raise):
        for name in names:
            path = Path(root, name)
            if not path.is_symlink():
                path.chmod(0o700)
    shutil.rmtree(directory)


def _remove_if_left(directory: Path) -> None:
    # Without a lock file somebody is about to make it.
    with contextlib.suppress(FileNotFoundError), (directory / _LOCK).open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        remove(directory)


def _raise(error: OSError) -> None:
    raise error
