"""The programs of the release before this one, run as they were: what an upgrade begins with."""

import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from testbed.stage.program import Program

ARCHIVE = Path(__file__).resolve().parents[2] / "tests" / "integration" / "upgrade" / "release-0.2.0.tar.xz"
"""`git archive` of commit ad1d676 (`xz -dc ... | git get-tar-commit-id`): what its image and chart are made of."""


@dataclass(frozen=True)
class EarlierRelease:
    """The sources of a release: `git archive` of its commit, unpacked."""

    tree: Path

    @classmethod
    def unpack(cls, directory: Path) -> Self:
        """Unpack release 0.2.0 into a directory of its own."""
        with tarfile.open(ARCHIVE) as tar:
            tar.extractall(directory, filter="data")
        return cls(directory)

    @property
    def chart(self) -> Path:
        """Its chart, which brings its CRDs."""
        return self.tree / "charts" / "noctuary"

    @property
    def crds(self) -> list[Path]:
        """Its CRDs."""
        return sorted((self.tree / "crds").glob("*.yaml"))

    @property
    def rbac(self) -> Path:
        """The Roles that its chart ships."""
        return self.chart / "files" / "rbac"

    def start(self, *programs: Program) -> None:
        """Start programs of this release; those that are started otherwise, or again, are of the present one."""
        # Without a safe path the working directory, which holds the present sources, would come first.
        sources = {"PYTHONPATH": f"{self.tree}:{self.tree / 'operator'}", "PYTHONSAFEPATH": "1"}
        for program in programs:
            present, program.settings = program.settings, program.settings | sources
            program.start()
            program.settings = present
