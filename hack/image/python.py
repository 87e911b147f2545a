"""The Python of a base tree, run from where it lies: no root, no container, and exactly the release's version."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from hack.image.errors import ImageError

_TIMEOUT_S = 900.0  # 60 MB of wheels on a slow line
_LOG_LINES = 8


class BasePython:
    """Runs Python of a tree through the tree's own loader and libraries."""

    def __init__(self, tree: Path) -> None:
        self._tree = tree
        links = sorted((tree / "usr/lib").glob("python3.*"))
        if not links:
            raise ImageError(f"{tree} holds no Python; remove it from the cache and try again")
        self.name = links[-1].name
        """Such as python3.11."""

    def run(self, *arguments: str) -> None:
        """Run Python with arguments. Raises ImageError with the last lines when it fails."""
        environment = {**os.environ, "PYTHONHOME": str(self._tree / "usr")}
        environment.pop("PYTHONPATH", None)
        result = subprocess.run(
            [*self._command(), *arguments],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
            env=environment,
        )
        if result.returncode != 0:
            tail = "\n".join(result.stderr.splitlines()[-_LOG_LINES:])
            raise ImageError(f"Python of the base image failed at {' '.join(arguments[:3])}:\n{tail}")

    def pip_install(self, target: Path, *arguments: str) -> None:
        """Install into a directory with this machine's pip, as the base's Python sees the world."""
        pip = Path(sysconfig.get_path("purelib")) / "pip"
        if not pip.is_dir():
            raise ImageError(f"pip is not installed for {sys.executable}; make the environment anew with `make setup`")
        install = ("install", "--quiet", "--root-user-action=ignore", "--no-compile", "--target", str(target))
        self.run("-I", str(pip), *install, *arguments)

    def compile(self, directory: Path, seen_as: str) -> None:
        """Write byte code that is valid whatever the files' times are: the root file system is read-only."""
        options = ("--invalidation-mode", "unchecked-hash", "-s", str(directory), "-p", seen_as)
        self.run("-I", "-m", "compileall", "-q", *options, str(directory))

    def _command(self) -> list[str]:
        loaders = sorted((self._tree / "usr/lib64").glob("ld-linux-*.so.*"))
        if not loaders:
            raise ImageError(f"{self._tree} has no program loader; remove it from the cache and try again")
        libraries = ":".join(str(path) for path in sorted((self._tree / "usr/lib").glob("*-linux-gnu")))
        return [str(loaders[0]), "--library-path", libraries, str(self._tree / "usr/bin" / self.name)]
