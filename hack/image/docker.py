"""Build the image with Docker: from public bases where a registry answers, else from bases made here."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hack.image.archive import Image, write_archive
from hack.image.base import Base, build_base, runtime_base
from hack.image.errors import ImageError
from hack.image.recipe import DOCKERFILE, ROOT
from hack.image.store import Store

_ASK_TIMEOUT_S = 10.0
_REGISTRY_TIMEOUT_S = 8.0  # a person waits: no answer in this time is no registry
_BUILD_TIMEOUT_S = 1800.0
_LAST_CLIENT_WITH_BUILDKIT = 22  # newer clients build with BuildKit only through their buildx plug-in
_AUTHORITIES = "/etc/authorities.pem"
_LOG_LINES = 20


@dataclass(frozen=True)
class Docker:
    """A client program and the daemon it talks to."""

    program: str
    host: str | None = None

    def environment(self) -> dict[str, str]:
        """What the client is told by its environment."""
        named = {"DOCKER_HOST": self.host} if self.host else {}
        return {**os.environ, **named, "DOCKER_BUILDKIT": "1", "BUILDKIT_PROGRESS": "plain"}

    def run(self, *arguments: str, timeout_s: float = _BUILD_TIMEOUT_S) -> str:
        """Run the client and return its output. Raises ImageError with its last lines."""
        try:
            result = subprocess.run(
                [self.program, *arguments],
                capture_output=True,
                text=True,
                timeout=timeout_s,
                check=False,
                env=self.environment(),
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ImageError(f"docker {arguments[0]} did not work: {error}") from error
        if result.returncode != 0:
            tail = "\n".join((result.stderr or result.stdout).splitlines()[-_LOG_LINES:])
            raise ImageError(f"docker {' '.join(arguments[:2])} failed:\n{tail}")
        return result.stdout

    def works(self, *arguments: str, timeout_s: float = _ASK_TIMEOUT_S) -> bool:
        """Whether a command succeeds."""
        try:
            self.run(*arguments, timeout_s=timeout_s)
        except ImageError:
            return False
        return True

    def answers(self) -> bool:
        """Whether the daemon answers."""
        return self.works("version")

    def builder(self) -> "Docker":
        """Find a client that can build with BuildKit: any with buildx, or one from before buildx was needed."""
        for program in docker_programs():
            client = Docker(program, self.host)
            if client.works("buildx", "version") or client.major() <= _LAST_CLIENT_WITH_BUILDKIT:
                return client
        raise ImageError("No docker client here can use BuildKit; install its buildx plug-in")

    def major(self) -> int:
        """The client's major version."""
        said = self.run("version", "--format", "{{.Client.Version}}", timeout_s=_ASK_TIMEOUT_S)
        return int(said.partition(".")[0])

    def registry_serves(self, image: str) -> bool:
        """Whether a registry hands out this image, asked for seconds only."""
        return self.works("manifest", "inspect", image, timeout_s=_REGISTRY_TIMEOUT_S)


def docker_programs() -> list[str]:
    """All docker clients on PATH, in its order."""
    places = os.environ.get("PATH", os.defpath).split(os.pathsep)
    found = (shutil.which("docker", path=place) for place in places)
    return list(dict.fromkeys(program for program in found if program))


def build_with_docker(
    store: Store, docker: Docker, name: str, values: Mapping[str, str], tree: Path = ROOT, *, base: str | None = None
) -> Base | None:
    """Build and tag the image of a source tree, on a public base that may be named; returns the base when ours."""
    public = base or default_base()
    ours = None if docker.registry_serves(public) else runtime_base(store)
    bases = {"BASE_IMAGE": public if ours is None else _loaded(docker, "base", ours)}
    if ours is not None:
        bases["BUILD_IMAGE"] = _loaded(docker, "build", build_base(store))
    store.progress(f"Building with Docker from {bases['BASE_IMAGE']}")
    arguments = [word for key, value in {**values, **bases}.items() for word in ("--build-arg", f"{key}={value}")]
    with _secrets() as secrets, _without_syntax(tree) as offline:
        file = str(offline if ours else tree / DOCKERFILE.name)
        # The host's network: the machine's resolver and proxies need not know Docker's.
        docker.builder().run("build", "--network=host", "--file", file, "--tag", name, *secrets, *arguments, str(tree))
    return ours


def default_base() -> str:
    """The public image that the Dockerfile names."""
    for line in DOCKERFILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("ARG BASE_IMAGE="):
            return line.partition("=")[2]
    raise ImageError("The Dockerfile has no line ARG BASE_IMAGE=")


def _loaded(docker: Docker, role: str, base: Base) -> str:
    name = f"noctuary-{role}:{base.tag}"
    if not docker.works("image", "inspect", name):
        with tempfile.TemporaryDirectory(prefix="noctuary-base-") as directory:
            tar = Path(directory) / "base.tar"
            path = {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]}
            write_archive([Image(name, (base.layer,), path)], tar)
            docker.run("load", "--input", str(tar))
    return name


@contextmanager
def _without_syntax(tree: Path) -> Iterator[Path]:
    """Write a tree's Dockerfile without the line that names its syntax: a program that comes from a registry."""
    with tempfile.TemporaryDirectory(prefix="noctuary-dockerfile-") as directory:
        file = Path(directory) / DOCKERFILE.name
        lines = (tree / DOCKERFILE.name).read_text(encoding="utf-8").splitlines(keepends=True)
        file.write_text("".join(line for line in lines if not line.startswith("# syntax=")))
        yield file


@contextmanager
def _secrets() -> Iterator[list[str]]:
    """Hand this machine's pip settings to the build without leaving them in a layer."""
    with tempfile.TemporaryDirectory(prefix="noctuary-secrets-") as directory:
        settings = _pip_settings()
        authorities = settings.pop("cert", None)
        arguments = []
        if authorities and Path(authorities).is_file():
            settings["cert"] = _AUTHORITIES
            arguments += ["--secret", f"id=authorities,src={authorities}"]
        file = Path(directory) / "pip.conf"
        file.touch(mode=0o600)
        file.write_text("\n".join(["[global]", *(f"{key} = {value}" for key, value in settings.items())]) + "\n")
        yield [*arguments, "--secret", f"id=pip.conf,src={file}"]


def _pip_settings() -> dict[str, str]:
    """Read what pip is told here by files and variables about where packages come from."""
    pip = shutil.which("pip3") or shutil.which("pip")
    if pip is None:
        return {}
    listed = subprocess.run([pip, "config", "list"], capture_output=True, text=True, timeout=60, check=False)
    wanted = {"index-url", "extra-index-url", "trusted-host", "cert", "proxy", "timeout"}
    settings = {}
    for line in listed.stdout.splitlines():
        key, _, value = line.partition("=")
        name = key.rpartition(".")[2]
        if name in wanted:
            settings[name] = value.strip("'\"")
    return settings


def image_size_bytes(docker: Docker, name: str) -> int:
    """The unpacked size of an image in the daemon."""
    return int(json.loads(docker.run("image", "inspect", name))[0]["Size"])
