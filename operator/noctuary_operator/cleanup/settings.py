"""The settings of the clean-up: environment variables that begin with NOCTUARY_."""

from typing import Annotated

from pydantic import Field

from noctuary.common.settings.base import Settings
from noctuary.common.settings.forms import Names


class CleanupSettings(Settings):
    """All settings of the clean-up."""

    stop_workloads: Names = ()
    """What is scaled to zero first, as deployments/NAME or statefulsets/NAME; one that is gone already is no error."""
    cleanup_wait_s: Annotated[float, Field(gt=0)] = 90.0
    """How long to wait for the workloads to stop and for the operator's Lease: a killed one expires in 15 s."""
    lease_name: str = "noctuary-operator"
    """The Lease that an operator at work holds."""
