"""The watches beside Kopf's: those that all work needs, and those of single namespaces, which may be closed to us."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from noctuary.common.errors import is_refusal
from noctuary.kube.client import METADATA, METADATA_LIST, KubeClient
from noctuary.kube.reflector import Reflector
from noctuary.models.routing_record import ROLE_LABEL
from noctuary_operator.resources import paths
from noctuary_operator.resources.objects import LabelledSecret, SecretHead
from noctuary_operator.watch.cluster_view import ClusterView

STALE_AFTER_S = 120.0
"""A watch that was not confirmed for so long is stuck: its own limit is 40 s, and backoff ends at 15 s."""
POLL_S = 0.05
"""How often we check whether a namespace answered: a refusal sets no event."""


class Watches:
    """All reflectors of the operator; a namespace that refuses us holds nobody else up."""

    def __init__(self, needed: Sequence[Reflector[Any]], single: Mapping[str, Sequence[Reflector[Any]]]) -> None:
        self._needed = needed
        self._single = single

    def start(self) -> list[asyncio.Task[None]]:
        """Start all of them."""
        singles = [each for reflectors in self._single.values() for each in reflectors]
        return [asyncio.create_task(each.run()) for each in (*self._needed, *singles)]

    async def answered(self) -> None:
        """Wait until all that is needed was listed, and each single namespace was listed or refused."""
        await asyncio.gather(*(each.health.synced.wait() for each in self._needed))
        while not all(self.is_filled(name) or self.is_refused(name) for name in self._single):  # noqa: ASYNC110 - a refusal sets no event
            await asyncio.sleep(POLL_S)

    def is_filled(self, namespace: str) -> bool:
        """Whether all of a namespace was listed: before that, what exists there could look missing."""
        return all(each.health.synced.is_set() for each in self._single.get(namespace, ()))

    def is_refused(self, namespace: str) -> bool:
        """Whether the API server refuses something of a namespace at the moment."""
        return any(is_refusal(each.health.last_error) for each in self._single.get(namespace, ()))

    def age_s(self, namespace: str) -> float:
        """Return the seconds since all of a namespace was last known to be current."""
        return max((each.health.age_s() for each in self._single.get(namespace, ())), default=0.0)

    def stuck(self) -> int:
        """Count the watches that are stale; a single namespace that is refused to us is not fixed by a restart."""
        counted = [
            *self._needed,
            *(r for rs in self._single.values() for r in rs if not is_refusal(r.health.last_error)),
        ]
        return sum(each.health.synced.is_set() and each.health.age_s() > STALE_AFTER_S for each in counted)


def labelled_secrets(client: KubeClient, view: ClusterView, release: str) -> Reflector[LabelledSecret]:
    """Return the watch of our Secrets in the release's namespace, where nobody else writes, with their values."""
    sink = view.labelled.scope(release)
    return Reflector(client, paths.secrets(release), LabelledSecret, sink, label_selector=ROLE_LABEL)


def secret_heads(client: KubeClient, view: ClusterView, namespace: str) -> Reflector[SecretHead]:
    """Return the watch of the Secrets of a namespace, of all when it is empty, by metadata."""
    return Reflector(
        client,
        paths.secrets(namespace),
        SecretHead,
        view.heads.scope(namespace),
        accept=METADATA,
        list_accept=METADATA_LIST,
    )
