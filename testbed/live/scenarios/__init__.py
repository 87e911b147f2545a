"""The workloads, a file per family; `ALL` is every one, in a fixed order."""

from testbed.live.scenario import Scenario
from testbed.live.scenarios import (
    configuration,
    controls,
    dependencies,
    images,
    memory,
    noise,
    owners,
    probes,
    programs,
    rollouts,
    scaling,
    scheduling,
    sets,
)

FAMILIES = (
    images,
    programs,
    rollouts,
    configuration,
    memory,
    probes,
    dependencies,
    scaling,
    scheduling,
    sets,
    owners,
    noise,
    controls,
)
ALL: tuple[Scenario, ...] = tuple(scenario for family in FAMILIES for scenario in family.SCENARIOS)
