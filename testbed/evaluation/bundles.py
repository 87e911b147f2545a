"""The recorded bundles in the repository: one compressed file for each family, one bundle a line."""

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]
DIRECTORY = Path(__file__).resolve().parents[2] / "examples" / "incidents"
SUFFIX = ".jsonl.gz"


def read_bundles(directory: Path = DIRECTORY, only: Iterable[str] = ()) -> Iterator[Json]:
    """Yield the bundles whose ids hold one of the words, or all."""
    words = list(only)
    for path in sorted(directory.glob(f"*{SUFFIX}")):
        for bundle in _read(path):
            if not words or any(word in bundle["id"] for word in words):
                yield bundle


def _read(path: Path) -> Iterator[Json]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def write_bundles(found: dict[str, Json], directory: Path = DIRECTORY) -> None:
    """Write bundles into the files of their families, beside those that were not recorded anew."""
    directory.mkdir(parents=True, exist_ok=True)
    for family in sorted({name.partition("/")[0] for name in found}):
        path = directory / f"{family}{SUFFIX}"
        known = {each["id"]: each for each in _read(path)} if path.exists() else {}
        known |= {name: each for name, each in found.items() if name.startswith(f"{family}/")}
        lines = "".join(json.dumps(known[name], sort_keys=True, separators=(",", ":")) + "\n" for name in sorted(known))
        path.write_bytes(gzip.compress(lines.encode(), 9, mtime=0))
