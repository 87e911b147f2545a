"""Who we are to the API server: in-cluster account or kubeconfig, with tokens reread before they expire."""

import os
import time
from pathlib import Path

import yaml
from kubernetes.aio.client import Configuration
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config

TOKEN_REREAD_S = 60.0
"""A projected token is replaced by the kubelet at 80 % of its life; once a minute is early enough."""

UNUSABLE = (ConfigException, OSError, yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError)
"""What reading a kubeconfig ends with that is missing, cut off, of another form, or names what is missing."""
HOW_TO_LOG_IN = "name a kubeconfig that kubectl works with in NOCTUARY_KUBECONFIG or KUBECONFIG, or run in a pod"


DEFAULT_KUBECONFIG = "~/.kube/config"


def _must_exist(kubeconfig: str) -> None:
    """Raise ConfigException where none of the files is there: the client would miss a key of an empty one."""
    if not any(Path(each).expanduser().exists() for each in kubeconfig.split(os.pathsep) if each):
        raise ConfigException(f"there is no kubeconfig at {kubeconfig}")


def problem_of(error: Exception) -> str:
    """Return what is wrong with a kubeconfig in one line, without what stands in it."""
    if isinstance(error, ConfigException):
        return str(error).splitlines()[0].rstrip(".")
    if isinstance(error, OSError):
        return f"{error.filename or 'a file that it names'} cannot be used ({error.strerror or type(error).__name__})"
    return f"it is no kubeconfig that can be read ({type(error).__name__})"


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
            _must_exist(path or os.environ.get("KUBECONFIG") or DEFAULT_KUBECONFIG)
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
