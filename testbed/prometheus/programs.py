"""Where Prometheus and promtool are: those of the machine, else the distribution's package, unpacked once per user."""

import os
import shutil
import subprocess
from pathlib import Path

from hack.lib.cache import Progress, cache_root, locked

PACKAGE = "prometheus"
APT_TIMEOUT_S = 300.0
"""For the lists and one package of 19 MB."""


class PrometheusMissingError(Exception):
    """No Prometheus is installed, and the distribution's package cannot be had."""


def program(name: str, progress: Progress) -> str:
    """Return the path of `prometheus` or `promtool`. Raises PrometheusMissingError."""
    return shutil.which(name) or str(_unpacked(progress) / "usr" / "bin" / name)


def _unpacked(progress: Progress) -> Path:
    place = cache_root(os.environ) / PACKAGE
    with locked(place.with_suffix(".lock"), "Prometheus", progress):
        if not (place / "usr" / "bin" / "prometheus").exists():
            progress("Fetching the distribution's package prometheus")
            _fetch(place)
    return place


def _fetch(place: Path) -> None:
    parts = place.with_name(f"{PACKAGE}-parts")
    shutil.rmtree(parts, ignore_errors=True)
    parts.mkdir(parents=True)
    if _apt("download", parts) != 0:
        _apt("update", parts)
        if _apt("download", parts) != 0:
            raise PrometheusMissingError(f"`apt-get download {PACKAGE}` failed: install prometheus by hand")
    (archive,) = parts.glob("*.deb")
    subprocess.run(["dpkg-deb", "-x", archive, parts / "tree"], check=True, timeout=APT_TIMEOUT_S)
    (parts / "tree").rename(place)
    shutil.rmtree(parts)


def _apt(action: str, place: Path) -> int:
    arguments = ["apt-get", "--quiet=2", action, *([PACKAGE] if action == "download" else [])]
    return subprocess.run(arguments, cwd=place, capture_output=True, timeout=APT_TIMEOUT_S, check=False).returncode
