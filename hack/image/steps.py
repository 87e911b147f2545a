"""The Dockerfile's steps without Docker: a base, the locked dependencies as a layer, the application as a layer."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from hack.image import archive, python, recipe
from hack.image.archive import Image, Layer
from hack.image.base import LAYER, TREE, Base, runtime_base
from hack.image.errors import ImageError
from hack.image.python import BasePython
from hack.image.sbom import RUNTIME_LOCK, lock_text
from hack.image.store import Store, sources_of

HOME = "opt/noctuary"
"""Where the virtual environment is inside the image, as in the Dockerfile."""
_SCRIPT = """#!/{home}/bin/python3
import sys

from noctuary_cli.main import main

sys.exit(main())
"""
_WHEEL_TIMEOUT_S = 120.0


def build_without_docker(store: Store, name: str, values: Mapping[str, str]) -> tuple[Image, Base]:
    """Make the image's layers; the returned image can be written as an archive while the store is there."""
    base = runtime_base(store)
    interpreter = BasePython(base.tree)
    dependencies = _dependencies(store, base, interpreter)
    application = _application(store, interpreter)
    config = recipe.released_config(recipe.DOCKERFILE.read_text(encoding="utf-8"), values)
    return Image(name, (base.layer, dependencies, application), config), base


def _dependencies(store: Store, base: Base, interpreter: BasePython) -> Layer:
    def make(home: Path) -> None:
        store.progress("Installing the locked dependencies")
        tree = home / TREE
        packages = _packages(tree, interpreter)
        interpreter.pip_install(packages, "--require-hashes", "--only-binary=:all:", "--requirement", str(RUNTIME_LOCK))
        _drop_scripts_of_pip(packages)
        _environment(tree, interpreter)
        interpreter.compile(packages, f"/{HOME}/{packages.relative_to(tree / HOME)}")
        layer = archive.make_layer(tree, home / LAYER)
        (home / "digest").write_text(layer.digest)

    parts = [base.layer.digest, lock_text(), *sources_of(__file__, python.__file__, archive.__file__)]
    home = store.once("dependencies", parts, make)
    return Layer(home / LAYER, (home / "digest").read_text())


def _environment(tree: Path, interpreter: BasePython) -> None:
    """Make the directory a virtual environment of the base's Python."""
    binaries = tree / HOME / "bin"
    binaries.mkdir(exist_ok=True)
    for name in ("python", "python3"):
        (binaries / name).symlink_to(f"/usr/bin/{interpreter.name}")
    lines = ["home = /usr/bin", "include-system-site-packages = false", f"version = {interpreter.name[6:]}"]
    (tree / HOME / "pyvenv.cfg").write_text("\n".join(lines) + "\n")


def _application(store: Store, interpreter: BasePython) -> Layer:
    def make(home: Path) -> None:
        tree = home / TREE
        packages = _packages(tree, interpreter)
        wheels = ("--no-deps", "--no-index", "--find-links", str(_wheel(home).parent))
        interpreter.pip_install(packages, *wheels, "noctuary")
        interpreter.compile(packages, f"/{HOME}/{packages.relative_to(tree / HOME)}")
        script = tree / HOME / "bin" / "noctuary"
        script.parent.mkdir()
        script.write_text(_SCRIPT.format(home=HOME))
        script.chmod(0o755)
        _drop_scripts_of_pip(packages)
        layer = archive.make_layer(tree, home / LAYER)
        (home / "digest").write_text(layer.digest)

    with tempfile.TemporaryDirectory(prefix="noctuary-wheel-") as directory:
        wheel = _wheel(Path(directory))
        home = store.once("application", [archive.digest_of(wheel), *sources_of(__file__, archive.__file__)], make)
    return Layer(home / LAYER, (home / "digest").read_text())


def _packages(tree: Path, interpreter: BasePython) -> Path:
    packages = tree / HOME / "lib" / interpreter.name / "site-packages"
    packages.mkdir(parents=True)
    return packages


def _drop_scripts_of_pip(packages: Path) -> None:
    """Remove the scripts that `pip --target` writes beside the packages: they name this machine's loader."""
    scripts = packages / "bin"
    for script in scripts.glob("*"):
        script.unlink()
    if scripts.exists():
        scripts.rmdir()


def _wheel(directory: Path) -> Path:
    """Build the project's wheel with the locked build backend of this environment."""
    wheels = directory / "wheels"
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    result = subprocess.run(
        [*command, "--wheel-dir", str(wheels), str(recipe.ROOT)],
        capture_output=True,
        text=True,
        timeout=_WHEEL_TIMEOUT_S,
        check=False,
    )
    built = sorted(wheels.glob("noctuary-*.whl"))
    if result.returncode != 0 or not built:
        raise ImageError(f"The wheel cannot be built; run `make setup` and try again. pip said:\n{result.stderr}")
    return built[0]
