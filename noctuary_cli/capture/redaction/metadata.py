"""Labels, annotations and managed fields: what identifies an object and who wrote it, and no values of others."""

import json
import re
from collections.abc import Mapping
from typing import Any

from noctuary_cli.capture.redaction.forms import is_word
from noctuary_cli.capture.redaction.hiding import Hiding

KEPT_ANNOTATIONS = frozenset(
    {
        *("deployment.kubernetes.io/revision", "deployment.kubernetes.io/revision-history"),
        *("deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas"),
        *("rollout.argoproj.io/revision", "rollout.argoproj.io/revision-history"),
        *("deprecated.daemonset.template.generation", "kubectl.kubernetes.io/restartedAt", "cattle.io/timestamp"),
        *("noctuary.io/service", "noctuary.io/allow-from", "resource.opentelemetry.io/service.name"),
        *("argocd.argoproj.io/tracking-id", "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"),
        *("kubernetes.io/config.mirror", "kubernetes.io/config.source", "volume.kubernetes.io/selected-node"),
        *("ingressclass.kubernetes.io/is-default-class", "storageclass.kubernetes.io/is-default-class"),
        *("pv.kubernetes.io/bind-completed", "pv.kubernetes.io/provisioned-by", "kubernetes.io/ingress.class"),
    }
)
"""What the product and its checks read of annotations: revisions, owners, restarts, defaults."""
_KEPT_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/,+-]{0,252}")
_MANAGER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/ ()+-]{0,127}")
MAX_DEPTH = 60


def show_labels(labels: Mapping[str, Any], hiding: Hiding) -> dict[str, str]:
    """Return labels or a selector; what a secret-like label says is a hash, the same wherever it stands."""
    return {str(name): _label(str(name), str(value), hiding) for name, value in labels.items()}


def _label(name: str, value: str, hiding: Hiding) -> str:
    return hiding.hash(value) if value and hiding.is_secret(name) else hiding.know(value)


def show_annotations(annotations: Mapping[str, Any], hiding: Hiding, *, is_template: bool) -> dict[str, str]:
    """Return the annotations that the product reads; of a pod template all others as hashes.

    A rollout may have changed nothing but an annotation of its template.
    """
    shown = {}
    for name, value in annotations.items():
        if name in KEPT_ANNOTATIONS and _KEPT_VALUE.fullmatch(str(value)):
            shown[name] = hiding.know(str(value))
        elif is_template:
            shown[name] = hiding.hash(str(value))
    return shown


def show_managed(entries: Any, hiding: Hiding) -> list[dict[str, Any]]:
    """Return who wrote which fields when; values that stand in the names of fields are left out."""
    return [_managed(each, hiding) for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []


def _managed(entry: dict[str, Any], hiding: Hiding) -> dict[str, Any]:
    manager = str(entry.get("manager", ""))
    shown = {name: value for name, value in entry.items() if name != "fieldsV1" and is_word(str(value))}
    shown["manager"] = manager if not manager or _MANAGER.fullmatch(manager) else hiding.hash(manager)
    if isinstance(entry.get("fieldsV1"), dict):
        shown["fieldsV1"] = _fields(entry["fieldsV1"], 0)
    return shown


def _fields(fields: dict[str, Any], depth: int) -> dict[str, Any]:
    if depth > MAX_DEPTH:
        return {}
    return {
        name: _fields(inner, depth + 1) if isinstance(inner, dict) else {}
        for name, inner in fields.items()
        if name == "." or name.startswith("f:") or _is_plain_key(name)
    }


def _is_plain_key(name: str) -> bool:
    """Tell whether a field's name is the key of a list's item of which all that it says are words."""
    if not name.startswith("k:"):
        return False
    try:
        told = json.loads(name[2:])
    except ValueError:
        return False
    return isinstance(told, dict) and all(is_word(str(value)) for value in told.values())
