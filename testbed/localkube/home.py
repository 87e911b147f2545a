"""The directory of a cluster: claimed by a lock, and cleared of whatever an earlier owner left behind.

The lock is held by the starting process and, under the context manager, for the cluster's whole life. The kernel
releases it even after kill -9, so a lock that can be had means that the owner is gone. A cluster that was left running
on purpose carries a mark instead.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from hack.lib import processes
from testbed.localkube.components import Layout
from testbed.localkube.errors import LocalKubeError

# The API server first and etcd last: an API server that has lost its etcd was seen waiting for it for minutes.
STOP_ORDER = ("kube-apiserver", "kube-controller-manager", "etcd")
STOP_GRACE_S = 5.0
_CLAIM_WAIT_S = 30.0  # another start in the same directory takes a few seconds
_CLAIM_POLL_S = 0.1
_MARK = ".noctuary-localkube"
_DETACHED = "detached"


def registry() -> Path:
    """Where this user's clusters are listed, whatever directory each lives in."""
    directory = Path(tempfile.gettempdir()) / f"noctuary-localkube-{os.getuid()}"
    directory.mkdir(mode=0o700, exist_ok=True)
    if directory.is_symlink() or directory.stat().st_uid != os.getuid():
        raise LocalKubeError(f"{directory} belongs to another user; name another place by TMPDIR")
    return directory


def default_directory() -> Path:
    """Where `up` puts a cluster when no directory is named."""
    return registry() / "default"


class ClusterHome:
    """One cluster's directory and who may touch it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
        self.layout = Layout(self.directory)
        key = hashlib.sha256(str(self.directory).encode()).hexdigest()[:16]
        self._lock_path = registry() / f"{key}.lock"
        self._link = registry() / f"{key}.cluster"
        self._lock: TextIO | None = None

    @property
    def mark(self) -> Path:
        """The file that says that the directory is ours to remove."""
        return self.directory / _MARK

    def try_lock(self) -> bool:
        """Take the lock if nobody holds it."""
        lock = self._lock_path.open("a")
        try:
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        if not _is_same_file(lock, self._lock_path):  # its last holder removed it while we opened it
            lock.close()
            return False
        self._lock = lock
        return True

    def lock(self) -> None:
        """Take the lock, waiting while another process starts or stops the same cluster."""
        deadline = time.monotonic() + _CLAIM_WAIT_S
        while not self.try_lock():
            if time.monotonic() > deadline:
                raise LocalKubeError(
                    f"The cluster in {self.directory} belongs to a running process (a test run, or another start); "
                    f"end that one or name another directory by --dir"
                )
            time.sleep(_CLAIM_POLL_S)

    def unlock(self) -> None:
        """Give the lock back; its file goes once the cluster is gone."""
        if self._lock is None:
            return
        if not self._link.is_symlink():
            self._lock_path.unlink(missing_ok=True)
        self._lock.close()
        self._lock = None

    def create(self) -> None:
        """Make the directory and list it; the lock is held and `clear` was called.

        Raises LocalKubeError when the directory holds files that are not ours.
        """
        if self.directory.exists() and any(self.directory.iterdir()):
            raise LocalKubeError(f"{self.directory} is not empty and not a cluster's directory; name an empty one")
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(self.directory)
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.mark.touch()
        self.layout.create()

    def leave_running(self) -> None:
        """Mark the cluster as one that outlives the process that started it."""
        (self.directory / _DETACHED).touch()

    def is_left_running(self) -> bool:
        """Whether the cluster was left running on purpose and all of it still runs."""
        return self._is_detached() and all(self.alive().values())

    def is_abandoned(self) -> bool:
        """Whether nobody wants the cluster any more; asked by the holder of the lock."""
        return not (self._is_detached() and any(self.alive().values()))

    def alive(self) -> dict[str, bool]:
        """Which components run."""
        found = {name: processes.read_record(self.layout.record(name)) for name in STOP_ORDER}
        return {name: record is not None and processes.is_alive(record) for name, record in found.items()}

    def stop(self, component: str, *, grace_s: float = STOP_GRACE_S) -> None:
        """End one component if it runs; with a grace of 0 it is killed without being asked."""
        if grace_s > 0:
            self._ask_to_end(component)
        self._wait_for_end(component, grace_s)

    def clear(self) -> None:
        """End every component and remove every file; a directory without our mark is left alone."""
        if self.mark.exists():
            self._stop_all()
            shutil.rmtree(self.directory)
        self._link.unlink(missing_ok=True)

    def _is_detached(self) -> bool:
        return (self.directory / _DETACHED).exists()

    def _stop_all(self) -> None:
        # The API server waits for its clients to hang up, so the controller-manager is asked right after it.
        for component in STOP_ORDER[:2]:
            self._ask_to_end(component)
        for component in STOP_ORDER[:2]:
            self._wait_for_end(component, STOP_GRACE_S)
        self.stop(STOP_ORDER[2])

    def _ask_to_end(self, component: str) -> None:
        if record := processes.read_record(self.layout.record(component)):
            processes.ask_to_end(record)

    def _wait_for_end(self, component: str, grace_s: float) -> None:
        path = self.layout.record(component)
        record = processes.read_record(path)
        if record is not None and not processes.wait_for_end(record, grace_s=grace_s):
            raise LocalKubeError(f"{component} (process {record.pid}) does not end; look at {self.layout.logs}")
        path.unlink(missing_ok=True)


def clear_remains() -> None:
    """Clear the clusters whose owner was killed; running ones are left alone."""
    for link in registry().glob("*.cluster"):
        with contextlib.suppress(FileNotFoundError), _free_home(link.readlink()) as home:
            if home is not None and home.is_abandoned():
                home.clear()


@contextlib.contextmanager
def _free_home(directory: Path) -> Iterator[ClusterHome | None]:
    home = ClusterHome(directory)
    if not home.try_lock():
        yield None
        return
    try:
        yield home
    finally:
        home.unlock()


def _is_same_file(opened: TextIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(opened.fileno()), path.stat())
    except FileNotFoundError:
        return False
