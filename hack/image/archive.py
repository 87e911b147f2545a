"""Image archives that `docker load`, `ctr image import` and `kind load image-archive` read, made from directories.

The same directory gives the same bytes: names are sorted, times and owners are fixed.
"""

import hashlib
import io
import json
import os
import platform
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_CREATED = "1970-01-01T00:00:00Z"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Layer:
    """One layer's tar file and its digest."""

    tar: Path
    digest: str

    @property
    def size_bytes(self) -> int:
        """Unpacked size, near enough: that of the tar file."""
        return self.tar.stat().st_size


@dataclass(frozen=True)
class Image:
    """A name, the layers from the bottom up, and the runtime configuration as the OCI image config names it."""

    name: str
    layers: Sequence[Layer]
    config: Mapping[str, Any] = field(default_factory=dict)


def architecture() -> str:
    """This machine's architecture as images name it."""
    machine = platform.machine()
    return _ARCHITECTURES.get(machine, machine)


def make_layer(directory: Path, tar: Path, prefix: str = "") -> Layer:
    """Write a directory as one layer, below `prefix` inside the image."""
    with tarfile.open(tar, "w", format=tarfile.GNU_FORMAT) as out:
        for path in _sorted_tree(directory):
            _add(out, path, prefix + str(path.relative_to(directory)))
    return Layer(tar, digest_of(tar))


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def write_archive(images: Sequence[Image], out: Path) -> None:
    """Write images into one archive; a layer that several share is stored once."""
    manifest = []
    with tarfile.open(out, "w") as archive:
        for layer in {layer.digest: layer for image in images for layer in image.layers}.values():
            archive.add(layer.tar, f"{layer.digest}.tar", filter=_anonymous)
        for image in images:
            config = _config(image)
            name = f"{hashlib.sha256(config).hexdigest()}.json"
            _add_bytes(archive, name, config)
            layers = [f"{layer.digest}.tar" for layer in image.layers]
            manifest.append({"Config": name, "RepoTags": [image.name], "Layers": layers})
        _add_bytes(archive, "manifest.json", json.dumps(manifest).encode())


def _config(image: Image) -> bytes:
    content = {
        "architecture": architecture(),
        "os": "linux",
        "created": _CREATED,
        "config": dict(image.config),
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer.digest}" for layer in image.layers]},
        "history": [{"created": _CREATED, "created_by": "hack.image"} for _ in image.layers],
    }
    return json.dumps(content, sort_keys=True).encode()


def _sorted_tree(directory: Path) -> list[Path]:
    found: list[Path] = []
    for parent, directories, files in os.walk(directory):
        directories.sort()
        found += [Path(parent) / name for name in (*directories, *files)]
    return sorted(found)


def _add(out: tarfile.TarFile, path: Path, name: str) -> None:
    entry = _anonymous(out.gettarinfo(path, name))
    if entry.islnk():  # hard links would name paths of this machine's walk order; a copy is simpler
        entry.type, entry.linkname, entry.size = tarfile.REGTYPE, "", path.stat().st_size
    if not entry.isreg():
        out.addfile(entry)
        return
    with path.open("rb") as content:
        out.addfile(entry, content)


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = 0
    return entry


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = _anonymous(tarfile.TarInfo(name))
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))
