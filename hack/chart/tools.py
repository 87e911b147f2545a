"""Helm 3, Helm 4 and helm-unittest, built once per user from pinned Go modules."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hack.lib.cache import Progress, cache_root, locked, make_once
from hack.lib.errors import BuildError
from hack.lib.gobuild import STAMPLESS, politely, run_go, source_hash
from hack.lib.progress import progress_on_stderr
from hack.lib.toolchain import find_go

BIN_VARIABLE = "NOCTUARY_HELM_BIN"
"""A directory that holds programs called helm3, helm4 and helm-unittest, instead of building them."""
MODULES = Path(__file__).parent / "tools"
report = progress_on_stderr("chart")


@dataclass(frozen=True)
class Tool:
    """One program: its name, the folder of its go.mod, and the package that is built."""

    name: str
    folder: str
    package: str
    stamped: tuple[str, ...] = ()
    """Variables that are set to the version of Kubernetes whose client it holds, major and minor in turn."""


HELM3 = Tool(
    "helm3",
    "helm3",
    "helm.sh/helm/v3/cmd/helm",
    ("helm.sh/helm/v3/pkg/chartutil.k8sVersion", "helm.sh/helm/v3/pkg/lint/rules.k8sVersion"),
)
HELM4 = Tool("helm4", "helm4", "helm.sh/helm/v4/cmd/helm")
UNITTEST = Tool(
    "helm-unittest",
    "unittest",
    "github.com/helm-unittest/helm-unittest/cmd/helm-unittest",
    ("helm.sh/helm/v3/pkg/chartutil.k8sVersion",),
)


def find_tool(tool: Tool, environment: Mapping[str, str] | None = None, progress: Progress = report) -> Path:
    """Find or build one program; the first build takes minutes and shows its progress.

    Raises BuildError that says what is missing and how to fix it.
    """
    environment = os.environ if environment is None else environment
    if named := environment.get(BIN_VARIABLE):
        return _named(Path(named) / tool.name)
    source = MODULES / tool.folder
    cache = cache_root(environment)
    home = cache / "chart" / f"{tool.name}-{source_hash(source, ('go.mod', 'go.sum'))}"
    if not home.exists():
        with locked(cache / "chart" / f"{tool.name}.lock", f"the build of {tool.name}", progress):
            if not home.exists():
                go = find_go(source / "go.mod", environment, progress)
                _build(tool, source, home, go, environment, progress)
    return home / tool.name


def kubernetes_version(go_mod: str) -> tuple[str, str]:
    """Return major and minor of the Kubernetes whose client a module file requires: client-go 0.37 is of 1.37."""
    found = re.search(r"^\s*k8s\.io/client-go v0\.(\d+)\.", go_mod, re.MULTILINE)
    if found is None:
        raise BuildError("go.mod does not require k8s.io/client-go; restore hack/chart/tools")
    return "1", found[1]


def _named(program: Path) -> Path:
    if not os.access(program, os.X_OK):
        raise BuildError(f"{BIN_VARIABLE} names no executable {program}. Add it, or unset the variable to build it.")
    return program


def _build(tool: Tool, source: Path, home: Path, go: Path, environment: Mapping[str, str], progress: Progress) -> None:
    progress(f"Building {tool.name} from Go modules: once, one to five minutes on 2 cores")
    major, minor = kubernetes_version((source / "go.mod").read_text(encoding="utf-8"))
    stamps = [
        f"-X {name}{part}={value}" for name in tool.stamped for part, value in (("Major", major), ("Minor", minor))
    ]
    command = [*politely(), str(go), "-C", str(source), "build", "-v", "-mod=readonly", *STAMPLESS]

    def compile_and_link(partial: Path) -> None:
        output = ["-ldflags", " ".join(["-s", "-w", *stamps]), "-o", str(partial / tool.name), tool.package]
        run_go([*command, *output], tool.name, partial / "build.log", environment, progress)

    make_once(home, compile_and_link)
