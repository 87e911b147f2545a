"""The token by which the receiver knows the operator: made once, replaced when it is lost."""

from noctuary.kube.client import KubeClient
from noctuary.models.routing_record import (
    INTERNAL_TOKEN_KEY,
    INTERNAL_TOKEN_SECRET,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    ROLE_INTERNAL_TOKEN,
    ROLE_LABEL,
)
from noctuary_operator.act.apply import FIELD_MANAGER
from noctuary_operator.resources import paths
from noctuary_operator.resources.secret_data import decode_values, encode_values, fresh_secret
from noctuary_operator.watch.cluster_view import ClusterView


class InternalTokenSecret:
    """Keeps the Secret of the internal token in the release namespace."""

    def __init__(self, client: KubeClient, view: ClusterView, release_namespace: str) -> None:
        self._client = client
        self._view = view
        self._namespace = release_namespace

    def value(self) -> str | None:
        """Return the token in the Secret, None while there is none."""
        secret = self._view.labelled.get(self._namespace, INTERNAL_TOKEN_SECRET)
        raw = decode_values(secret.data).get(INTERNAL_TOKEN_KEY, b"") if secret is not None else b""
        return raw.decode("ascii", errors="ignore").strip() or None

    async def ensure(self) -> None:
        """Make the Secret when it is missing or empty."""
        if self.value() is not None:
            return
        manifest = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": INTERNAL_TOKEN_SECRET,
                "namespace": self._namespace,
                "labels": {MANAGED_BY_LABEL: MANAGED_BY, ROLE_LABEL: ROLE_INTERNAL_TOKEN},
            },
            "type": "Opaque",
            "data": encode_values({INTERNAL_TOKEN_KEY: fresh_secret()}),
        }
        path = paths.secrets(self._namespace, INTERNAL_TOKEN_SECRET)
        await self._client.apply(path, manifest, manager=FIELD_MANAGER)
