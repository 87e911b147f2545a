"""Base images made here, for where no registry answers: Python and what it needs, no shell, no package manager."""

import json
import platform
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from hack.image import archive, debian
from hack.image.archive import Layer
from hack.image.debian import Package, PackageTrees
from hack.image.store import Store, sources_of

_BASE = ("python3-minimal", "libpython3-stdlib", "ca-certificates", "tzdata")
_BUILD = (*_BASE, "python3-venv")
# Only scripts of packages call these, and no script is ever run.
_WITHOUT = ("dpkg", "tar", "debconf", "openssl", "readline-common", "libpcre2-8-0", "libselinux1", "libacl1", "libmd0")
LAYER = "layer.tar"
TREE = "tree"
_PACKAGES = "packages.json"


@dataclass(frozen=True)
class Base:
    """A base image as a tree of files, as a layer, and as a list of packages."""

    home: Path

    @property
    def tree(self) -> Path:
        """Its files."""
        return self.home / TREE

    @property
    def layer(self) -> Layer:
        """Its only layer."""
        return Layer(self.home / LAYER, (self.home / "digest").read_text())

    @property
    def packages(self) -> list[Package]:
        """What it is made of."""
        return [Package(**each) for each in json.loads((self.home / _PACKAGES).read_text())]

    @property
    def tag(self) -> str:
        """What tells it from a base of other parts."""
        return self.home.name.rpartition("-")[2]


def runtime_base(store: Store) -> Base:
    """What the released image stands on."""
    return _base(store, "base", _BASE)


def build_base(store: Store) -> Base:
    """What Docker runs pip on; nothing of it is released."""
    return _base(store, "build", _BUILD)


def package_tree(store: Store, home: Path, names: tuple[str, ...], without: tuple[str, ...] = ()) -> Path:
    """Unpack packages below `home` and write down what they were."""
    tree = home / TREE
    tree.mkdir()
    packages = PackageTrees(store.root.parent / "packages", store.progress).unpack(names, tree, without=without)
    (home / _PACKAGES).write_text(json.dumps([asdict(package) for package in packages]))
    return tree


def write_layer(home: Path) -> None:
    """Write the tree of `home` as a layer beside it."""
    (home / "digest").write_text(archive.make_layer(home / TREE, home / LAYER).digest)


def recipe(names: tuple[str, ...], without: tuple[str, ...]) -> list[str]:
    """Everything that decides what a tree of packages holds, except the day its packages are fetched."""
    release = Path("/etc/os-release")
    system = release.read_text() if release.exists() else ""
    return [*names, "without", *without, system, platform.machine(), *sources_of(debian.__file__, archive.__file__)]


def _base(store: Store, name: str, names: tuple[str, ...]) -> Base:
    def make(home: Path) -> None:
        tree = package_tree(store, home, names, _WITHOUT)
        for tool in ("py3clean", "py3compile"):
            (tree / "usr/bin" / tool).unlink(missing_ok=True)
        shutil.rmtree(tree / "usr/share/ca-certificates", ignore_errors=True)
        write_layer(home)

    return Base(store.once(name, recipe(names, _WITHOUT), make))
