"""What a capture says of its incident and its services: those of the integrations, else the workloads there are."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

Json = dict[str, Any]
SERVICE_ID = "CAPTURED"
"""Stands for the PagerDuty service where no integration tells one."""
MAX_SERVICES = 50
"""As many as an integration may map."""
OWNERS = ("Deployment", "StatefulSet", "DaemonSet", "Rollout", "ReplicaSet", "CronJob", "Job", "Pod")
_KEPT = ("name", "pagerDutyServiceID", "selector", "namespaces", "dependsOn")


def services_of(
    objects: Sequence[Json], integrations: Sequence[Json], namespaces: Sequence[str], service: str
) -> list[Json]:
    """Return the mapping of a bundle as spec.services: of one service only, where that is a workload's name."""
    mapped = list(_mapped(integrations, namespaces))
    if mapped:
        return mapped[:MAX_SERVICES]
    found = list(_workloads(objects, namespaces))
    named = [each for each in found if each["name"] == service]
    return (named or found)[:MAX_SERVICES]


def service_of(services: Sequence[Json], service: str, namespace: str) -> Json:
    """Return the incident's service: the one that is named, else the first that the mapping has."""
    known = next((each for each in services if service in (each["name"], each.get("pagerDutyServiceID"))), None)
    meant = known or (services[0] if services else {})
    return {"id": meant.get("pagerDutyServiceID") or SERVICE_ID, "name": service or namespace}


def _mapped(integrations: Sequence[Json], namespaces: Collection[str]) -> Iterator[Json]:
    for each in integrations:
        home = each["metadata"].get("namespace")
        for service in (each.get("spec") or {}).get("services") or []:
            within = [name for name in service.get("namespaces") or [home] if name in namespaces]
            if within:
                kept = {name: service[name] for name in _KEPT if service.get(name)}
                yield {"pagerDutyServiceID": SERVICE_ID} | kept | {"namespaces": within}


def _workloads(objects: Sequence[Json], namespaces: Collection[str]) -> Iterator[Json]:
    found: dict[str, list[str]] = {}
    for kind in OWNERS:
        for obj in objects:
            metadata = obj["metadata"]
            if obj["kind"] == kind and metadata.get("namespace") in namespaces and not metadata.get("ownerReferences"):
                places = found.setdefault(metadata["name"], [])
                if metadata["namespace"] not in places:
                    places.append(metadata["namespace"])
    for name, places in found.items():
        yield {"name": name, "pagerDutyServiceID": SERVICE_ID, "namespaces": places}
