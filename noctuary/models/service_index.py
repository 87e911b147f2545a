"""Which of several services an object belongs to: by its labels where the service has some, else by name."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from noctuary.models.diagnosis import PodView, ServiceView
from noctuary.models.naming import names_of

_Pair = tuple[str, str]


class ServiceIndex:
    """Finds the first of some services that an object is of; the time does not grow with the number of services."""

    def __init__(self, services: Iterable[ServiceView]) -> None:
        self.services = list(services)
        self._by_name: dict[_Pair, int] = {}
        self._by_any_name: dict[_Pair, int] = {}
        self._by_label: dict[str, dict[_Pair, list[int]]] = {}
        usual = Counter(pair for service in self.services for pair in service.match_labels.items())
        for rank, service in enumerate(self.services):
            for namespace in service.namespaces:
                self._by_any_name.setdefault((namespace, service.name), rank)
                if not service.match_labels:
                    self._by_name.setdefault((namespace, service.name), rank)
                else:  # a label that few ask for leaves few to compare
                    rarest = min(service.match_labels.items(), key=lambda pair: (usual[pair], pair))
                    self._by_label.setdefault(namespace, {}).setdefault(rarest, []).append(rank)

    def rank(self, namespace: str, labels: Mapping[str, str], names: Iterable[str]) -> int | None:
        """Return which service, by its place, an object with these labels and names is of; None: of none."""
        return min(self._ranks(namespace, labels, names), default=None)

    def rank_by_name(self, namespace: str, names: Iterable[str]) -> int | None:
        """Return which service bears one of these names, also of those that have labels."""
        return min(_found(self._by_any_name, namespace, names), default=None)

    def names(self, pod: PodView) -> set[str]:
        """Return the names of all services that a pod is of."""
        names = names_of(pod.labels, pod.service, pod.workload or pod.name)
        return {self.services[rank].name for rank in self._ranks(pod.namespace, pod.labels, names)}

    def _ranks(self, namespace: str, labels: Mapping[str, str], names: Iterable[str]) -> list[int]:
        return [*self._selecting(namespace, labels), *_found(self._by_name, namespace, names)]

    def _selecting(self, namespace: str, labels: Mapping[str, str]) -> Iterator[int]:
        by_label = self._by_label.get(namespace)
        if by_label is None:
            return
        for pair in labels.items():
            for rank in by_label.get(pair, ()):
                if self.services[rank].match_labels.items() <= labels.items():
                    yield rank


def _found(ranks: Mapping[_Pair, int], namespace: str, names: Iterable[str]) -> list[int]:
    return [rank for name in names if (rank := ranks.get((namespace, name))) is not None]
