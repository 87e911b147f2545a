"""Make the chart's CRD templates from crds/: the same CRD under crds.enabled and crds.keep."""

from hack.chart.paths import CRDS

_HEADER = """\
{{{{- /* Made from crds/{name} by `make chart-generate`; a test fails when they differ. */ -}}}}
{{{{- if .Values.crds.enabled }}}}
"""
_METADATA = """\
  labels:
    {{- include "noctuary.labels" (dict "root" . "component" "crds") | nindent 4 }}
  {{- $own := .Values.crds.keep | ternary (dict "helm.sh/resource-policy" "keep") (dict) }}
  {{- include "noctuary.annotations" (dict "root" . "own" $own) }}
"""
_FOOTER = "{{- end }}\n"


def crd_templates() -> dict[str, str]:
    """Return the text of each CRD template by its file name in templates/."""
    return {
        f"crd-{path.name}": crd_template(path.name, path.read_text(encoding="utf-8")) for path in CRDS.glob("*.yaml")
    }


def crd_template(name: str, crd: str) -> str:
    """Wrap one CRD; raises ValueError when it is not of the form that the wrapping relies on."""
    if "{{" in crd:
        raise ValueError(f"crds/{name} holds '{{{{', which Helm would read as a template; write it otherwise")
    lines = crd.rstrip("\n").splitlines(keepends=True)
    at = next((number for number, line in enumerate(lines) if line.startswith("spec:")), None)
    if at is None or not any(line.startswith("metadata:") for line in lines[:at]):
        raise ValueError(f"crds/{name} has no metadata before its spec; write both at the left margin, in this order")
    if any(line.startswith(("  labels:", "  annotations:")) for line in lines[:at]):
        raise ValueError(f"crds/{name} has labels or annotations of its own; the chart sets them, remove them")
    return "".join([_HEADER.format(name=name), *lines[:at], _METADATA, *lines[at:], "\n", _FOOTER])
