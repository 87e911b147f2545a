"""The last lines of a container, read from the API server, which asks the kubelet."""

from collections.abc import Collection
from urllib.parse import quote

from noctuary.common.errors import KubernetesError
from noctuary.kube.client import KubeClient
from noctuary.models.live_view import LogReader, LogRequest

TAIL_LINES = 50
"""Lines from the end: a stack trace and what was said before it."""
LIMIT_BYTES = 16 * 1024
"""Of one answer. The kubelet counts them from the first of these lines on, so that long lines hide the last ones."""
FEW_LINES = 8
"""How many are asked for anew where the lines are that long."""
ANY = "*/*"
NO_LOG = frozenset({400, 404})
"""The pod is gone, or the container did not run before, or not yet."""


def make_log_reader(kube: KubeClient, watched: Collection[str] = ()) -> LogReader:
    """Return what reads the end of a container's log; with `watched` it asks in these namespaces only."""

    async def read(request: LogRequest) -> list[str] | None:
        """Read it now; raises KubernetesError. None where there is none."""
        if watched and request.namespace not in watched:
            return None
        try:
            raw = await _read(kube, request, TAIL_LINES)
            if len(raw) >= LIMIT_BYTES:
                raw = await _read(kube, request, FEW_LINES) or raw
        except KubernetesError as error:
            if error.status in NO_LOG:
                return None
            raise
        return raw.decode(errors="replace").splitlines()

    return read


async def _read(kube: KubeClient, request: LogRequest, lines: int) -> bytes:
    path = f"/api/v1/namespaces/{quote(request.namespace, safe='')}/pods/{quote(request.pod, safe='')}/log"
    query = {
        "container": request.container,
        "previous": str(request.previous).lower(),
        "tailLines": str(lines),
        "limitBytes": str(LIMIT_BYTES),
    }
    return await kube.get_within(path, 2 * LIMIT_BYTES, query=query, accept=ANY) or b""
