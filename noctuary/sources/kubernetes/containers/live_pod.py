"""Pods as they are read at incident time: with what they read of ConfigMaps, which no watch keeps."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

import msgspec

from noctuary.kube.objects import Struct
from noctuary.models.diagnosis import PodView
from noctuary.sources.kubernetes.containers.objects import Container
from noctuary.sources.kubernetes.containers.pod_parts import PodSpec
from noctuary.sources.kubernetes.identity import PodIdentity
from noctuary.sources.kubernetes.kinds.pods import Pod, describe_pod

MAX_READ = 100
"""ConfigMaps that are kept of one pod."""


class _Named(Struct):
    name: str = ""


class _Source(Struct):
    config_map_ref: _Named | None = None
    config_map_key_ref: _Named | None = None


class _Variable(Struct):
    value_from: _Source | None = None


class _Mount(Struct):
    name: str = ""
    sub_path: str = ""
    sub_path_expr: str = ""


class _Projected(Struct):
    config_map: _Named | None = None


class _Projection(Struct):
    sources: list[_Projected] | None = None


class _Volume(Struct):
    name: str = ""
    config_map: _Named | None = None
    projected: _Projection | None = None

    def config_maps(self) -> Iterator[str]:
        """Yield the ConfigMaps that it shows."""
        sources = (self.projected.sources or []) if self.projected is not None else []
        for each in (self.config_map, *(source.config_map for source in sources)):
            if each is not None and each.name:
                yield each.name


class LiveContainer(Container):
    """A container with what it reads."""

    env: list[_Variable] = msgspec.field(default_factory=list)
    env_from: list[_Source] = msgspec.field(default_factory=list)
    volume_mounts: list[_Mount] = msgspec.field(default_factory=list)

    def at_start(self) -> Iterator[str]:
        """Yield the ConfigMaps that it reads as variables."""
        sources = chain((each.value_from for each in self.env), self.env_from)
        for ref in (each for source in sources if source for each in (source.config_map_ref, source.config_map_key_ref)):
            if ref is not None and ref.name:
                yield ref.name


class LivePodSpec(PodSpec):
    """What a pod asks for, with what it reads and as whom it runs."""

    containers: list[LiveContainer] = msgspec.field(default_factory=list)  # type: ignore[assignment]  # what more is decoded
    init_containers: list[LiveContainer] = msgspec.field(default_factory=list)  # type: ignore[assignment]  # as above
    service_account_name: str = ""


class LivePod(Pod):
    """core/v1 Pod."""

    spec: LivePodSpec = msgspec.field(default_factory=LivePodSpec)


def describe_live(pod: Pod, identity: PodIdentity) -> PodView:
    """Return a pod as correlation reads it, with what it reads."""
    view = describe_pod(pod, identity)
    if not isinstance(pod, LivePod):
        return view
    return msgspec.structs.replace(
        view, service_account=pod.spec.service_account_name, config_maps=config_maps_of(pod.spec)
    )


def config_maps_of(spec: LivePodSpec) -> dict[str, bool]:
    """Return the ConfigMaps that a pod reads, and whether it sees their changes while it runs.

    What is mounted by a subPath, read as a variable, or by init containers only is as it was when the pod started.
    """
    found = {name: False for each in (*spec.containers, *spec.init_containers) for name in each.at_start()}
    mounts = [mount for each in spec.containers for mount in each.volume_mounts]
    followed = {mount.name for mount in mounts if not (mount.sub_path or mount.sub_path_expr)}
    for volume in _volumes(spec.volumes):
        for name in volume.config_maps():
            found[name] = found.get(name, False) or volume.name in followed
    return dict(islice(found.items(), MAX_READ))


def _volumes(raw: msgspec.Raw) -> list[_Volume]:
    if b'"configMap"' not in bytes(raw):
        return []
    found: Any = msgspec.json.decode(raw, type=list[_Volume])
    return found  # type: ignore[no-any-return]  # decoded as such
