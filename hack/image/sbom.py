"""The list of ingredients as CycloneDX JSON, made from the hashed lock and from the base image's packages."""

import re
import tomllib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from packaging.markers import Marker
from packaging.utils import canonicalize_name

from hack.image.debian import Package
from hack.image.recipe import ROOT

RUNTIME_LOCK = ROOT / "requirements" / "runtime.txt"
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*])?==(?P<version>[^\s;\\]+)\s*(?:;\s*(?P<marker>[^\\]+))?")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Pin:
    """One line of the lock."""

    name: str
    version: str
    hashes: tuple[str, ...]


def read_lock(text: str, python: str) -> list[Pin]:
    """Read the pins that apply to Linux and to a Python such as 3.11."""
    environment = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
    environment |= {"python_version": python, "python_full_version": f"{python}.0", "implementation_name": "cpython"}
    pins = []
    for block in _blocks(text):
        found = _PIN.match(block)
        if found and (found["marker"] is None or Marker(found["marker"].strip()).evaluate(environment)):
            pins.append(Pin(found["name"], found["version"], tuple(_HASH.findall(block))))
    return pins


def project_version() -> str:
    """The version that pyproject.toml names."""
    with (ROOT / "pyproject.toml").open("rb") as content:
        return str(tomllib.load(content)["project"]["version"])


def ingredients(pins: Sequence[Pin], packages: Sequence[Package], base: str) -> dict[str, Any]:
    """Write the document; its serial number follows from its content, so the same parts give the same document."""
    components = [_python(pin) for pin in pins] + [_debian(package) for package in packages]
    serial = uuid.uuid5(uuid.NAMESPACE_OID, repr((base, components)))
    subject = {"type": "container", "bom-ref": "noctuary", "name": "noctuary", "version": project_version()}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": subject, "properties": [{"name": "noctuary:base-image", "value": base}]},
        "components": components,
        "dependencies": [{"ref": "noctuary", "dependsOn": [each["bom-ref"] for each in components]}],
    }


def _blocks(text: str) -> Iterator[str]:
    block = ""
    for line in text.splitlines():
        if line and not line[0].isspace() and not line.startswith("#"):
            if block:
                yield block
            block = ""
        block += line + "\n"
    yield block


def _python(pin: Pin) -> dict[str, Any]:
    name = canonicalize_name(pin.name)
    purl = f"pkg:pypi/{name}@{quote(pin.version)}"
    # A lock names every file that may be installed; each is a possible source of this component.
    files = [{"type": "distribution", "url": purl, "hashes": [{"alg": "SHA-256", "content": h}]} for h in pin.hashes]
    component = {"type": "library", "bom-ref": purl, "name": name, "version": pin.version, "purl": purl}
    return {**component, "externalReferences": files}


def _debian(package: Package) -> dict[str, Any]:
    purl = f"pkg:deb/debian/{quote(package.name)}@{quote(package.version)}?arch={package.architecture}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": package.name,
        "version": package.version,
        "purl": purl,
    }


def lock_text(path: Path = RUNTIME_LOCK) -> str:
    """The lock that the image is installed from."""
    return path.read_text(encoding="utf-8")
