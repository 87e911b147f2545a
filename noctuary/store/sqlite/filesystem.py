"""Where the store may live: a directory of our own on a local, writable file system."""

import os
from pathlib import Path
from typing import NamedTuple

from noctuary.common.errors import InvalidInput
from noctuary.store.sqlite.schema import DATA_DIR_SETTING

NETWORK_FILE_SYSTEMS = frozenset(
    [
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "orangefs",
        "smb3",
        "smbfs",
    ]
)
"""SQLite's locks and its order of writes do not hold on these; fuse.* is refused too, as most of it is remote."""
MOUNTINFO = Path("/proc/self/mountinfo")


class Mount(NamedTuple):
    """One mounted file system."""

    point: str
    type: str


def parse_mountinfo(text: str) -> list[Mount]:
    """Read the kernel's list of mounts (proc(5), mountinfo)."""
    mounts = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        point = before.split(" ")[4].encode().decode("unicode_escape")
        mounts.append(Mount(point, after.split(" ")[0]))
    return mounts


def mount_of(path: str, mounts: list[Mount]) -> Mount | None:
    """Return the mount that a path lies on: the deepest one, and of several on one point the last."""
    holding = [mount for mount in mounts if os.path.commonpath([path, mount.point]) == mount.point]
    return max(reversed(holding), key=lambda mount: len(mount.point), default=None)


def require_local(directory: Path, mounts: list[Mount]) -> None:
    """Raise InvalidInput when the directory lies on a network file system."""
    mount = mount_of(str(directory.resolve()), mounts)
    if mount is None:
        return
    if mount.type in NETWORK_FILE_SYSTEMS or (mount.type.startswith("fuse.") and mount.type != "fuse.fuse-overlayfs"):
        raise InvalidInput(
            DATA_DIR_SETTING,
            f"{directory} is on the network file system {mount.type} (mounted at {mount.point})",
            "name a directory on a local disk or a block volume (ReadWriteOnce)",
        )


def prepare_directory(directory: Path) -> None:
    """Make the directory, check its file system and write to it on trial; raise InvalidInput."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if MOUNTINFO.exists():
            require_local(directory, parse_mountinfo(MOUNTINFO.read_text(errors="replace")))
        _write_on_trial(directory / f".trial-{os.getpid()}")
    except OSError as error:
        raise InvalidInput(
            DATA_DIR_SETTING,
            f"{directory} cannot be written to ({error.strerror})",
            "name a writable directory with free space",
        ) from error


def _write_on_trial(path: Path) -> None:
    try:
        with path.open("wb") as file:
            file.write(b"trial")
            file.flush()
            os.fsync(file.fileno())
    finally:
        path.unlink(missing_ok=True)
