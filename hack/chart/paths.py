"""Where the chart and what is made from it live."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "noctuary"
PREVIOUS = ROOT / "tests" / "chart" / "previous" / "noctuary-0.1.0.tgz"
"""The chart of the version before this one as users hold it, from which an upgrade must work."""
CRDS = ROOT / "crds"
KUSTOMIZE_BASE = ROOT / "deploy" / "kustomize" / "base"
PACKAGES = ROOT / "build" / "chart"
SCENARIOS = CHART / "ci"
"""One values file per way of installing; each is linted, rendered and offered to a real API server."""
