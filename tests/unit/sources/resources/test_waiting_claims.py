"""Why a claim has no volume, for pods that wait for it."""

from typing import Any

import pytest

from tests.unit.sources.resources.world import SOON, events_of, pod, reasons_of, thing
from tests.unit.sources.watched_case import Manifest

TRIED = {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}
MOUNTING = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
WAITING = pod(spec=MOUNTING, status=TRIED)
DEFAULT = {"storageclass.kubernetes.io/is-default-class": "true"}
BY_HAND = "kubernetes.io/no-provisioner"


def claim(phase: str = "Pending", **spec: Any) -> Manifest:
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}} | spec
    return thing("persistentvolumeclaims", "data", spec=asked, status={"phase": phase})


def storage_class(name: str, provisioner: str = "disk.csi", **parts: Any) -> Manifest:
    return thing("storageclasses", name, provisioner=provisioner, **parts)


def volume(size: str = "10Gi", mode: str = "ReadWriteOnce", held_by: str = "", **labels: str) -> Manifest:
    ref = {"claimRef": {"namespace": "others", "name": held_by}} if held_by else {}
    spec = {"storageClassName": "hand", "accessModes": [mode], "capacity": {"storage": size}} | ref
    phase = "Bound" if held_by else "Available"
    return thing("persistentvolumes", "pv-1", spec=spec, status={"phase": phase}, labels=labels)


HAND = storage_class("hand", BY_HAND)
OF_HAND = claim(storageClassName="hand")
CASES = [
    ([], "ClaimMissing"),
    ([claim("Lost")], "ClaimLost"),
    ([claim(storageClassName="fast")], "StorageClassMissing"),
    ([claim(), storage_class("slow")], "NoDefaultStorageClass"),
    ([claim(storageClassName="slow"), storage_class("slow")], "ClaimNotProvisioned"),
    ([claim(storageClassName="")], "NoVolumeAvailable"),
    ([OF_HAND, HAND], "NoVolumeAvailable"),
    ([OF_HAND, HAND, volume(held_by="theirs")], "NoVolumeAvailable"),
    ([OF_HAND, HAND, volume("5Gi")], "VolumesTooSmall"),
    ([OF_HAND, HAND, volume(mode="ReadOnlyMany")], "VolumesOfOtherMode"),
    ([claim(storageClassName="hand", selector={"matchLabels": {"a": "b"}}), HAND, volume()], "VolumesNotSelected"),
    ([claim(storageClassName="hand", volumeName="pv-2"), HAND, volume()], "VolumeMissing"),
    ([claim(storageClassName="hand", volumeName="pv-1"), HAND, volume(held_by="theirs")], "VolumeBoundToAnother"),
    ([claim() | {"metadata": claim()["metadata"] | {"deletionTimestamp": SOON}}], "ClaimTerminating"),
]


@pytest.mark.parametrize(("objects", "reason"), CASES, ids=[reason for _, reason in CASES])
def test_a_pod_that_waits_tells_why_its_claim_has_no_volume(objects: list[Manifest], reason: str) -> None:
    assert reasons_of(WAITING, *objects) == [reason]


@pytest.mark.parametrize(
    "objects",
    [
        [claim("Bound")],
        [claim(), storage_class("slow", annotations=DEFAULT)],
        [claim(storageClassName="slow"), storage_class("slow", volumeBindingMode="WaitForFirstConsumer")],
        [OF_HAND, HAND, volume("20Gi")],
        [claim(storageClassName="hand", volumeName="pv-1"), HAND, volume()],
    ],
)
def test_a_claim_that_waits_as_it_should_is_no_fault(objects: list[Manifest]) -> None:
    assert reasons_of(WAITING, *objects) == []


def test_a_claim_that_nobody_mounts_is_no_fault() -> None:
    assert reasons_of(pod(status=TRIED), claim("Lost")) == []


def test_an_ephemeral_volumes_claim_may_come_after_its_pod() -> None:
    spec = {"volumes": [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": {}}}]}
    assert reasons_of(pod(made=SOON, spec=spec, status=TRIED)) == []


@pytest.mark.parametrize("unread", ["persistentvolumeclaims", "storageclasses"])
def test_what_was_not_read_is_not_said_to_miss(unread: str) -> None:
    waits = [] if unread == "persistentvolumeclaims" else [claim(storageClassName="fast")]
    assert reasons_of(WAITING, *waits, unread=[unread]) == []


def test_a_claim_is_told_with_its_class_and_size_and_whose_volume_it_wants_is_not() -> None:
    (event,) = events_of(WAITING, claim(storageClassName="hand", volumeName="pv-1"), HAND, volume(held_by="theirs"))
    told = event.details
    assert (told["claim"], told["storage_class"], told["claim_size"]) == ("data", "hand", "10Gi")
    assert "theirs" not in str(event)
