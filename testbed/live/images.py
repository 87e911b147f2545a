"""The images of the workloads: one small web server whose versions each misbehave in their own way."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hack.image.archive import Image, make_layer, write_archive
from hack.image.docker import Docker
from hack.image.store import Store, sources_of
from hack.lib.gobuild import STAMPLESS, politely, run_go
from hack.lib.toolchain import find_go
from testbed.kind.cluster import KindCluster
from testbed.kind.state import ClusterRecord, RunDirectory

REPOSITORY = "shop.example.com/app"
SOURCES = Path(__file__).parent / "app"
_USER = "65532:65532"
_CRASH = {"EXIT_AFTER_MS": "300", "LAST_WORDS": "panic: nil map"}
_VERSIONS: Mapping[str, Mapping[str, str]] = {
    "1.3.0": {},
    "1.4.0": {},
    "1.4.1": {},
    "1.5.0": {},
    "2.0.0": _CRASH,
    "2.0.1": {**_CRASH, "EXIT_CODE": "3"},
    "2.1.0": {"ERROR_PERCENT": "100"},
    "2.2.0": {"ALLOCATE_MIB": "120"},
    "2.3.0": {"START_DELAY_S": "600"},
    "2.4.0": {"NEVER_READY": "yes"},
    "2.5.0": {"NEEDS": "QUEUE_URL"},
    "2.6.0": {"EXIT_AFTER_MS": "200", "EXIT_CODE": "0"},
    "2.7.0": {"PORT": "9090"},
}
"""What each version of the program does of its own accord."""
_ENTRYPOINTS = {"3.0.0": "/app/start.sh", "3.1.0": "/bin/other-machine", "3.2.0": "/bin/not-executable"}
"""Versions that cannot even be started: no such file, a file of no known format, a file that may not be executed."""


def image(tag: str) -> str:
    """Return the full name of a version."""
    return f"{REPOSITORY}:{tag}"


def load_images(facts: ClusterRecord, store: Store) -> None:
    """Build the program, make all images from it and copy them into the cluster's node."""
    program = _program(store)
    docker = Docker(facts.docker, facts.docker_host)
    cluster = KindCluster(facts.cluster, Path(facts.kind), Path(facts.kubectl), docker, RunDirectory().path)
    with tempfile.TemporaryDirectory(prefix="noctuary-live-images-") as directory:
        archive = Path(directory) / "images.tar"
        write_archive(_images(program, Path(directory)), archive)
        cluster.load_archive(archive)


def _program(store: Store) -> Path:
    def build(home: Path) -> None:
        go = find_go(SOURCES / "go.mod", os.environ, store.progress)
        options = ["-v", *STAMPLESS, "-ldflags", "-s -w", "-o", str(home / "app"), "."]
        command = [*politely(), str(go), "-C", str(SOURCES), "build", *options]
        run_go(command, "the workloads' program", home / "build.log", os.environ, store.progress)

    sources = sources_of(str(SOURCES / "main.go"), str(SOURCES / "go.mod"))
    return store.once("go-live-app", sources, build) / "app"


def _images(program: Path, work: Path) -> list[Image]:
    tree = work / "tree"
    for name in ("bin", "scratch", "tmp"):
        (tree / name).mkdir(parents=True)
    (tree / "scratch").chmod(0o777)
    (tree / "bin/app").write_bytes(program.read_bytes())
    (tree / "bin/app").chmod(0o755)
    (tree / "bin/other-machine").write_bytes(b"\x00\x01of another machine")
    (tree / "bin/other-machine").chmod(0o755)
    (tree / "bin/not-executable").write_text("text\n")
    layer = make_layer(tree, work / "layer.tar")
    return [Image(image(tag), (layer,), _config(tag)) for tag in (*_VERSIONS, *_ENTRYPOINTS)]


def _config(tag: str) -> dict[str, Any]:
    settings = [f"{name}={value}" for name, value in _VERSIONS.get(tag, {}).items()]
    entrypoint = _ENTRYPOINTS.get(tag, "/bin/app")
    return {"Entrypoint": [entrypoint], "Env": ["PATH=/bin", f"VERSION={tag}", *settings], "User": _USER}
