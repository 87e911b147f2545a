"""Pod templates, reduced to what a person wants to know when one is replaced by another."""

import hashlib
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec

from noctuary.kube.objects import PodTemplate
from noctuary.sources.kubernetes.rollouts.reads import read_by

INIT_PREFIX = "init container "
"""What the names of init containers begin with in a summary."""
_CONTAINERS = {"containers": "", "initContainers": INIT_PREFIX}
_ALIASES = frozenset({"serviceAccount"})
"""Older names that the API server keeps in step."""
_MADE_LABELS = frozenset({"pod-template-hash", "rollouts-pod-template-hash", "controller-revision-hash"})
"""What controllers add to the templates that they copy."""
_MARKS = frozenset({"labels", "annotations"})
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
TOLD_CHARACTERS = 40
"""Quantities, ports and paths are shorter; a longer one is cut."""
MAX_SUMMARY_BYTES = 16 * 1024
"""Encoded; hundreds of variables fit. A template may have 1.4 MB, and one summary is kept of each revision."""
COARSE_CONTAINERS, COARSE_CHARACTERS = 8, 512
"""Of a template that says more, so many images are kept, so much of each, and of the names that it reads."""
WHOLE = "template"
"""The field that stands for all fields of such a template."""


class _Variable(msgspec.Struct):
    name: str


class _Resources(msgspec.Struct):
    requests: dict[str, Any] | None = None
    limits: dict[str, Any] | None = None


class _ContainerShape(msgspec.Struct, rename="camel"):
    name: str
    image: str = ""
    env: list[_Variable] | None = None
    resources: _Resources | None = None
    ports: list[dict[str, Any]] | None = None
    liveness_probe: dict[str, Any] | None = None
    readiness_probe: dict[str, Any] | None = None
    startup_probe: dict[str, Any] | None = None


class _Shape(msgspec.Struct, rename="camel"):
    """What must be of its type in a template: any controller may keep anything in a ControllerRevision."""

    containers: list[_ContainerShape] | None = None
    init_containers: list[_ContainerShape] | None = None


class ContainerSummary(msgspec.Struct, omit_defaults=True):
    """One container: its image, and short digests of everything else. No value of a variable is kept.

    `told` holds what is no secret, by `<field>.<its name in words>`: sizes, ports, and what probes ask.
    """

    image: str = ""
    env: dict[str, str] = {}
    fields: dict[str, str] = {}
    told: dict[str, str] = {}


class TemplateSummary(msgspec.Struct, omit_defaults=True):
    """One pod template; containers by name, init containers under `init container <name>`.

    `labels` and `annotations` None: an older version wrote this and did not tell them apart. `reads` None: not known.
    """

    containers: dict[str, ContainerSummary] = {}
    fields: dict[str, str] = {}
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    reads: list[str] | None = None
    """The ConfigMaps and Secrets that its pods read, by kind and name."""

    def image(self) -> str:
        """Return the image of the first container, which is the one people mean."""
        return next((container.image for container in self.containers.values()), "")

    def memory_limits(self) -> Iterator[tuple[str, str]]:
        """Return containers with their memory limits."""
        told = ((name, each.told.get("resources.memory limit")) for name, each in self.containers.items())
        return ((name.removeprefix(INIT_PREFIX), limit) for name, limit in told if limit)

    def content(self) -> str:
        """Return a digest of what pods run, without labels and annotations, of which a restart sets one."""
        containers = {name: (each.image, each.env, each.fields) for name, each in self.containers.items()}
        fields = {name: digest for name, digest in self.fields.items() if name not in _MARKS}
        return _digest([containers, fields], "")

    def likeness(self) -> bytes:
        """Return a digest that is the same where pods are alike, also when an older version wrote one of them."""
        containers = {name: (each.image, each.env, each.fields) for name, each in self.containers.items()}
        content = msgspec.json.encode([self.fields, containers], order="deterministic")
        return hashlib.blake2s(content, digest_size=16).digest()


def summarize(template: PodTemplate, salt: str) -> TemplateSummary:
    """Reduce a template to what is compared; digests are salted with the owner's uid, so that equal values differ.

    Raises msgspec.ValidationError for what is no pod template.
    """
    spec = msgspec.json.decode(template.spec, type=dict[str, Any])
    msgspec.convert(spec, type=_Shape)
    summary = TemplateSummary(reads=read_by(spec))
    for field, prefix in _CONTAINERS.items():
        for container in spec.pop(field, None) or []:
            summary.containers[prefix + container["name"]] = _container(container, salt)
    labels = {k: v for k, v in template.metadata.labels.items() if k not in _MADE_LABELS}
    summary.fields = _digests({name: value for name, value in spec.items() if name not in _ALIASES}, salt)
    summary.fields["labels"] = _digest(labels, salt)
    summary.fields["annotations"] = _digest(template.metadata.annotations, salt)
    summary.labels = _digests(labels, salt)
    summary.annotations = _digests(template.metadata.annotations, salt)
    return summary if len(msgspec.json.encode(summary)) <= MAX_SUMMARY_BYTES else _coarse(summary)


def _coarse(summary: TemplateSummary) -> TemplateSummary:
    """Keep the first images, and that anything differs: what differs is not told of a template of that size."""
    containers = islice(summary.containers.items(), COARSE_CONTAINERS)
    marks = {name: digest for name, digest in summary.fields.items() if name in _MARKS}
    return TemplateSummary(
        containers={
            name[:COARSE_CHARACTERS]: ContainerSummary(image=each.image[:COARSE_CHARACTERS])
            for name, each in containers
        },
        fields={WHOLE: summary.content(), **marks},
        reads=[name for name in summary.reads or [] if len(name) <= COARSE_CHARACTERS] or None,
    )


def _container(container: dict[str, Any], salt: str) -> ContainerSummary:
    rest = {name: value for name, value in container.items() if name not in ("name", "image", "env")}
    return ContainerSummary(
        image=container.get("image", ""),
        env={each["name"]: _digest(each, salt) for each in container.get("env") or []},
        fields=_digests(rest, salt),
        told=dict(sorted(_told(rest))),
    )


def _told(container: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    resources = container.get("resources") or {}
    for kind in ("requests", "limits"):
        for name, amount in (resources.get(kind) or {}).items():
            yield f"resources.{name} {kind[:-1]}", str(amount)[:TOLD_CHARACTERS]
    for port in container.get("ports") or []:
        yield f"ports.{port.get('name') or 'port'}", str(port.get("containerPort"))[:TOLD_CHARACTERS]
    for probe in _PROBES:
        for name, value in _asked(container.get(probe) or {}):
            yield f"{probe}.{name}", str(value)[:TOLD_CHARACTERS]


def _asked(probe: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what a probe asks; what a command or a query says may be a secret."""
    yield from ((name, value) for name, value in probe.items() if isinstance(value, int))
    for handler in ("httpGet", "tcpSocket", "grpc"):
        asked = probe.get(handler) or {}
        if "path" in asked:
            yield "path", str(asked["path"]).partition("?")[0]
        if "port" in asked:
            yield "port", asked["port"]


def _digests(values: Mapping[str, Any], salt: str) -> dict[str, str]:
    # Sorted, because the copy of a template in a ControllerRevision has its fields in another order.
    return {name: _digest(values[name], salt) for name in sorted(values)}


def _digest(value: Any, salt: str) -> str:
    # Four bytes show a change, and are too few to guess a value by.
    content = msgspec.json.encode(value, order="deterministic")
    return hashlib.blake2s(content, digest_size=4, key=salt.encode()[:32]).hexdigest()
