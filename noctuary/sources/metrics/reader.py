"""From series to what an incident's evidence takes of them, wherever the series came from."""

from noctuary.models.diagnosis import Relation, Subject
from noctuary.models.live_view import MetricsReader, MetricsRequest, MetricsView
from noctuary.models.naming import names_of
from noctuary.sources.metrics.answers import Series
from noctuary.sources.metrics.events import signal_events
from noctuary.sources.metrics.signals import Signal, Workloads, read_signals


def read_view(found: list[Series], asked: MetricsRequest) -> MetricsView:
    """Return the signals of the incident's services that left their level, and whose metrics were seen at all."""
    signals = [each for each in read_signals(found, Workloads(asked.pods, _default(asked))) if _is_asked(each, asked)]
    measured = list(dict.fromkeys(signal.subject for signal in signals))
    return MetricsView(list(signal_events(signals, asked.onset, asked.now)), measured)


def make_recorded_reader(found: list[Series]) -> MetricsReader:
    """Return a reader of series that were recorded."""

    async def read(asked: MetricsRequest) -> MetricsView:
        return read_view(found, asked)

    return read


def _default(asked: MetricsRequest) -> Subject:
    """Return the workload of series that name none: the incident's own first, as far as its pods tell it."""
    own = next((each for each in asked.services if each.relation is Relation.OWN), asked.services[0])
    namespace = next(iter(own.namespaces), "")
    pods = (pod for pod in asked.pods if pod.namespace in own.namespaces)
    found = next((pod for pod in pods if own.name in names_of(pod.labels, pod.service, pod.workload)), None)
    return Subject(found.workload_kind, found.namespace, found.workload) if found else Subject("", namespace, own.name)


def _is_asked(signal: Signal, asked: MetricsRequest) -> bool:
    """Tell whether a signal is of a namespace that the incident's services are in: of others nothing is told."""
    return any(signal.subject.namespace in each.namespaces for each in asked.services)
