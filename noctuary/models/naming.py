"""By which names people and alerts mean a workload: its own, and those that its labels give it."""

from collections.abc import Mapping

NAME_LABEL = "app.kubernetes.io/name"
INSTANCE_LABEL = "app.kubernetes.io/instance"
_SIMPLE_LABELS = (NAME_LABEL, "app", "k8s-app")


def names_of(labels: Mapping[str, str], *known: str) -> frozenset[str]:
    """Return all names by which an object may be meant; `known` are its workload's, and its service's by annotation.

    Helm names a workload `<release>-<chart>`, or only `<release>` when that holds the chart's name. A release alone
    is no name: it is the whole of what was installed.
    """
    name, instance = labels.get(NAME_LABEL, ""), labels.get(INSTANCE_LABEL, "")
    found = {*known, *(labels.get(label, "") for label in _SIMPLE_LABELS)}
    if name and instance:
        found.add(instance if name in instance else f"{instance}-{name}")
    return frozenset(found - {""})
