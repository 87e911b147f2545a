"""The watched Namespaces, read one by one: a right inside a namespace allows that, and no watch of all of them."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from noctuary.common.errors import KubernetesError, is_refusal
from noctuary.kube.client import METADATA, KubeClient
from noctuary.kube.reflector import Health
from noctuary.kube.unreadable import UNKNOWN_OR_CLOSED, Unreadable
from noctuary_operator.metrics import OperatorMetrics
from noctuary_operator.resources import paths
from noctuary_operator.resources.objects import NamespaceHead
from noctuary_operator.watch.cache import Cache

POLL_S = 10.0
"""A consent that is given or withdrawn, and a namespace that is made or deleted, are noticed within this time."""
AFTER_FAILURE_S = 1.0
"""The pause after an API server that did not answer: shorter, because it may be back soon."""
REFUSALS_BEFORE_FORGOTTEN = 3
"""An API server that starts refuses for a moment what it will allow; what it keeps refusing counts as gone."""
INCOMPLETE = "this release's Role does not allow to list its Secrets"


class NamespacePoller:
    """Feeds the cache of Namespaces and says which of them cannot be read."""

    def __init__(
        self,
        client: KubeClient,
        cache: Cache[NamespaceHead],
        names: Sequence[str],
        is_refused: Callable[[str], bool],
        metrics: OperatorMetrics,
    ) -> None:
        self._client = client
        self._cache = cache
        self._names = names
        self._is_refused = is_refused
        self._metrics = metrics
        self._refusals = dict.fromkeys(names, 0)
        self.unreadable = Unreadable()
        self.health = Health()

    async def run(self) -> None:
        """Poll; ends only by cancellation."""
        while True:
            answered = await asyncio.gather(*(self._ask(name) for name in self._names))
            if all(answered):
                self.health.confirm()
                self.health.synced.set()
            await asyncio.sleep(POLL_S if all(answered) else AFTER_FAILURE_S)

    async def _ask(self, name: str) -> bool:
        """Ask for one Namespace; return whether there was an answer, be it a refusal."""
        try:
            raw = await self._client.get(f"{paths.NAMESPACES}/{name}", accept=METADATA)
            head = msgspec.json.decode(raw, type=NamespaceHead)
        except KubernetesError as error:
            if error.retryable:
                return False
            self._note_refusal(name, error)
        except msgspec.DecodeError:
            return False  # whatever answered was no API server
        else:
            self._refusals[name] = 0
            self._cache.apply_event("MODIFIED", head)
            self._report(name, INCOMPLETE if self._is_refused(name) else None)
        return True

    def _note_refusal(self, name: str, error: KubernetesError) -> None:
        self._refusals[name] += 1
        known = self._cache.get("", name)
        if known is not None and (error.not_found or self._refusals[name] >= REFUSALS_BEFORE_FORGOTTEN):
            self._cache.apply_event("DELETED", known)
        self._report(
            name, UNKNOWN_OR_CLOSED if is_refusal(error) else "it does not exist" if error.not_found else str(error)
        )

    def _report(self, name: str, problem: str | None) -> None:
        self.unreadable.note(name, problem)
        self._metrics.namespace_served.labels(name).set(problem is None)
