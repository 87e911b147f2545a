"""A bundle on disk: a directory that only its owner may read."""

import json
from datetime import UTC, datetime
from pathlib import Path

import yaml

from noctuary.common import clock
from noctuary.common.errors import InvalidInput
from noctuary_cli.capture.capture import Captured

PRIVATE = 0o700


def default_output(namespace: str) -> Path:
    """Return the directory that a capture is written to where none is named."""
    return Path(f"noctuary-{namespace}-{datetime.fromtimestamp(clock.now(), UTC):%Y%m%dT%H%M%SZ}")


def make_directory(output: Path) -> None:
    """Make the directory of a bundle. Raises InvalidInput where it holds something, or cannot be made."""
    try:
        output.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        if any(output.iterdir()):
            raise InvalidInput("--output", f"{output} is not empty", "name a new directory")
    except OSError as error:
        raise InvalidInput("--output", f"{output} cannot be made: {error.strerror}", "name another one") from None


def write_bundle(captured: Captured, output: Path) -> None:
    """Write the files of a bundle. Raises OSError."""
    told = captured.incident | ({"not_read": captured.not_read} if captured.not_read else {})
    items = {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": captured.objects}
    _write(output / "incident.json", json.dumps(told, indent=2, ensure_ascii=False))
    _write(output / "objects.json", json.dumps(items, indent=1, ensure_ascii=False))
    _write(output / "mapping.yaml", yaml.safe_dump({"services": captured.services}, sort_keys=False))
    for path, text in captured.logs.items():
        _write(output / "logs" / path, text)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    path.write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8", errors="replace")
