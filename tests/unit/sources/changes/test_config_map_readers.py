"""Which ConfigMaps a pod reads, and whether it sees their changes while it runs."""

from typing import Any

import msgspec
import pytest

from noctuary.sources.kubernetes.specs.config_maps import config_maps_of
from noctuary.sources.kubernetes.specs.pods import LivePodSpec

VOLUME = {"name": "files", "configMap": {"name": "settings"}}
PROJECTED = {
    "name": "files",
    "projected": {"sources": [{"configMap": {"name": "settings"}}, {"secret": {"name": "s"}}]},
}
KEY = {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}}
MOUNT = {"name": "files", "mountPath": "/etc/app"}


def spec(volumes: list[Any] | None = None, **container: Any) -> dict[str, Any]:
    return {"containers": [{"name": "app", **container}], "volumes": volumes}


CASES = [
    ("nothing", spec(), {}),
    ("a variable", spec(env=[{"name": "B", "value": "b"}, KEY]), {"settings": False}),
    ("all variables", spec(envFrom=[{"configMapRef": {"name": "settings"}}]), {"settings": False}),
    ("a Secret", spec(envFrom=[{"secretRef": {"name": "settings"}}]), {}),
    ("a volume", spec([VOLUME], volumeMounts=[MOUNT]), {"settings": True}),
    ("a part of a projected volume", spec([PROJECTED], volumeMounts=[MOUNT]), {"settings": True}),
    (
        "one file, which is never written anew",
        spec([VOLUME], volumeMounts=[MOUNT | {"subPath": "a"}]),
        {"settings": False},
    ),
    ("a variable and a volume", spec([VOLUME], volumeMounts=[MOUNT], env=[KEY]), {"settings": True}),
    (
        "an init container",
        {"containers": [], "initContainers": [{"name": "init", "volumeMounts": [MOUNT]}], "volumes": [VOLUME]},
        {"settings": False},
    ),
    (
        "a sidecar",
        {
            "containers": [],
            "initContainers": [{"name": "side", "restartPolicy": "Always", "volumeMounts": [MOUNT]}],
            "volumes": [VOLUME],
        },
        {"settings": True},
    ),
]


@pytest.mark.parametrize(("obj", "read"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_pod_reads_config_maps_as_it_starts_or_while_it_runs(obj: dict[str, Any], read: dict[str, bool]) -> None:
    assert config_maps_of(msgspec.json.decode(msgspec.json.encode(obj), type=LivePodSpec)) == read
