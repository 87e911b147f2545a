"""Pack the chart for a registry or a repository of charts, with what only its packager knows."""

import shutil
import tempfile
from pathlib import Path

from hack.chart.helm import run
from hack.chart.paths import CHART
from hack.lib.repository import source_url


def package(helm: Path, out: Path, source: str | None = None) -> Path:
    """Write the packed chart into a directory and return its path; `home` and `sources` are where the sources are."""
    address = source_url() if source is None else source
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="noctuary-chart-") as directory:
        copy = Path(directory) / CHART.name
        shutil.copytree(CHART, copy)
        if address:
            with (copy / "Chart.yaml").open("a", encoding="utf-8") as chart:
                chart.write(f"home: {address}\nsources: [{address}]\n")
        said = run(helm, "package", str(copy), "--destination", str(out))
    return Path(said.strip().rpartition(": ")[2])
