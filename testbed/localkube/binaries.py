"""Find the control plane's programs: a named directory, the user's cache, or a build from the pinned Go modules."""

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hack.lib.cache import Progress, cache_directory, locked, make_once
from hack.lib.gobuild import STAMPLESS, run_go, source_hash
from hack.lib.progress import progress_on_stderr
from hack.lib.toolchain import find_go
from testbed.localkube.errors import LocalKubeError

BIN_VARIABLE = "NOCTUARY_KUBE_BIN"
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")
SOURCE = Path(__file__).parent
_EXECUTABLE = "kubeparts"
_REMEDY = f", or name a directory with {', '.join(PROGRAMS)} by {BIN_VARIABLE}"
report = progress_on_stderr("localkube")


@dataclass(frozen=True)
class Binaries:
    """A directory that holds all programs of `PROGRAMS`."""

    directory: Path

    def path(self, program: str) -> Path:
        """Where one program is."""
        return self.directory / program


def find_binaries(environment: Mapping[str, str] | None = None, progress: Progress = report) -> Binaries:
    """Find or build the programs; the first build takes minutes and shows its progress.

    Raises BuildError or LocalKubeError that says what is missing and how to fix it.
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
                _build(home, version, find_go(SOURCE / "go.mod", environment, progress, _REMEDY), environment, progress)
    return Binaries(home)


def kubernetes_version() -> str:
    """The release that go.mod pins, such as v1.36.3."""
    pinned = re.search(r"^\s*k8s\.io/kubernetes (v\S+)", (SOURCE / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    if pinned is None:
        raise LocalKubeError("go.mod does not require k8s.io/kubernetes; restore testbed/localkube/go.mod")
    return pinned[1]


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
    command = [str(go), "-C", str(SOURCE), "build", "-v", "-mod=readonly", *STAMPLESS]
    command += ["-ldflags", kubernetes_linker_flags(version), "-o", str(output), "."]
    run_go(command, f"Kubernetes {version}", output.with_name("build.log"), environment, progress, _REMEDY)


def kubernetes_linker_flags(version: str) -> str:
    """Stamp a Kubernetes program with its release and leave out symbols."""
    major, minor, _ = version.removeprefix("v").split(".", 2)
    stamps = {
        "k8s.io/component-base/version.gitVersion": version,
        "k8s.io/component-base/version.gitMajor": major,
        "k8s.io/component-base/version.gitMinor": minor,
        "k8s.io/client-go/pkg/version.gitVersion": version,
    }
    return " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in stamps.items())])
