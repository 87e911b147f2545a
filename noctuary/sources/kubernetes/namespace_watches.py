"""The watches of one namespace, or of the whole cluster, and what they feed."""

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any, Protocol, TypeVar

from noctuary.common.errors import KubernetesError, is_refusal
from noctuary.kube.reflector import Health, Reflector, Sink
from noctuary.sources.kubernetes.changes.states import ObjectStates
from noctuary.sources.kubernetes.kinds.registry import WATCHED_KINDS
from noctuary.sources.kubernetes.rollouts.tracker import RolloutTracker
from noctuary.sources.kubernetes.watched_kind import SinkContext
from noctuary.sources.kubernetes.writer import EventQueue
from noctuary.store.rows import Baseline

T = TypeVar("T")

STRAGGLERS_S = 30.0
"""So long Events wait for what fails to be listed, once anything was answered: they tell faults also without it."""
ROLLOUT_KINDS = frozenset(each.kind.__name__ for each in WATCHED_KINDS if each.feeds_rollouts)


class MakeReflector(Protocol):
    """Makes the watch of one resource."""

    def __call__(self, path: str, kind: type[T], sink: Sink[T], field_selector: str = "") -> Reflector[T]:
        """Return it."""


class NamespaceWatches:
    """The watches of one namespace; of all, and of what belongs to none, where it is empty."""

    def __init__(
        self,
        namespace: str,
        make: MakeReflector,
        queue: EventQueue,
        baselines: list[Baseline],
        unwatched: Collection[str] = (),
        *,
        reads_past: bool = False,
    ) -> None:
        """Make the watches; `reads_past`: Events of before the first start are reported as well."""
        self.namespace = namespace
        tracker = RolloutTracker(queue, baselines, ROLLOUT_KINDS, namespace)
        if reads_past:
            tracker.first_started_at = 0.0
        context = SinkContext(queue, tracker, objects=ObjectStates(baselines, namespace))
        kinds = [
            each
            for each in WATCHED_KINDS
            if (each.is_namespaced or not namespace) and not (each.is_optional and each.resource in unwatched)
        ]
        self._watches: dict[str, Reflector[Any]] = {
            each.name: make(each.path(namespace), each.kind, each.make_sink(context), each.field_selector)
            for each in kinds
        }
        for each in kinds:
            if each.may_be_absent:
                self._watches[each.name].expect_absence()
        self._optional = {each.name for each in kinds if each.is_optional}
        self._last = {each.name for each in kinds if each.starts_last}

    @property
    def health(self) -> dict[str, Health]:
        """The health of each watch by resource; of a single namespace by NAMESPACE/resource."""
        prefix = f"{self.namespace}/" if self.namespace else ""
        return {prefix + resource: each.health for resource, each in self._watches.items()}

    @property
    def refused(self) -> set[str]:
        """The watches, as in `health`, that the API server does not allow now."""
        return {name for name, health in self.health.items() if is_refusal(health.last_error)}

    @property
    def is_closed(self) -> bool:
        """Whether a single namespace is all closed to us: it does not exist, or grants us nothing."""
        absent = sum(each.health.is_absent for each in self._watches.values())
        return bool(self.namespace and self.refused) and len(self.refused) + absent == len(self._watches)

    async def list_all(self) -> None:
        """List everything once, without watching, in the order of `runs`. Raises KubernetesError."""
        for name in sorted(self._watches, key=lambda name: name in self._last):
            try:
                await self._watches[name].list_once()
            except KubernetesError as error:
                if name not in self._optional or not error.not_found:
                    raise

    def runs(self) -> list[Coroutine[Any, Any, None]]:
        """Return what runs for ever."""
        first = [each for name, each in self._watches.items() if name not in self._last]
        last = [self._watches[name] for name in self._last]
        return [*(each.run() for each in first), *(_run_after(first, each) for each in last)]


async def _run_after(others: list[Reflector[Any]], last: Reflector[Any]) -> None:
    """Begin to watch when the others have been listed; what is refused, or fails for long, holds up nothing."""
    answers = [asyncio.create_task(each.health.answered.wait()) for each in others]
    try:
        await asyncio.wait(answers, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait(answers, timeout=STRAGGLERS_S)
    finally:
        for each in answers:
            each.cancel()
    await last.run()
