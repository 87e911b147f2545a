"""The last lines of containers that crashed or are not ready, as `kubectl logs` shows them."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from noctuary.common.errors import KubernetesError
from noctuary.common.words import is_label, is_subdomain
from noctuary.kube.client import KubeClient

Json = dict[str, Any]
TAIL_LINES = 50
MAX_LOG_BYTES = 16 * 1024
"""Both as the receiver asks for."""
TEXT = "text/plain, */*"
MAX_LOGS = 50
"""Containers whose logs are read: those of more pods of one template say the same."""
_STATUSES = ("initContainerStatuses", "containerStatuses")


class LogPlace(NamedTuple):
    """One log: of which container, and whether it is that of the run before."""

    namespace: str
    pod: str
    container: str
    is_previous: bool

    @property
    def path(self) -> str:
        """Return the file of the bundle that holds it."""
        return f"{self.namespace}/{self.pod}/{self.container}{'.previous' if self.is_previous else ''}.log"


def places_of(objects: Sequence[Json]) -> list[LogPlace]:
    """Return the logs of containers that are not well: of one that restarted the run before as well."""
    pods = (each for each in objects if each["kind"] == "Pod")
    return [place for pod in pods for place in _places(pod) if is_subdomain(place.pod) and is_label(place.container)]


def _places(pod: Json) -> Iterator[LogPlace]:
    namespace, name = str(pod["metadata"].get("namespace")), str(pod["metadata"].get("name"))
    for field in _STATUSES:
        for status in (pod.get("status") or {}).get(field) or []:
            container, state = str(status.get("name")), status.get("state") or {}
            ended = (state.get("terminated") or {}).get("exitCode", 0) != 0
            if status.get("restartCount"):
                yield LogPlace(namespace, name, container, is_previous=True)
            if ("running" in state and not status.get("ready")) or ended:
                yield LogPlace(namespace, name, container, is_previous=False)


async def read_logs(kube: KubeClient, objects: Sequence[Json], not_read: list[str]) -> dict[LogPlace, str]:
    """Return the logs that could be read, by their place; say of the others why not."""
    found: dict[LogPlace, str] = {}
    wanted = places_of(objects)
    if len(wanted) > MAX_LOGS:
        not_read.append(f"logs of {len(wanted) - MAX_LOGS} more containers")
    for place in wanted[:MAX_LOGS]:
        try:
            found[place] = (await kube.get(_path(place), query=_query(place), accept=TEXT)).decode(errors="replace")
        except KubernetesError as error:
            not_read.append(f"log {place.path}: {error.reason or error.status}")
    return found


def _path(place: LogPlace) -> str:
    return f"/api/v1/namespaces/{place.namespace}/pods/{place.pod}/log"


def _query(place: LogPlace) -> dict[str, str | int]:
    previous = {"previous": "true"} if place.is_previous else {}
    return {"container": place.container, "tailLines": TAIL_LINES, "limitBytes": MAX_LOG_BYTES, **previous}
