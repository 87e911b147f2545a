"""A file tree from distribution packages, without root and without running any of their scripts.

apt resolves and checks the packages against an empty system in a directory of its own; each is then only unpacked.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hack.image.errors import ImageError
from hack.lib.cache import Progress, locked

_TOOLS = ("apt-get", "dpkg-deb", "tar")
_MERGED = ("bin", "sbin", "lib")
_UPDATE_TIMEOUT_S = 180.0
_LISTS_ARE_FRESH_S = 3600.0  # older ones may name packages that the mirror has replaced
_DOWNLOAD_TIMEOUT_S = 900.0  # 60 MB on a slow line
_UNPACK_TIMEOUT_S = 120.0
_LOG_LINES = 6
_DOWNLOAD = ("install", "--yes", "--download-only", "--quiet=2")
_USERS = "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"
_GROUPS = "root:x:0:\ntty:x:5:\nnonroot:x:65532:\n"
_NSSWITCH = "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n"


@dataclass(frozen=True)
class Package:
    """One distribution package of a tree."""

    name: str
    version: str
    architecture: str


class PackageTrees:
    """Unpacks sets of packages of the machine's own distribution; the downloads are kept in `store`."""

    def __init__(self, store: Path, progress: Progress) -> None:
        _require_tools()
        self._store = store
        self._progress = progress

    def unpack(self, names: Sequence[str], target: Path, *, without: Sequence[str] = ()) -> list[Package]:
        """Fill `target` with the packages and all they depend on, except those of `without`; return what went in."""
        self._update()
        _merge_usr(target)
        packages = []
        with tempfile.TemporaryDirectory(prefix="archives-", dir=self._store) as archives:
            for archive in self._download(names, Path(archives)):
                package = _describe(archive)
                if package.name not in without:
                    _unpack(archive, target)
                    packages.append(package)
        _finish(target)
        return packages

    def _download(self, names: Sequence[str], archives: Path) -> list[Path]:
        self._progress(f"Fetching {len(names)} distribution packages and what they need")
        (archives / "partial").mkdir()
        place = ["-o", f"Dir::Cache::archives={archives}"]
        _run([*self._apt("apt-get"), *place, *_DOWNLOAD, *names], _DOWNLOAD_TIMEOUT_S)
        return sorted(archives.glob("*.deb"))

    def _update(self) -> None:
        with locked(self._store / "lists.lock", "the distribution's package lists", self._progress):
            updated = self._store / "updated"
            if updated.exists() and time.time() - updated.stat().st_mtime < _LISTS_ARE_FRESH_S:
                return
            for part in ("state/lists/partial", "cache", "log"):
                (self._store / part).mkdir(parents=True, exist_ok=True)
            (self._store / "status").write_text("")
            self._progress("Reading the distribution's package lists")
            _run([*self._apt("apt-get"), "update", "--quiet=2"], _UPDATE_TIMEOUT_S)
            updated.write_text("")

    def _apt(self, program: str) -> list[str]:
        settings: Mapping[str, str] = {
            "Dir::State": f"{self._store}/state",
            "Dir::State::status": f"{self._store}/status",
            "Dir::Cache": f"{self._store}/cache",
            "Dir::Log": f"{self._store}/log",
            "APT::Sandbox::User": "",  # the download user of a real system may not write here
            "APT::Install-Recommends": "false",
            "Acquire::Retries": "3",
            "Acquire::Languages": "none",
        }
        return [program, *(word for key, value in settings.items() for word in ("-o", f"{key}={value}"))]


def _require_tools() -> None:
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        raise ImageError(
            f"{', '.join(missing)} not found: without a registry, images are made from Debian packages. "
            f"Use a Debian or Ubuntu machine, or one that reaches a container registry."
        )


def _run(command: Sequence[str], timeout_s: float) -> str:
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout_s, check=False, env=environment
        )
    except subprocess.TimeoutExpired as error:
        raise ImageError(f"{command[0]} did not finish in {timeout_s:.0f} s; check the package mirror") from error
    if result.returncode != 0:
        tail = "\n".join(result.stderr.splitlines()[-_LOG_LINES:])
        raise ImageError(f"{command[0]} failed; check the machine's package sources. It said:\n{tail}")
    return result.stdout


def _describe(archive: Path) -> Package:
    shown = _run(["dpkg-deb", "--show", "--showformat=${Package} ${Version} ${Architecture}", str(archive)], 10.0)
    name, version, architecture = shown.split()
    return Package(name, version, architecture)


def _unpack(archive: Path, target: Path) -> None:
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE) as reader:
        unpacked = subprocess.run(
            ["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", str(target)],
            stdin=reader.stdout,
            capture_output=True,
            text=True,
            timeout=_UNPACK_TIMEOUT_S,
            check=False,
        )
    if reader.returncode != 0 or unpacked.returncode != 0:
        raise ImageError(f"{archive.name} cannot be unpacked; remove it and try again. tar said:\n{unpacked.stderr}")


def _merge_usr(target: Path) -> None:
    for name in _MERGED:
        (target / "usr" / name).mkdir(parents=True, exist_ok=True)
        (target / name).symlink_to(f"usr/{name}")
    (target / "lib64").symlink_to("usr/lib64")
    (target / "usr" / "lib64").mkdir()


def _finish(target: Path) -> None:
    """Do what scripts of essential packages would have done."""
    for name in ("etc", "tmp", "run", "var/tmp", "proc", "sys", "dev", "root"):
        (target / name).mkdir(parents=True, exist_ok=True)
    for name in ("tmp", "var/tmp"):
        (target / name).chmod(0o1777)
    for name, text in (("passwd", _USERS), ("group", _GROUPS), ("nsswitch.conf", _NSSWITCH)):
        (target / "etc" / name).write_text(text)
    for useless in ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/lintian"):
        shutil.rmtree(target / useless, ignore_errors=True)
    authorities = sorted((target / "usr/share/ca-certificates").rglob("*.crt"))
    if authorities:
        bundle = target / "etc/ssl/certs/ca-certificates.crt"
        bundle.parent.mkdir(parents=True, exist_ok=True)
        bundle.write_text("".join(each.read_text().rstrip() + "\n" for each in authorities))
