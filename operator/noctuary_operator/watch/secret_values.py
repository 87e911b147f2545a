"""Values of teams' Secrets: watched by metadata, read once per version, kept no larger and no longer than used."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from noctuary.common.errors import KubernetesError, SecretUnreadable, is_refusal
from noctuary.kube.client import KubeClient
from noctuary_operator.metrics import OperatorMetrics
from noctuary_operator.resources import paths
from noctuary_operator.resources.secret_data import WEBHOOK_SECRET_KEYS, decode_values
from noctuary_operator.watch.cache import ObjectKey
from noctuary_operator.watch.cluster_view import ClusterView

MAX_VALUE_BYTES = 4096
"""The longest value that is kept: tokens and signing secrets have some hundred bytes, a Secret may hold a megabyte."""
FORGET_EVERY = 256
"""Reads until those of Secrets are forgotten that nobody refers to any more."""

Values = dict[str, bytes | None]
"""Values by key; None for one that is longer than `MAX_VALUE_BYTES`."""


class _Secret(msgspec.Struct):
    data: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class _Read:
    version: str
    keys: frozenset[str]
    values: "asyncio.Future[Values | None]"


class SecretValues:
    """Reads a Secret when it is first needed, and once more when its metadata changed."""

    def __init__(self, client: KubeClient, view: ClusterView, metrics: OperatorMetrics) -> None:
        self._client = client
        self._view = view
        self._metrics = metrics
        self._reads: dict[ObjectKey, _Read] = {}
        self._until_forgotten = FORGET_EVERY

    def __len__(self) -> int:
        return len(self._reads)

    async def get(self, namespace: str, name: str, keys: Collection[str]) -> Values | None:
        """Return the values of some keys of a Secret, None when it does not exist.

        Raises SecretUnreadable where it may not be read, and else KubernetesError.
        """
        head = self._view.heads.get(namespace, name)
        if head is None:
            self._reads.pop((namespace, name), None)
            return None
        version = head.metadata.resource_version
        read = self._reads.get((namespace, name))
        if read is None or read.version != version or not read.keys.issuperset(keys) or _failed(read.values):
            self._metrics.secret_reads.inc()
            self._forget_unused()
            wanted = frozenset(keys) | self._view.integrations.keys_of_secret((namespace, name))
            read = _Read(version, wanted, asyncio.create_task(self._read(namespace, name, wanted)))
            self._reads[namespace, name] = read
        return await asyncio.shield(read.values)

    def record_write(self, namespace: str, name: str, version: str, values: dict[str, str]) -> None:
        """Remember what we wrote into a webhook Secret, so that it is not read."""
        known: asyncio.Future[Values | None] = asyncio.get_running_loop().create_future()
        known.set_result({key: value.encode() for key, value in values.items()})
        self._reads[namespace, name] = _Read(version, WEBHOOK_SECRET_KEYS, known)

    async def _read(self, namespace: str, name: str, keys: Collection[str]) -> Values | None:
        try:
            raw = await self._client.get(paths.secrets(namespace, name))
        except KubernetesError as error:
            if error.not_found:
                return None
            if is_refusal(error):
                raise SecretUnreadable(namespace, name, error) from error
            raise
        data = msgspec.json.decode(raw, type=_Secret).data
        found = decode_values({key: text for key, text in data.items() if key in keys})
        return {key: value if len(value) <= MAX_VALUE_BYTES else None for key, value in found.items()}

    def _forget_unused(self) -> None:
        self._until_forgotten -= 1
        if self._until_forgotten > 0:
            return
        unused = [key for key in self._reads if not self._view.integrations.users_of_secret(key)]
        for key in unused:
            del self._reads[key]
        self._until_forgotten = max(FORGET_EVERY, len(self._reads))


def _failed(future: "asyncio.Future[Values | None]") -> bool:
    return future.done() and (future.cancelled() or future.exception() is not None)
