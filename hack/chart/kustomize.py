"""Make the Kustomize base from what Helm renders with default values."""

from pathlib import Path
from typing import Any

import yaml

from hack.chart.helm import render
from hack.chart.paths import KUSTOMIZE_BASE

_HEADER = "# Made from charts/noctuary by `make chart-generate`; a test fails when they differ.\n"
_NOT_FOR_KUSTOMIZE = ("helm.sh/chart", "app.kubernetes.io/managed-by")
"""Labels that say Helm manages the object."""


def kustomize_base(helm: Path) -> dict[Path, str]:
    """Return the text of each made file of the base."""
    documents = [each for each in yaml.safe_load_all(render(helm)) if each and not _is_hook(each)]
    for each in documents:
        _strip(each)
    documents.sort(key=lambda each: (each["kind"], each["metadata"]["name"]))
    text = yaml.safe_dump_all(documents, sort_keys=False, width=120)
    return {KUSTOMIZE_BASE / "noctuary.yaml": _HEADER + text}


def _is_hook(manifest: dict[str, Any]) -> bool:
    return "helm.sh/hook" in (manifest["metadata"].get("annotations") or {})


def _strip(value: Any) -> None:
    """Remove what belongs to Helm. The namespace stays: by it Kustomize finds the subjects of bindings."""
    if isinstance(value, list):
        for each in value:
            _strip(each)
    if not isinstance(value, dict):
        return
    metadata = value.get("metadata")
    if isinstance(metadata, dict):
        for label in _NOT_FOR_KUSTOMIZE:
            metadata.get("labels", {}).pop(label, None)
        metadata.get("annotations", {}).pop("helm.sh/resource-policy", None)
        if metadata.get("annotations") == {}:
            del metadata["annotations"]
    for each in value.values():
        _strip(each)
