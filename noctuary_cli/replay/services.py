"""Which workloads the incident of a recording is about: its mapping, else whatever bears the service's name."""

from collections.abc import Iterator
from typing import Any

import msgspec
from pydantic import ValidationError

from noctuary.common.errors import InvalidInput
from noctuary.incidents.service_mapping import kubernetes_name
from noctuary.models.diagnosis import JOB_KINDS, WORKLOAD_KINDS
from noctuary.models.integration_spec import Service
from noctuary.models.naming import names_of
from noctuary.models.routing_record import ServiceMapping
from noctuary_cli.replay.bundle import Bundle, Json
from noctuary_cli.replay.recorded_cluster import namespace_of

MAX_SERVICES = 50
"""As many as an integration may map."""
OWNERS = WORKLOAD_KINDS | JOB_KINDS | {"Pod", "Rollout", "ReplicaSet"}
"""Kinds that an incident can be about."""
UNNAMED = "unnamed"


class Told(msgspec.Struct, frozen=True):
    """The incident's PagerDuty service, and the mapping that the recording gives."""

    service_id: str
    service_name: str
    services: list[ServiceMapping]


def services_of(bundle: Bundle) -> Told:
    """Return the services of a recording. Raises InvalidInput for a mapping that is not as spec.services."""
    told = bundle.incident.get("service")
    parts: Json = told if isinstance(told, dict) else {"name": told}
    name = str(parts.get("name") or parts.get("summary") or parts.get("id") or UNNAMED)
    known = [_mapping(raw, index, bundle) for index, raw in enumerate(bundle.mapping)]
    service_id = str(parts.get("id") or bundle.incident.get("service_id") or "")
    if not known:
        return Told(service_id, name, list(_by_name(bundle, name)) or _everything(bundle))
    return Told(_mapped_id(known, service_id, name), name, known)


def _mapped_id(known: list[ServiceMapping], service_id: str, name: str) -> str:
    """Return the id by which the mapping means the service; a recording often tells its name only."""
    ids = {each.pagerduty_service_id for each in known} - {None}
    if service_id in ids:
        return service_id
    if name in ids:
        return name
    named = [each for each in known if each.name in (name, kubernetes_name(name))]
    if named and named[0].pagerduty_service_id:
        return named[0].pagerduty_service_id
    return service_id if named or len(ids) != 1 else str(next(iter(ids)))


def _mapping(raw: Any, index: int, bundle: Bundle) -> ServiceMapping:
    try:
        service = Service.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join([f"mapping[{index}]", *(str(part) for part in first["loc"])])
        raise InvalidInput(field, first["msg"].lower(), "compare it with `kubectl explain pdi.spec.services`") from None
    labels = dict(service.selector.match_labels) if service.selector is not None else {}
    namespaces = list(service.namespaces) or _namespaces_with(bundle, service.name, labels) or _namespaces(bundle)
    return ServiceMapping(service.name, service.pager_duty_service_id, labels, namespaces, list(service.depends_on))


def _by_name(bundle: Bundle, name: str) -> Iterator[ServiceMapping]:
    for called in dict.fromkeys((name, kubernetes_name(name))):
        namespaces = _namespaces_with(bundle, called, {})
        if called and namespaces:
            yield ServiceMapping(name=called, namespaces=namespaces)
            return


def _everything(bundle: Bundle) -> list[ServiceMapping]:
    """Return all workloads, as one PagerDuty service for all alerts of a cluster has them."""
    found: dict[str, list[str]] = {}
    for obj in bundle.objects:
        if obj["kind"] in OWNERS - {"ReplicaSet"} and not obj["metadata"].get("ownerReferences"):
            found.setdefault(str(obj["metadata"].get("name")), []).append(namespace_of(obj))
    service_id = UNNAMED
    return [
        ServiceMapping(name, service_id, namespaces=list(dict.fromkeys(namespaces)))
        for name, namespaces in list(found.items())[:MAX_SERVICES]
    ]


def _namespaces_with(bundle: Bundle, name: str, labels: dict[str, str]) -> list[str]:
    """Return the namespaces that hold a workload of this name, or one whose pods have these labels."""
    found = (namespace_of(obj) for obj in bundle.objects if obj["kind"] in OWNERS and _is_of(obj, name, labels))
    return [each for each in dict.fromkeys(found) if each]


def _is_of(obj: Json, name: str, labels: dict[str, str]) -> bool:
    own = _texts(obj["metadata"].get("labels"))
    template = (obj.get("spec") or {}).get("template") if isinstance(obj.get("spec"), dict) else None
    own |= _texts(((template or {}).get("metadata") or {}).get("labels")) if isinstance(template, dict) else {}
    if labels:
        return labels.items() <= own.items()
    return name in names_of(own, str(obj["metadata"].get("name") or ""))


def _texts(told: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in told.items()} if isinstance(told, dict) else {}


def _namespaces(bundle: Bundle) -> list[str]:
    return [each for each in dict.fromkeys(namespace_of(obj) for obj in bundle.objects) if each]
