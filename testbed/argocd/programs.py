"""Argo CD, Kustomize and an in-memory Redis: one program, built once per user from pinned Go modules."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from hack.image.store import Store, sources_of
from hack.lib.cache import cache_directory
from hack.lib.errors import LocalKubeError
from hack.lib.gobuild import STAMPLESS, module_directory, politely, run_go
from hack.lib.toolchain import find_go

MODULE = Path(__file__).parent / "module"
ARGO_CD = "github.com/argoproj/argo-cd/v3"
CONTROLLER = "argocd-application-controller"
REPO_SERVER = "argocd-repo-server"
KUSTOMIZE = "kustomize"
REDIS = "miniredis"
PARTS = (CONTROLLER, REPO_SERVER, KUSTOMIZE, REDIS)
_DEFINITIONS = "definitions"


@dataclass(frozen=True)
class Programs:
    """A directory that holds all programs of `PARTS`, and Argo CD's definitions of that version."""

    directory: Path

    def path(self, part: str) -> Path:
        """Where one program is."""
        return self.directory / part

    @property
    def definitions(self) -> list[Path]:
        """The manifests of Application and AppProject."""
        return sorted((self.directory / _DEFINITIONS).glob("app*-crd.yaml"))


def say(line: str) -> None:
    """Tell the person at the terminal; standard output is left to results."""
    print(f"argocd: {line}", file=sys.stderr, flush=True)


def find_programs(store: Store | None = None) -> Programs:
    """Find or build the programs; the first build takes minutes and shows its progress.

    Raises LocalKubeError that says what is missing and how to mend it.
    """
    store = store or Store("argocd", say)

    def build(home: Path) -> None:
        store.progress("Building Argo CD and Kustomize from Go modules: once, about 5 minutes on 2 free cores")
        go = find_go(cache_directory(os.environ), os.environ, store.progress)
        command = [*politely(), str(go), "-C", str(MODULE), "build", "-v", "-mod=readonly", *STAMPLESS]
        command += ["-ldflags", "-s -w", "-o", str(home / "parts"), "."]
        run_go(command, "Argo CD", home / "build.log", os.environ, store.progress)
        for part in PARTS:
            (home / part).symlink_to("parts")
        (home / _DEFINITIONS).mkdir()
        for file in (module_directory(go, MODULE, ARGO_CD) / "manifests" / "crds").glob("app*-crd.yaml"):
            shutil.copyfile(file, home / _DEFINITIONS / file.name)  # without go's read-only mode

    sources = (str(MODULE / name) for name in ("go.mod", "go.sum", "main.go"))
    return Programs(store.once("programs", sources_of(*sources), build))


def find_git() -> Path:
    """Return the git on PATH, which Argo CD and the tests' repositories need; LocalKubeError when there is none."""
    found = shutil.which("git")
    if found is None:
        raise LocalKubeError("git is not on PATH; Argo CD reads its repositories by it. Install the package git")
    return Path(found)
