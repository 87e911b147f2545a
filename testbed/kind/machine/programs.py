"""The programs of a node and around it, built once per user from Go modules of pinned versions."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml

from hack.image.store import Store, sources_of
from hack.lib.gobuild import STAMPLESS, module_directory, politely, run_go
from hack.lib.toolchain import find_go
from testbed.localkube.binaries import kubernetes_linker_flags, kubernetes_version

MODULES = Path(__file__).parent.parent / "modules"
KUBERNETES = kubernetes_version()
_CONTAINERD = "github.com/containerd/containerd/v2/cmd"
_PLUGINS = "github.com/containernetworking/plugins/plugins"
_PARTS = (
    "crictl",
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubeadm",
    "kubectl",
    "kubelet",
)
_MODULE_FILES = ("go.mod", "go.sum", "main.go", "crictl.go")


@dataclass(frozen=True)
class Published:
    """Programs that are installed as their authors published them; the checksum database vouches for the sources."""

    name: str
    packages: tuple[str, ...]
    version: str
    minutes: str
    tags: str = ""


KIND = Published("kind", ("sigs.k8s.io/kind",), "v0.33.0", "1 minute")
CONTAINERD = Published(
    "containerd",
    tuple(f"{_CONTAINERD}/{name}" for name in ("containerd", "ctr", "containerd-shim-runc-v2")),
    "v2.4.2",
    "1 minute",
    "no_btrfs,no_devmapper,no_zfs",
)
NETWORK = Published(
    "cni",
    tuple(f"{_PLUGINS}/{name}" for name in ("main/bridge", "main/loopback", "ipam/host-local", "meta/portmap")),
    "v1.9.1",
    "10 seconds",
)
COREDNS = Published("coredns", ("github.com/coredns/coredns",), "v1.15.0", "1 minute")
CRANE = Published("crane", ("github.com/google/go-containerregistry/cmd/crane",), "v0.20.6", "10 seconds")
"""A registry in one program."""


@dataclass(frozen=True)
class PublishedCRDs:
    """Kinds of another project, for objects of ours that are of no use without it."""

    name: str
    module: str
    files: tuple[str, ...]


CERT_MANAGER = PublishedCRDs(
    "cert-manager", "github.com/cert-manager/cert-manager@v1.18.2", ("deploy/crds/crd-certificates.yaml",)
)
PROMETHEUS_OPERATOR = PublishedCRDs(
    "prometheus-operator",
    "github.com/prometheus-operator/prometheus-operator@v0.85.0",
    tuple(
        f"example/prometheus-operator-crd/monitoring.coreos.com_{kind}.yaml"
        for kind in ("podmonitors", "prometheusrules", "servicemonitors")
    ),
)


class Programs:
    """Finds or builds programs in the user's cache."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def published(self, what: Published) -> Path:
        """Return the directory that holds the programs of one published module."""

        def build(home: Path) -> None:
            versioned = [f"{package}@{what.version}" for package in what.packages]
            tags = ["-tags", what.tags] if what.tags else []
            command = ["install", "-v", *STAMPLESS, *tags, "-ldflags", "-s -w", *versioned]
            self._go(command, f"{what.name} {what.version}", home, what.minutes, {"GOBIN": str(home)})

        parts = [*what.packages, what.version, what.tags, *STAMPLESS]
        return self._store.once(f"go-{what.name}", parts, build)

    def kubernetes(self) -> Path:
        """Return the directory that holds every Kubernetes program of a node: links to one executable."""

        def build(home: Path) -> None:
            self._module("kube", home, ["-ldflags", kubernetes_linker_flags(KUBERNETES), "."], "5 minutes")
            for part in _PARTS:
                (home / part).symlink_to("kube")

        return self._store.once("go-kube", [KUBERNETES, *_PARTS, *_sources("kube")], build)

    def pause(self) -> Path:
        """Return the program that holds a pod's namespaces open."""
        return self._own("pause", ".", "10 seconds")

    def traefik(self) -> Path:
        """Return Traefik, the ingress controller."""
        return self._own("traefik", "github.com/traefik/traefik/v3/cmd/traefik", "8 minutes")

    def gateway_crds(self) -> Path:
        """Return the directory of the Gateway API's CRDs, of the version that Traefik serves."""

        def copy(home: Path) -> None:
            source = module_directory(self._find_go(), MODULES / "traefik", "sigs.k8s.io/gateway-api")
            for file in (source / "config" / "crd" / "standard").glob("gateway.networking.k8s.io_*.yaml"):
                shutil.copy(file, home)

        return self._store.once("gateway-api", [*_sources("traefik"), *sources_of(__file__)], copy)

    def crds(self, what: PublishedCRDs) -> Path:
        """Return the directory of another project's CRDs, without the labels that its chart would fill in."""

        def copy(home: Path) -> None:
            source = module_directory(self._find_go(), home, what.module)
            for file in what.files:
                crd = yaml.safe_load((source / file).read_text(encoding="utf-8"))
                crd["metadata"].pop("labels", None)
                (home / Path(file).name).write_text(yaml.safe_dump(crd), encoding="utf-8")

        return self._store.once(f"crds-{what.name}", [what.module, *what.files, *sources_of(__file__)], copy)

    def _own(self, name: str, package: str, minutes: str) -> Path:
        def build(home: Path) -> None:
            self._module(name, home, ["-ldflags", "-s -w", package], minutes)

        return self._store.once(f"go-{name}", [package, *_sources(name)], build) / name

    def _module(self, name: str, home: Path, arguments: list[str], minutes: str) -> None:
        command = ["-C", str(MODULES / name), "build", "-v", "-mod=readonly", *STAMPLESS, "-o", str(home / name)]
        self._go([*command, *arguments], name, home, minutes, {})

    def _go(self, arguments: list[str], what: str, home: Path, minutes: str, extra: dict[str, str]) -> None:
        self._store.progress(f"Building {what} from Go modules: once, about {minutes} on 2 free cores")
        command = [*politely(), str(self._find_go()), *arguments]
        run_go(command, what, home / "build.log", {**os.environ, **extra}, self._store.progress)

    def _find_go(self) -> Path:
        return find_go(MODULES / "kube" / "go.mod", os.environ, self._store.progress)


def _sources(name: str) -> list[str]:
    files = (MODULES / name / file for file in _MODULE_FILES)
    return sources_of(*(str(file) for file in files if file.exists()))
