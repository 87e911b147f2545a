"""Call Helm on our chart."""

import subprocess
from pathlib import Path

from hack.chart.paths import CHART, SCENARIOS
from hack.lib.errors import BuildError

RELEASE = "noctuary"
NAMESPACE = "noctuary"
_TIMEOUT_S = 300.0  # an install waits for hooks, a render takes a second


def scenarios() -> list[Path]:
    """Return the values files of ci/, one per way of installing."""
    return sorted(SCENARIOS.glob("*-values.yaml"))


def run(program: Path, *args: str) -> str:
    """Run a program of Helm's family; raises BuildError with its own words when it fails."""
    result = subprocess.run(
        [str(program), *args], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL
    )
    if result.returncode != 0:
        said = "\n".join(part.strip() for part in (result.stdout, result.stderr) if part.strip())
        raise BuildError(f"{program.name} {' '.join(args)} failed:\n{said}")
    return result.stdout


def render(helm: Path, values: Path | None = None, *more: str) -> str:
    """Return the manifests that Helm makes of the chart, hooks included."""
    chosen = ["--values", str(values)] if values is not None else []
    return run(helm, "template", RELEASE, str(CHART), "--namespace", NAMESPACE, *chosen, *more)


def lint(helm: Path, values: Path) -> None:
    """Let Helm look for mistakes; warnings are errors."""
    run(helm, "lint", "--strict", "--quiet", str(CHART), "--namespace", NAMESPACE, "--values", str(values))
