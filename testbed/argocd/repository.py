"""A git repository on the local disk, as a team has one for its manifests."""

import os
import shutil
import subprocess
from pathlib import Path

from testbed.argocd.programs import find_git

_TIMEOUT_S = 60.0  # git on a local disk answers at once
_BRANCH = "main"
_PERSON = ("-c", "user.name=Example Team", "-c", "user.email=team@example.com", "-c", "commit.gpgsign=false")
# Neither the user's settings nor a hook's variables may decide what is committed where.
_ENVIRONMENT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.defpath, "HOME": os.devnull}


class Repository:
    """A working tree with one branch; its URL can be given to Argo CD."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._program = find_git()
        directory.mkdir(parents=True)
        self._git("init", "--quiet", f"--initial-branch={_BRANCH}")

    @property
    def url(self) -> str:
        """What Argo CD reads it by."""
        return f"file://{self.directory}"

    def copy(self, source: Path, path: str) -> None:
        """Put a directory of manifests at a path of the tree."""
        shutil.copytree(source, self.directory / path)

    def write(self, path: str, text: str) -> None:
        """Put one file into the tree."""
        target = self.directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def replace(self, path: str, old: str, new: str) -> None:
        """Edit one file; ValueError when the old text is not there."""
        target = self.directory / path
        text = target.read_text(encoding="utf-8")
        if old not in text:
            raise ValueError(f"{path} does not hold {old!r}")
        target.write_text(text.replace(old, new), encoding="utf-8")

    def commit(self, message: str) -> str:
        """Commit the whole tree; returns the revision."""
        self._git("add", "--all")
        self._git(*_PERSON, "commit", "--quiet", f"--message={message}")
        return self.revision()

    def revert(self) -> str:
        """Undo the last commit by another one; returns the revision."""
        self._git(*_PERSON, "revert", "--no-edit", "HEAD")
        return self.revision()

    def revision(self) -> str:
        """Return the id of the last commit."""
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments: str) -> str:
        return subprocess.run(
            [str(self._program), "-C", str(self.directory), *arguments],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=True,
            env=_ENVIRONMENT,
        ).stdout
