"""Print the notes of ordinary incidents before and after: `python -m testbed.before_after [--base COMMIT]`.

For every scene its item of the list of faults, its title, the note of the base and that of this tree. Scenes whose
input is what correlation reads (`world`) come first, then those that begin at raw objects of a cluster, at what is
stored or at the course of an incident (`cluster`). Each release plays them in a process of its own.
"""

import argparse
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BASE = "7b4fe7d"
"""The last commit before notes were checked against ordinary incidents."""
SEPARATOR = "\0"
_TIMEOUT_S = 120.0
_PRINT_ALL = (
    "import sys, structlog\n"
    "structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))\n"
    "from testbed.before_after import broken_workloads, said_wrongly, world\n"
    "from testbed.before_after import cluster, cluster_endings, cluster_facts, cluster_incidents\n"
    "notes = [(s, world.note_of(s)) for s in [*said_wrongly.SCENES, *broken_workloads.SCENES]]\n"
    "played = [*cluster_incidents.SCENES, *cluster_facts.SCENES, *cluster_endings.SCENES]\n"
    "notes += [(s, cluster.note_of(s)) for s in played]\n"
    "print('\\0'.join(f'{s.item}  {s.title}\\1{note}' for s, note in notes), end='')\n"
)


def notes_of(tree: Path) -> list[tuple[str, str]]:
    """Return title and note of every scene, as the release in `tree` writes them."""
    done = subprocess.run(
        [sys.executable, "-c", _PRINT_ALL],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=True,
    )
    pairs = (part.partition("\1") for part in done.stdout.split(SEPARATOR))
    return [(title, note) for title, _, note in pairs]


def unpack(commit: str, directory: Path) -> None:
    """Write the domain of a commit, and the scenes of this tree beside it."""
    packed = subprocess.run(["git", "archive", commit, "noctuary"], cwd=ROOT, capture_output=True, check=False)
    if packed.returncode:
        sys.exit(f"--base {commit}: git knows no such commit here; name one of `git log`, in a full clone")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(directory, filter="data")
    (directory / "testbed").mkdir()
    (directory / "testbed/__init__.py").touch()
    (directory / "testbed/before_after").symlink_to(ROOT / "testbed/before_after")


def main() -> int:
    """Print both notes of every scene."""
    parser = argparse.ArgumentParser(prog="python -m testbed.before_after", description=__doc__)
    parser.add_argument("--base", default=BASE, help="the commit whose notes are the ones before")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="noctuary-before-") as directory:
        unpack(options.base, Path(directory))
        before, after = notes_of(Path(directory)), notes_of(ROOT)
    for (title, old), (_, new) in zip(before, after, strict=True):
        print(f"{'=' * 100}\n{title}\n{'-' * 20} before\n{old}\n{'-' * 20} after\n{new}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
