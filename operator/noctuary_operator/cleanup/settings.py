"""The settings of the clean-up: environment variables that begin with NOCTUARY_."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from noctuary.common.setting_types import Names


class CleanupSettings(BaseSettings):
    """All settings of the clean-up; lists are separated by commas or written as JSON."""

    model_config = SettingsConfigDict(env_prefix="NOCTUARY_", frozen=True)

    release_namespace: str = "noctuary"
    """The namespace that is cleaned."""
    stop_workloads: Names = ()
    """What is scaled to zero first, as deployments/NAME or statefulsets/NAME; one that is gone already is no error."""
    cleanup_wait_s: Annotated[float, Field(gt=0)] = 90.0
    """How long to wait for the workloads to stop and for the operator's Lease: a killed one expires in 15 s."""
    lease_name: str = "noctuary-operator"
    kubeconfig: Path | None = None
    log_level: str = "info"
