"""The services that objects reach: by the pods that were read, else by the names of what they lead to."""

from collections import defaultdict
from collections.abc import Iterable

from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import PodView
from noctuary.models.naming import names_of
from noctuary.models.reaching.reach import Reach, decoded
from noctuary.models.service_index import ServiceIndex


class ReachedServices:
    """Finds the first service that an object's change reaches; pods of one template are looked at once."""

    def __init__(self, index: ServiceIndex, pods: Iterable[PodView]) -> None:
        self._index = index
        self._pods: dict[str, list[tuple[PodView, int]]] = defaultdict(list)
        alike = {(pod.namespace, pod.workload_kind, pod.workload, pod.template_hash): pod for pod in pods}
        for pod in alike.values():
            names = names_of(pod.labels, pod.service, pod.workload or pod.name)
            rank = index.rank(pod.namespace, pod.labels, names)
            if rank is not None:
                self._pods[pod.namespace].append((pod, rank))

    def rank(self, event: ContextEvent) -> int | None:
        """Return which service, by its place, a change reaches; None: none that is known."""
        reach = reach_of(event.details)
        if reach is None or event.object is None:
            return None
        found = [rank for pod, rank in self._pods.get(event.tenant, ()) if reach.holds(pod)]
        if reach.is_whole:
            found += [rank for rank, each in enumerate(self._index.services) if event.tenant in each.namespaces]
        named = self._index.rank_by_name(event.tenant, [*filter(None, reach.names())])
        return min([*found, *([named] if named is not None else [])], default=None)


def reach_of(told: dict[str, str]) -> Reach | None:
    """Return the reach in the details of an event or a change; None where it is of no such object."""
    return decoded(told[details.REACH]) if details.REACH in told else None
