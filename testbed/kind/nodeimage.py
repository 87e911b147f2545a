"""The node image, made here where no registry hands out kind's own: one container that is a whole node."""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from hack.image import archive, base, debian
from hack.image.archive import Image, Layer, make_layer, write_archive
from hack.image.base import LAYER, TREE, package_tree
from hack.image.docker import Docker
from hack.image.store import Store, key_of, sources_of
from testbed.kind.errors import KindError
from testbed.kind.machine.programs import CONTAINERD, COREDNS, KUBERNETES, NETWORK, Programs

REPOSITORY = "noctuary.local/kubernetes"
"""Where the cluster's own images seem to come from; nobody ever asks it, because the node holds them."""
FILES = Path(__file__).parent / "node"
_SYSTEM = (
    "base-files",
    "bash",
    "busybox-static",
    "ca-certificates",
    "conntrack",
    "coreutils",
    "dash",
    "ethtool",
    "findutils",
    "grep",
    "gzip",
    "hostname",
    "iproute2",
    "iptables",
    "kmod",
    "libc-bin",
    "mount",
    "netbase",
    "procps",
    "runc",
    "sed",
    "socat",
    "tar",
    "util-linux",
)
_FIREWALL = ("iptables", "conntrack", "netbase", "kmod")
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "etcd")
_IPTABLES = ("iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore")
_ASK_TIMEOUT_S = 30.0
_VOLUMES = 30
"""As many as node-init makes directories; a volume is used once, a cluster lives for one run."""


def node_image(store: Store, programs: Programs, docker: Docker) -> str:
    """Return the name of the node image in Docker; builds and loads it when it is not there."""
    found = {
        "kube": programs.kubernetes(),
        "containerd": programs.published(CONTAINERD),
        "cni": programs.published(NETWORK),
        "coredns": programs.published(COREDNS),
        "pause": programs.pause().parent,
    }
    own = [file.read_text() for file in sorted(FILES.iterdir())]
    ours = sources_of(__file__, archive.__file__, debian.__file__)
    parts = [*(home.name for home in found.values()), *base.recipe(_SYSTEM, ()), *own, *ours]
    name = f"noctuary-kind-node:{KUBERNETES}-{key_of(parts)}"
    if not docker.works("image", "inspect", name):
        store.progress(f"Making the node image {name}: about a minute")
        with tempfile.TemporaryDirectory(prefix="noctuary-node-", dir=store.root) as directory:
            _load(docker, name, _node_layer(store, found, Path(directory)), Path(directory))
    return name


def _load(docker: Docker, name: str, layer: Layer, work: Path) -> None:
    config = {"Env": [_PATH, "container=docker"], "Entrypoint": ["/usr/local/bin/node-init"]}
    tar = work / "image.tar"
    write_archive([Image(name, (layer,), config)], tar)
    docker.run("load", "--input", str(tar))


def _node_layer(store: Store, programs: Mapping[str, Path], work: Path) -> Layer:
    names = _image_names(programs["kube"])
    tree = work / "node"
    shutil.copytree(_system(store), tree, symlinks=True)
    local, plugins = tree / "usr/local/bin", tree / "opt/cni/bin"
    for directory in (local, plugins, tree / "etc/cni/net.d", tree / "etc/containerd", *_kind_directories(tree)):
        directory.mkdir(parents=True, exist_ok=True)
    _copy_kubernetes(programs["kube"], local, ("kubelet", "kubeadm", "kubectl", "crictl"))
    _copy_all(programs["containerd"], local)
    _copy_all(programs["cni"], plugins)
    for script in ("node-init", "systemctl", "journalctl"):
        shutil.copy(FILES / script, local)
    _configure(tree, names["pause"])
    write_archive(_cluster_images(store, programs, names, work), tree / "kind/images/kubernetes.tar")
    return make_layer(tree, work / LAYER)


def _kind_directories(tree: Path) -> list[Path]:
    return [tree / "kind" / name for name in ("images", "manifests", "kubelet.d")]


def _configure(tree: Path, pause: str) -> None:
    containerd = (FILES / "containerd.toml").read_text().replace("@PAUSE@", pause)
    (tree / "etc/containerd/config.toml").write_text(containerd)
    shutil.copy(FILES / "network.conflist", tree / "etc/cni/net.d/10-node.conflist")
    shutil.copy(FILES / "kubelet.conf", tree / "kind/kubelet.d/10-node.conf")
    (tree / "kind/manifests/default-storage.yaml").write_text(_storage())
    (tree / "kind/version").write_text(KUBERNETES)
    (tree / "etc/machine-id").write_text("")


def _storage() -> str:
    volume = (FILES / "volume.yaml").read_text()
    volumes = (volume.replace("@NUMBER@", str(number)) for number in range(1, _VOLUMES + 1))
    return (FILES / "storage.yaml").read_text() + "".join(volumes)


def _system(store: Store) -> Path:
    def make(home: Path) -> None:
        tree = package_tree(store, home, _SYSTEM)
        _link_iptables(tree)
        shell = tree / "usr/bin/sh"
        if not shell.is_symlink():
            shell.symlink_to("dash")

    return store.once("node-system", base.recipe(_SYSTEM, ()) + sources_of(__file__), make) / TREE


def _firewall(store: Store) -> Path:
    def make(home: Path) -> None:
        _link_iptables(package_tree(store, home, _FIREWALL))

    return store.once("node-firewall", base.recipe(_FIREWALL, ()) + sources_of(__file__), make) / TREE


def _link_iptables(tree: Path) -> None:
    """Choose the nft variant, as the distribution's alternatives do."""
    for name in _IPTABLES:
        link = tree / "usr/sbin" / name
        link.unlink(missing_ok=True)
        link.symlink_to("xtables-nft-multi")


def _cluster_images(store: Store, programs: Mapping[str, Path], names: Mapping[str, str], work: Path) -> list[Image]:
    """Images of the cluster's own pods; those of the Kubernetes programs share one layer."""
    kube = work / "kube"
    shutil.copytree(_firewall(store), kube, symlinks=True)
    (kube / "usr/local/bin").mkdir(parents=True)
    _copy_kubernetes(programs["kube"], kube / "usr/local/bin", _CONTROL_PLANE)
    layer = make_layer(kube, work / "kube.tar")
    control_plane = [Image(names[part], (layer,), {"Env": [_PATH]}) for part in _CONTROL_PLANE]
    single = [
        Image(names[part], (_single(programs[part] / part, work),), {"Entrypoint": [f"/{part}"]})
        for part in ("coredns", "pause")
    ]
    return control_plane + single


def _single(program: Path, work: Path) -> Layer:
    tree = work / program.name
    tree.mkdir()
    shutil.copy(program, tree)
    return make_layer(tree, work / f"{program.name}.tar")


def _image_names(kube: Path) -> dict[str, str]:
    """Ask kubeadm which images it will want, by the last part of their names."""
    options = ["--kubernetes-version", KUBERNETES, "--image-repository", REPOSITORY]
    asked = subprocess.run(
        [str(kube / "kubeadm"), "config", "images", "list", *options],
        capture_output=True,
        text=True,
        timeout=_ASK_TIMEOUT_S,
        check=False,
    )
    if asked.returncode != 0:
        raise KindError(f"kubeadm does not say which images it wants: {asked.stderr.strip()}")
    return {name.rpartition("/")[2].partition(":")[0]: name for name in asked.stdout.split()}


def _copy_kubernetes(kube: Path, target: Path, parts: tuple[str, ...]) -> None:
    shutil.copy(kube / "kube", target)
    for part in parts:
        (target / part).symlink_to("kube")


def _copy_all(source: Path, target: Path) -> None:
    for program in source.iterdir():
        if program.suffix != ".log":
            shutil.copy(program, target)
