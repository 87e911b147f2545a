"""Find the control plane's programs: a named directory, the user's cache, or a build from the pinned Go modules."""

import hashlib
import os
import re
import subprocess
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hack.localkube.cache import Progress, cache_directory, locked, make_once, say
from hack.localkube.errors import LocalKubeError
from hack.localkube.tether import tethered
from hack.localkube.toolchain import find_go

BIN_VARIABLE = "NOCTUARY_KUBE_BIN"
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")
SOURCE = Path(__file__).parent
_SOURCE_FILES = ("go.mod", "go.sum", "main.go")
_EXECUTABLE = "kubeparts"
_HASH_DIGITS = 12
_PROGRESS_EVERY_S = 5.0
_POLL_S = 0.2
_LOG_LINES = 15


@dataclass(frozen=True)
class Binaries:
    """A directory that holds all programs of `PROGRAMS`."""

    directory: Path

    def path(self, program: str) -> Path:
        """Where one program is."""
        return self.directory / program


def find_binaries(environment: Mapping[str, str] | None = None, progress: Progress = say) -> Binaries:
    """Find or build the programs; the first build takes minutes and shows its progress.

    Raises LocalKubeError that says what is missing and how to mend it.
    """
    environment = os.environ if environment is None else environment
    if named := environment.get(BIN_VARIABLE):
        return _named_directory(Path(named))
    cache = cache_directory(environment)
    version = kubernetes_version()
    home = cache / f"{version}-{source_hash(SOURCE)}"
    if not home.exists():
        with locked(cache / "build.lock", f"the build of Kubernetes {version}", progress):
            if not home.exists():
                _build(home, version, find_go(cache, environment, progress), environment, progress)
    return Binaries(home)


def kubernetes_version() -> str:
    """The release that go.mod pins, such as v1.36.3."""
    pinned = re.search(r"^\s*k8s\.io/kubernetes (v\S+)", (SOURCE / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    if pinned is None:
        raise LocalKubeError("go.mod does not require k8s.io/kubernetes; restore hack/localkube/go.mod")
    return pinned[1]


def source_hash(source: Path) -> str:
    """A digest of everything that decides what is built."""
    digest = hashlib.sha256()
    for name in _SOURCE_FILES:
        content = (source / name).read_bytes()
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:_HASH_DIGITS]


def _named_directory(directory: Path) -> Binaries:
    missing = [program for program in PROGRAMS if not os.access(directory / program, os.X_OK)]
    if missing:
        raise LocalKubeError(
            f"{BIN_VARIABLE}={directory} has no executable {', '.join(missing)}. "
            f"Add them, or unset {BIN_VARIABLE} to have them built."
        )
    return Binaries(directory.resolve())


def _build(home: Path, version: str, go: Path, environment: Mapping[str, str], progress: Progress) -> None:
    progress(f"Building Kubernetes {version} with {go}: once, about 5 minutes on 2 cores, 5 GB of Go caches")
    began = time.monotonic()

    def compile_and_link(partial: Path) -> None:
        _compile(go, version, partial / _EXECUTABLE, environment, progress)
        for program in PROGRAMS:
            (partial / program).symlink_to(_EXECUTABLE)

    make_once(home, compile_and_link)
    progress(f"Built Kubernetes {version} in {time.monotonic() - began:.0f} s: {home}")


def _compile(go: Path, version: str, output: Path, environment: Mapping[str, str], progress: Progress) -> None:
    command = [str(go), "-C", str(SOURCE), "build", "-v", "-mod=readonly", "-trimpath", "-buildvcs=false"]
    command += ["-ldflags", _linker_flags(version), "-o", str(output), "."]
    log = output.with_name("build.log")
    with log.open("wb") as out:
        build = subprocess.Popen(
            tethered(command, die_with=os.getpid()),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=_build_environment(environment),
        )
    with build:
        try:
            _show_progress(build, log, progress)
        except BaseException:
            build.kill()
            raise
    if build.returncode != 0:
        raise LocalKubeError(_build_failure(version, build.returncode, log))


def _linker_flags(version: str) -> str:
    major, minor, _ = version.removeprefix("v").split(".", 2)
    stamps = {
        "k8s.io/component-base/version.gitVersion": version,
        "k8s.io/component-base/version.gitMajor": major,
        "k8s.io/component-base/version.gitMinor": minor,
        "k8s.io/client-go/pkg/version.gitVersion": version,
    }
    return " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in stamps.items())])


def _build_environment(environment: Mapping[str, str]) -> dict[str, str]:
    # GOWORK and GOTOOLCHAIN: neither a workspace around this repository nor a toolchain fetched on the fly may decide
    # what is built. HOME: without it go does not know where its caches are.
    pinned = {"CGO_ENABLED": "0", "GOWORK": "off", "GOTOOLCHAIN": "local"}
    return {"HOME": str(Path.home()), **environment, **pinned}


def _show_progress(build: "subprocess.Popen[bytes]", log: Path, progress: Progress) -> None:
    began = time.monotonic()
    next_line_s = _PROGRESS_EVERY_S
    while build.poll() is None:
        elapsed_s = time.monotonic() - began
        if elapsed_s >= next_line_s:
            progress(f"{elapsed_s:4.0f} s: {_count(log)}")
            next_line_s += _PROGRESS_EVERY_S
        time.sleep(_POLL_S)


def _count(log: Path) -> str:
    fetched = compiled = 0
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("go: "):
                fetched += 1
            else:
                compiled += 1
    return f"{fetched} modules fetched, {compiled} packages compiled"


def _build_failure(version: str, code: int, log: Path) -> str:
    with log.open(encoding="utf-8", errors="replace") as lines:
        tail = "".join(deque(lines, maxlen=_LOG_LINES))
    return (
        f"Building Kubernetes {version} failed with exit code {code}. Check that the Go module proxy is reachable, "
        f"that 6 GB of disk and 2 GB of memory are free, and start again (finished packages are kept), "
        f"or name a directory with the programs by {BIN_VARIABLE}. The last lines were:\n{tail}"
    )
