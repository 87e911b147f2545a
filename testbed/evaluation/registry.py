"""All scenarios, by family."""

from testbed.evaluation.families import (
    access,
    dependencies,
    images,
    jobs,
    lastwords,
    networking,
    nodes,
    outside,
    probes,
    releases,
    resources,
    scaling,
    settings,
    storage,
    told,
)
from testbed.evaluation.scenario import Scenario

FAMILIES = (
    access,
    dependencies,
    images,
    jobs,
    lastwords,
    networking,
    nodes,
    outside,
    probes,
    releases,
    resources,
    scaling,
    settings,
    storage,
    told,
)
SCENARIOS: list[Scenario] = [scenario for family in FAMILIES for scenario in family.SCENARIOS]
