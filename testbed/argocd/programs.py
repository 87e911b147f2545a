"""Argo CD, Kustomize and an in-memory Redis: one program, built once per user from pinned Go modules."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from hack.image.store import Store, sources_of
from hack.lib.errors import BuildError
from hack.lib.gobuild import STAMPLESS, module_directory, politely, run_go
from hack.lib.progress import progress_on_stderr
from hack.lib.toolchain import find_go

MODULE = Path(__file__).parent / "module"
ARGO_CD = "github.com/argoproj/argo-cd/v3"
CONTROLLER = "argocd-application-controller"
REPO_SERVER = "argocd-repo-server"
KUSTOMIZE = "kustomize"
REDIS = "miniredis"
PARTS = (CONTROLLER, REPO_SERVER, KUSTOMIZE, REDIS)
_CRDS = "definitions"  # what is built already has this name in the cache of users


@dataclass(frozen=True)
class Programs:
    """A directory that holds all programs of `PARTS`, and Argo CD's CRDs of that version."""

    directory: Path

    def path(self, part: str) -> Path:
        """Where one program is."""
        return self.directory / part

    @property
    def crds(self) -> list[Path]:
        """The manifests of Application and AppProject."""
        return sorted((self.directory / _CRDS).glob("app*-crd.yaml"))


def find_programs(store: Store | None = None) -> Programs:
    """Find or build the programs; the first build takes minutes and shows its progress.

    Raises BuildError that says what is missing and how to fix it.
    """
    store = store or Store("argocd", progress_on_stderr("argocd"))

    def build(home: Path) -> None:
        store.progress("Building Argo CD and Kustomize from Go modules: once, about 5 minutes on 2 free cores")
        go = find_go(MODULE / "go.mod", os.environ, store.progress)
        command = [*politely(), str(go), "-C", str(MODULE), "build", "-v", "-mod=readonly", *STAMPLESS]
        command += ["-ldflags", "-s -w", "-o", str(home / "parts"), "."]
        run_go(command, "Argo CD", home / "build.log", os.environ, store.progress)
        for part in PARTS:
            (home / part).symlink_to("parts")
        (home / _CRDS).mkdir()
        for file in (module_directory(go, MODULE, ARGO_CD) / "manifests" / "crds").glob("app*-crd.yaml"):
            shutil.copyfile(file, home / _CRDS / file.name)  # without go's read-only mode

    sources = (str(MODULE / name) for name in ("go.mod", "go.sum", "main.go"))
    return Programs(store.once("programs", sources_of(*sources), build))


def find_git() -> Path:
    """Return the git on PATH, which Argo CD and the tests' repositories need; BuildError when there is none."""
    found = shutil.which("git")
    if found is None:
        raise BuildError("git is not on PATH; Argo CD reads its repositories by it. Install the package git")
    return Path(found)
