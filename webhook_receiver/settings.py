"""What the receiver is told from outside: environment variables that begin with NOCTUARY_."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from noctuary.common.setting_types import Names
from webhook_receiver.deps import ROUTING_MAX_AGE_S

Port = Annotated[int, Field(ge=0, le=65535)]


class ReceiverSettings(BaseSettings):
    """All settings of the receiver."""

    model_config = SettingsConfigDict(env_prefix="NOCTUARY_", frozen=True)

    data_dir: Path
    """Where the store is kept: a local disk or a block volume, never a network file system."""
    release_namespace: str = "noctuary"
    """The namespace whose routing records are served."""
    host: str = "0.0.0.0"  # noqa: S104 - a pod is reached by its own address
    """The address that both ports listen on."""
    public_port: Port = 8080
    """Webhooks and events; 0 takes a free port."""
    internal_port: Port = 8081
    """Health, metrics and the operator's questions; never routed from outside. 0 takes a free port."""
    port_file: Path | None = None
    """Where the ports that were taken are written, as JSON."""
    routing_max_age_s: Annotated[float, Field(ge=1)] = ROUTING_MAX_AGE_S
    """Webhooks are answered 503 when the routing records could not be confirmed for this long."""
    kubeconfig: Path | None = None
    watch_cluster: bool = True
    """Whether changes of the cluster are watched; off where another process or nobody does."""
    watch_namespaces: Names = ()
    """Namespaces that are looked at; empty: all, and the nodes. With a list nothing is asked for cluster-wide."""
    log_level: str = "info"
