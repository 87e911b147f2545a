"""Traefik in the cluster: an ingress controller that serves Ingress and Gateway API, reached through node ports."""

import tempfile
from pathlib import Path

from hack.image.archive import Image, make_layer, write_archive
from hack.image.docker import Docker
from hack.image.store import Store
from testbed.kind.machine.programs import Programs

HTTP_NODE_PORT = 30080
HTTPS_NODE_PORT = 30443
MANIFEST = Path(__file__).parent / "traefik.yaml"
_VERSION = "v3.6.12"
PUBLIC_IMAGE = f"traefik:{_VERSION}"
_OWN_IMAGE = f"noctuary-kind-traefik:{_VERSION}"
_USER = "65532:65532"


def traefik_image(store: Store, programs: Programs, docker: Docker, *, registry: bool) -> str:
    """Return the name of Traefik's image in Docker: the public one where a registry answers, else one made here."""
    name = PUBLIC_IMAGE if registry else _OWN_IMAGE
    if docker.works("image", "inspect", name):
        return name
    if registry:
        docker.run("pull", "--quiet", name)
    else:
        _make(store, programs.traefik(), docker)
    return name


def manifest(image: str) -> str:
    """Traefik's objects with this image."""
    return MANIFEST.read_text(encoding="utf-8").replace("@IMAGE@", image)


def _make(store: Store, program: Path, docker: Docker) -> None:
    with tempfile.TemporaryDirectory(prefix="noctuary-traefik-", dir=store.root) as directory:
        work = Path(directory)
        tree = work / "tree"
        tree.mkdir()
        (tree / "traefik").hardlink_to(program)
        (tree / "tmp").mkdir()
        (tree / "tmp").chmod(0o1777)
        config = {"Entrypoint": ["/traefik"], "User": _USER}
        write_archive([Image(_OWN_IMAGE, (make_layer(tree, work / "layer.tar"),), config)], work / "image.tar")
        docker.run("load", "--input", str(work / "image.tar"))
