"""Make the release's image: `python -m hack.image [--docker|--no-docker] [--name NAME] [--base IMAGE] [--out DIR]`."""

import argparse
import json
import sys
from pathlib import Path

from hack.image.archive import Image, write_archive
from hack.image.base import Base
from hack.image.docker import Docker, build_with_docker, default_base, docker_programs, image_size_bytes
from hack.image.errors import ImageError
from hack.image.recipe import ROOT
from hack.image.sbom import ingredients, lock_text, project_version, read_lock
from hack.image.steps import build_without_docker
from hack.image.store import Store
from hack.lib import repository
from hack.lib.errors import BuildError
from hack.lib.progress import progress_on_stderr

SBOM_FILE = "noctuary.cdx.json"
ARCHIVE_FILE = "noctuary.tar"
_PUBLIC_PYTHON = "3.13"  # of the Dockerfile's public base
_MEGABYTE = 1e6
report = progress_on_stderr("image")


def build_values() -> dict[str, str]:
    """The Dockerfile's arguments: the version, the commit and its time, and where the sources are."""
    return {
        "VERSION": project_version(),
        "REVISION": repository.commit(),
        "CREATED": repository.committed_at(),
        "SOURCE": repository.source_url(),
    }


def make_archive(store: Store, name: str, out: Path) -> tuple[Image, Base]:
    """Build without Docker and write the archive."""
    image, base = build_without_docker(store, name, build_values())
    out.parent.mkdir(parents=True, exist_ok=True)
    write_archive([image], out)
    return image, base


def write_sbom(base: Base | None, out: Path, public: str) -> int:
    """Write the list of ingredients, those of our base or the name of a public one; returns how many there are."""
    packages = base.packages if base else []
    python = next((p.version for p in packages if p.name == "python3-minimal"), _PUBLIC_PYTHON)
    pins = read_lock(lock_text(), ".".join(python.split(".")[:2]))
    document = ingredients(pins, packages, f"noctuary-base:{base.tag}" if base else public)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(document, indent=1) + "\n")
    return len(document["components"])


def _with_docker(options: argparse.Namespace, store: Store) -> Base | None:
    docker = Docker(docker_programs()[0])
    base = build_with_docker(store, docker, options.name, build_values(), base=options.base)
    print(f"image    {options.name} (in Docker)")
    print(f"size     {image_size_bytes(docker, options.name) / _MEGABYTE:.0f} MB unpacked")
    return base


def _without_docker(options: argparse.Namespace, store: Store) -> Base:
    archive = options.out / ARCHIVE_FILE
    image, base = make_archive(store, options.name, archive)
    layers = ", ".join(f"{layer.size_bytes / _MEGABYTE:.0f}" for layer in image.layers)
    print(f"image    {options.name} in {archive} (load it with `docker load` or `ctr image import`)")
    print(f"size     {archive.stat().st_size / _MEGABYTE:.0f} MB unpacked: base, dependencies, application {layers} MB")
    return base


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m hack.image", description=__doc__)
    parser.add_argument("--name", default=f"noctuary:{project_version()}", help="the image's name and tag")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "image", help="where archive and SBOM are written")
    parser.add_argument("--base", help="with Docker: the public image to build on, best by digest (NAME@sha256:...)")
    builder = parser.add_mutually_exclusive_group()
    builder.add_argument("--docker", action="store_true", help="build with Docker, or fail")
    builder.add_argument("--no-docker", action="store_true", help="build an archive even where Docker runs")
    return parser.parse_args()


def _docker_wanted(options: argparse.Namespace) -> bool:
    if options.no_docker:
        return False
    if any(Docker(program).answers() for program in docker_programs()[:1]):
        return True
    if options.docker:
        raise ImageError("No Docker daemon answers; start one, or leave --docker out to build an archive")
    report("No Docker daemon answers: building an archive by the same steps")
    return False


def main() -> int:
    """Build, write the list of ingredients, print sizes."""
    options = _parse()
    store = Store("image", report)
    try:
        base = _with_docker(options, store) if _docker_wanted(options) else _without_docker(options, store)
        sbom = options.out / SBOM_FILE
        print(f"SBOM     {sbom}: {write_sbom(base, sbom, options.base or default_base())} components (CycloneDX 1.6)")
    except BuildError as error:
        report(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
