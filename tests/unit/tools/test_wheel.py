"""What an installation holds besides code."""

import subprocess
import sys
import zipfile
from pathlib import Path

from noctuary_cli.demo.command import ORDER

ROOT = Path(__file__).resolve().parents[3]
BUILD_TIMEOUT_S = 120


def test_the_wheel_holds_the_bundles_of_the_demo(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=BUILD_TIMEOUT_S)
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    assert {f"noctuary_cli/demo/bundles/{name}.json" for name in ORDER} <= held
