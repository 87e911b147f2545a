"""Which ConfigMaps pods read, and which of them they see changing while they run."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import TypeVar

import msgspec

from noctuary.kube.objects import Struct
from noctuary.models.diagnosis import PodView
from noctuary.sources.kubernetes.identity import PodIdentity
from noctuary.sources.kubernetes.kinds.pods import Pod, describe_pod
from noctuary.sources.kubernetes.specs.pods import LiveContainer, LivePod, LivePodSpec

MAX_READ = 100
"""ConfigMaps that are kept of one pod."""
_WORD = b'"configMap'

T = TypeVar("T", bound=Struct)


class _Named(Struct):
    name: str = ""


class _Source(Struct):
    config_map_ref: _Named | None = None
    config_map_key_ref: _Named | None = None

    def names(self) -> Iterator[str]:
        """Yield the ConfigMap that it names."""
        for each in (self.config_map_ref, self.config_map_key_ref):
            if each is not None and each.name:
                yield each.name


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

    def names(self) -> Iterator[str]:
        """Yield the ConfigMaps that it shows."""
        sources = (self.projected.sources or []) if self.projected is not None else []
        for each in (self.config_map, *(source.config_map for source in sources)):
            if each is not None and each.name:
                yield each.name


def describe_live(pod: Pod, identity: PodIdentity) -> PodView:
    """Return a pod as correlation reads it, with its account and what it reads."""
    view = describe_pod(pod, identity)
    if not isinstance(pod, LivePod):
        return view
    return msgspec.structs.replace(
        view, service_account=pod.spec.service_account_name, config_maps=config_maps_of(pod.spec)
    )


def config_maps_of(spec: LivePodSpec) -> dict[str, bool]:
    """Return the ConfigMaps that a pod reads, and whether it sees their changes while it runs.

    What is read as a variable, mounted by a subPath or by init containers only is as it was when the pod started.
    """
    found = {name: False for each in (*spec.containers, *spec.init_containers) for name in _variables(each)}
    volumes = _decoded(spec.volumes, _Volume)
    mounts = [mount for each in spec.running() if volumes for mount in _decoded(each.raw_mounts, _Mount, b"")]
    followed = {mount.name for mount in mounts if not (mount.sub_path or mount.sub_path_expr)}
    for volume in volumes:
        for name in volume.names():
            found[name] = found.get(name, False) or volume.name in followed
    return dict(islice(found.items(), MAX_READ))


def _variables(container: LiveContainer) -> Iterator[str]:
    """Yield the ConfigMaps that a container reads as variables."""
    variables = (each.value_from for each in _decoded(container.raw_env, _Variable))
    for source in chain(variables, _decoded(container.raw_env_from, _Source)):
        if source is not None:
            yield from source.names()


def _decoded(raw: msgspec.Raw, kind: type[T], word: bytes = _WORD) -> list[T]:
    """Return what a list holds; nothing where the word that matters is not in it, as in most."""
    if word not in bytes(raw):
        return []
    return msgspec.json.decode(raw, type=list[kind] | None) or []  # type: ignore[valid-type]  # built for the given kind
