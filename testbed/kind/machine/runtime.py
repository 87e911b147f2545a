"""runc for machines without CAP_SYS_RESOURCE: the capability is left out of what Docker asks for.

Runs as a script of its own; Docker calls it exactly as it calls runc.
"""

import itertools
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

_CAPABILITY = "CAP_SYS_RESOURCE"
_BUNDLE = ("-b", "--bundle")
_PROCESS = ("-p", "--process")


def write_wrapper(path: Path) -> Path:
    """Write the program that Docker is given as its runtime."""
    path.write_text(f"#!{sys.executable} -IS\nimport runpy\nrunpy.run_path({__file__!r}, run_name='__main__')\n")
    path.chmod(0o700)
    return path


def without_capability(value: Any) -> Any:
    """Remove the capability from every list of a runtime configuration."""
    if isinstance(value, dict):
        return {key: without_capability(each) for key, each in value.items()}
    if isinstance(value, list):
        return [without_capability(each) for each in value if each != _CAPABILITY]
    return value


def configurations(arguments: list[str]) -> list[Path]:
    """The configuration files that a call of runc names."""
    pairs = list(itertools.pairwise(arguments))
    bundles = [Path(value) / "config.json" for option, value in pairs if option in _BUNDLE]
    return bundles + [Path(value) for option, value in pairs if option in _PROCESS]


def main() -> None:
    """Rewrite the configuration and become runc."""
    for path in configurations(sys.argv[1:]):
        if path.is_file():
            path.write_text(json.dumps(without_capability(json.loads(path.read_text()))))
    runc = shutil.which("runc") or "/usr/sbin/runc"
    os.execv(runc, [runc, *sys.argv[1:]])  # noqa: S606 - becoming runc is the point


if __name__ == "__main__":
    main()
