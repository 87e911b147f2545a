"""Scan rendered manifests with checkov, installed once per user from its hashed lock."""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from hack.chart.paths import ROOT
from hack.chart.tools import report
from hack.lib.cache import Progress, cache_root, locked, make_once
from hack.lib.errors import BuildError
from hack.lib.gobuild import source_hash

LOCK = "checkov.txt"
_INSTALL_TIMEOUT_S = 1200.0  # a hundred packages, on a slow line
_SCAN_TIMEOUT_S = 300.0
_LOG_LINES = 8


def failed_checks(manifests: str, progress: Progress = report) -> Counter[str]:
    """Return how often each check failed; nothing is skipped."""
    with tempfile.TemporaryDirectory(prefix="noctuary-scan-") as directory:
        file = Path(directory) / "manifests.yaml"
        file.write_text(manifests, encoding="utf-8")
        command = [str(find_scanner(os.environ, progress)), "-m", "checkov.main", "--framework", "kubernetes"]
        result = subprocess.run(
            [*command, "--file", str(file), "--output", "json", "--soft-fail", "--quiet"],
            capture_output=True,
            text=True,
            timeout=_SCAN_TIMEOUT_S,
            check=False,
            cwd=directory,  # checkov reads settings from where it runs
        )
    if result.returncode != 0:
        raise BuildError(f"checkov failed: {result.stderr.strip()}")
    found = json.loads(result.stdout)
    if found["summary"]["skipped"] or found["summary"]["parsing_errors"] or not found["summary"]["resource_count"]:
        raise BuildError(f"checkov did not read everything: {found['summary']}")
    return Counter(check["check_id"] for check in found["results"]["failed_checks"])


def find_scanner(environment: Mapping[str, str] = os.environ, progress: Progress = report) -> Path:
    """Return the python that holds checkov, installing it once."""
    cache = cache_root(environment) / "chart"
    home = cache / f"checkov-{source_hash(ROOT / 'requirements', (LOCK,))}"
    if not home.exists():
        with locked(cache / "checkov.lock", "the installation of checkov", progress):
            if not home.exists():
                progress("Installing checkov: once, one to five minutes")
                make_once(home, _install)
    return home / "venv" / "bin" / "python"


def _install(partial: Path) -> None:
    # A virtual environment may move as long as its python is called by path and nothing else of it is.
    venv = partial / "venv"
    _run([sys.executable, "-m", "venv", str(venv)])
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--require-hashes"]
    _run([*pip, "--requirement", str(ROOT / "requirements" / LOCK)])


def _run(command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT_S, check=False)
    if result.returncode != 0:
        tail = "\n".join(result.stderr.splitlines()[-_LOG_LINES:])
        raise BuildError(f"checkov cannot be installed; let pip reach its packages and try again:\n{tail}")
