"""The settings of the clean-up: environment variables that begin with NOCTUARY_."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from noctuary.common.settings.base import Settings
from noctuary.common.settings.forms import Names

_WORKLOAD = re.compile(r"(deployments|statefulsets)/[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


def _workloads(given: tuple[str, ...]) -> tuple[str, ...]:
    wrong = next((each for each in given if _WORKLOAD.fullmatch(each) is None), None)
    if wrong is not None:
        raise ValueError(f"holds {wrong!r}, which is neither deployments/NAME nor statefulsets/NAME")
    return given


class CleanupSettings(Settings):
    """All settings of the clean-up."""

    stop_workloads: Annotated[Names, AfterValidator(_workloads)] = ()
    """What is scaled to zero first, as deployments/NAME or statefulsets/NAME; one that is gone already is no error."""
    cleanup_wait_s: Annotated[float, Field(gt=0)] = 90.0
    """How long to wait for the workloads to stop and for the operator's Lease: a killed one expires in 15 s."""
    lease_name: str = "noctuary-operator"
    """The Lease that an operator at work holds."""
