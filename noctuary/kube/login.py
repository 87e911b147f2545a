"""Who we are to the API server: in-cluster account or kubeconfig, with tokens reread before they expire."""

import os
import time
from pathlib import Path

from kubernetes.aio.client import Configuration
from kubernetes.aio.config import load_incluster_config, load_kube_config

TOKEN_REREAD_S = 60.0
"""A projected token is replaced by the kubelet at 80 % of its life; once a minute is early enough."""


class Login:
    """Loads the client configuration and keeps the Authorization header fresh."""

    def __init__(self, kubeconfig: Path | None = None) -> None:
        self._kubeconfig = kubeconfig
        self._header: str | None = None
        self._read_at = 0.0

    async def configuration(self) -> Configuration:
        """Read the configuration: address, certificate authority and credentials."""
        configuration = Configuration()
        if self._kubeconfig is None and "KUBERNETES_SERVICE_HOST" in os.environ:
            load_incluster_config(client_configuration=configuration)
        else:
            path = str(self._kubeconfig) if self._kubeconfig else None
            await load_kube_config(config_file=path, client_configuration=configuration)
        return configuration

    async def authorization(self) -> str | None:
        """Return the Authorization header, or None where we log in by a client certificate."""
        if time.monotonic() - self._read_at > TOKEN_REREAD_S or self._read_at == 0.0:
            self._header = await (await self.configuration()).get_api_key_with_prefix("BearerToken")
            self._read_at = time.monotonic()
        return self._header

    def expire(self) -> None:
        """Forget the token: the API server refused it."""
        self._read_at = 0.0
