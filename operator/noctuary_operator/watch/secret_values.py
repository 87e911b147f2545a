"""Values of the Secrets that users refer to: watched by metadata, read once per version, shared by all who refer."""

import asyncio
from dataclasses import dataclass

import msgspec

from noctuary.common.errors import KubernetesError
from noctuary.kube.client import KubeClient
from noctuary_operator.metrics import OperatorMetrics
from noctuary_operator.resources import paths
from noctuary_operator.resources.objects import SecretHead
from noctuary_operator.resources.secret_data import decode_values
from noctuary_operator.watch.cache import Cache, ObjectKey


class _Secret(msgspec.Struct):
    data: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class _Read:
    version: str
    values: "asyncio.Task[dict[str, bytes] | None]"


class SecretValues:
    """Reads a Secret when it is first needed, and once more when its metadata changed."""

    def __init__(self, client: KubeClient, heads: Cache[SecretHead], metrics: OperatorMetrics) -> None:
        self._client = client
        self._heads = heads
        self._metrics = metrics
        self._reads: dict[ObjectKey, _Read] = {}

    async def get(self, namespace: str, name: str) -> dict[str, bytes] | None:
        """Return the values of a Secret, None when it does not exist; raise KubernetesError."""
        head = self._heads.get(namespace, name)
        if head is None:
            self._reads.pop((namespace, name), None)
            return None
        version = head.metadata.resource_version
        read = self._reads.get((namespace, name))
        if read is None or read.version != version or _failed(read.values):
            self._metrics.secret_reads.inc()
            read = _Read(version, asyncio.create_task(self._read(namespace, name)))
            self._reads[namespace, name] = read
        return await asyncio.shield(read.values)

    async def _read(self, namespace: str, name: str) -> dict[str, bytes] | None:
        try:
            raw = await self._client.get(paths.secrets(namespace, name))
        except KubernetesError as error:
            if error.not_found:
                return None
            raise
        return decode_values(msgspec.json.decode(raw, type=_Secret).data)


def _failed(task: "asyncio.Task[dict[str, bytes] | None]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
