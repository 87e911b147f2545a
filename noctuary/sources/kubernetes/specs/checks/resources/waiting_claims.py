"""Claims that pods wait for: which of the many reasons keeps each from having its volume."""

from collections.abc import Iterator

from noctuary.analyzers.cluster.storage import (
    CLAIM_LEAVING,
    CLAIM_LOST,
    CLAIM_MISSING,
    CLAIM_UNMADE,
    NO_CLASS,
    NO_DEFAULT_CLASS,
    NO_VOLUME,
    OTHER_MODE,
    OTHER_SELECTOR,
    TOO_SMALL,
    VOLUME_GONE,
    VOLUME_TAKEN,
)
from noctuary.kube.objects import seconds
from noctuary.kube.quantities import quantity
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.containers.pod_parts import claims_of
from noctuary.sources.kubernetes.specs.place import Place
from noctuary.sources.kubernetes.specs.resources.kinds import CLAIMS, CLASSES, VOLUMES
from noctuary.sources.kubernetes.specs.resources.objects import Claim, PersistentVolume, StorageClass
from noctuary.sources.kubernetes.specs.resources.telling import of_pod, unready_pods

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
OLD_DEFAULT_CLASS = "storageclass.beta.kubernetes.io/is-default-class"
BY_HAND = "kubernetes.io/no-provisioner"
"""The provisioner of a class whose volumes somebody makes."""
FOR_CONSUMER = "WaitForFirstConsumer"
SLOW_S = 60.0
"""A volume that is made takes seconds; a cloud's disk up to a minute."""

NEW_S = 30.0
"""The claim of an ephemeral volume is made after its pod."""


def waiting_claims(place: Place) -> Iterator[ContextEvent]:
    """Yield each pod that is not ready with a claim that has no volume, and why it has none."""
    if not place.specs.knows_all(CLAIMS):
        return
    known = {claim.metadata.name: claim for claim in place.specs.of(CLAIMS)}
    for member in unready_pods(place):
        made = seconds(member.pod.metadata.creation_timestamp)
        for name in claims_of(member.pod.metadata.name, member.pod.spec.volumes):
            claim = known.get(name)
            is_new = place.now - made < NEW_S
            reason = why_unbound(place, claim) if claim is not None else "" if is_new else CLAIM_MISSING
            if reason:
                extra = {details.CLAIM: name, **(_facts(claim) if claim is not None else {})}
                yield of_pod(place, member, reason, made, extra, f"claim/{name}")


def why_unbound(place: Place, claim: Claim) -> str:
    """Return our word for why a claim has no volume; empty where it has one, or waits as it should."""
    if claim.status.phase == "Lost":
        return CLAIM_LOST
    if claim.metadata.deletion_timestamp is not None:
        return CLAIM_LEAVING
    if claim.status.phase != "Pending" or not place.found.volumes.knows_all(CLASSES):
        return ""
    classes = {each.metadata.name: each for each in place.found.volumes.of(CLASSES)}
    if claim.spec.storage_class_name is None:
        return "" if any(_is_default(each) for each in classes.values()) else NO_DEFAULT_CLASS
    held = classes.get(claim.spec.storage_class_name)
    volumes = place.found.volumes.of(VOLUMES) if place.found.volumes.knows_all(VOLUMES) else None
    if claim.spec.volume_name and volumes is not None:
        return _why_not_its_own(claim, volumes)
    if held is None and claim.spec.storage_class_name:
        return NO_CLASS if not volumes or not _of_class(claim, volumes) else _why_none_fits(claim, volumes)
    if held is None or held.provisioner == BY_HAND:
        return _why_none_fits(claim, volumes) if volumes is not None else ""
    return _why_not_made(place, claim, held)


def _why_not_made(place: Place, claim: Claim, held: StorageClass) -> str:
    """Return why its class makes none: one that waits for a node of its pod waits as it should."""
    is_old = place.now - seconds(claim.metadata.creation_timestamp) > SLOW_S
    return CLAIM_UNMADE if is_old and held.volume_binding_mode != FOR_CONSUMER else ""


def _why_not_its_own(claim: Claim, volumes: list[PersistentVolume]) -> str:
    """Return why a claim does not get the one volume that it names; whose it is instead is not ours to tell."""
    volume = next((each for each in volumes if each.metadata.name == claim.spec.volume_name), None)
    if volume is None:
        return VOLUME_GONE
    ref = volume.spec.claim_ref
    is_ours = ref is None or (
        (ref.namespace, ref.name) == (claim.metadata.namespace, claim.metadata.name)
        and ref.uid in ("", claim.metadata.uid)
    )
    return _mismatch(claim, volume) if is_ours else VOLUME_TAKEN


def _why_none_fits(claim: Claim, volumes: list[PersistentVolume]) -> str:
    """Return what the volumes of its class lack that nobody has: the reason of the one that comes nearest."""
    free = [each for each in _of_class(claim, volumes) if each.status.phase == "Available"]
    reasons = [_mismatch(claim, each) for each in free]
    if "" in reasons:  # it is about to be bound, or waits for its pod's node
        return ""
    return next((each for each in (TOO_SMALL, OTHER_MODE, OTHER_SELECTOR) if each in reasons), NO_VOLUME)


def _of_class(claim: Claim, volumes: list[PersistentVolume]) -> list[PersistentVolume]:
    return [each for each in volumes if each.spec.storage_class_name == (claim.spec.storage_class_name or "")]


def _mismatch(claim: Claim, volume: PersistentVolume) -> str:
    spec, selector = claim.spec, claim.spec.selector
    asked, offered = quantity(spec.resources.requests.get("storage")), quantity(volume.spec.capacity.get("storage"))
    if selector is not None and not selector.match_labels.items() <= volume.metadata.labels.items():
        return OTHER_SELECTOR
    if not set(spec.access_modes) <= set(volume.spec.access_modes) or spec.volume_mode != volume.spec.volume_mode:
        return OTHER_MODE
    return TOO_SMALL if asked is not None and offered is not None and asked > offered else ""


def _is_default(held: StorageClass) -> bool:
    marks = (held.metadata.annotations.get(name) for name in (DEFAULT_CLASS, OLD_DEFAULT_CLASS))
    return "true" in marks


def _facts(claim: Claim) -> dict[str, str]:
    return {
        details.STORAGE_CLASS: claim.spec.storage_class_name or "",
        details.CLAIM_SIZE: str(claim.spec.resources.requests.get("storage", "")),
    }
