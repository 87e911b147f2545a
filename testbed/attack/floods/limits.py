"""The memory limits of both programs, as the chart ships them, and the most that a process ever held."""

from pathlib import Path

import yaml

VALUES = Path(__file__).resolve().parents[3] / "charts" / "noctuary" / "values.yaml"
_UNITS = {"Ki": 1024, "Mi": 1024**2, "Gi": 1024**3}


def limit_megabytes(program: str) -> float:
    """Return the memory limit of `operator` or `receiver` in MB."""
    text = str(yaml.safe_load(VALUES.read_text(encoding="utf-8"))[program]["resources"]["limits"]["memory"])
    return int(text[:-2]) * _UNITS[text[-2:]] / 1e6


def peak_megabytes(pid: int) -> float:
    """Return the most resident memory of a process so far, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1e6
