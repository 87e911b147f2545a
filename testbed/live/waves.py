"""Which workloads stand and break together: old ones age at the same time; no wave is larger than the machine bears."""

from collections.abc import Iterable, Sequence

from testbed.live.scenario import Scenario

WAVE_PODS = 40
"""Pods that break at once on two cores."""
STANDING_PODS = 90
"""Pods that may stand idle while they age; a node takes 110, its own included."""

Wave = list[Scenario]


def batches(scenarios: Sequence[Scenario], wave_pods: int = WAVE_PODS) -> list[list[Wave]]:
    """Return what is set up together, each batch in the waves in which it is broken: old rollouts first."""
    old = (each for each in scenarios if each.age)
    fresh = (each for each in scenarios if not each.age)
    aging = [_packed(batch, wave_pods) for batch in _packed(old, max(STANDING_PODS, wave_pods))]
    return aging + [[wave] for wave in _packed(fresh, wave_pods)]


def _packed(scenarios: Iterable[Scenario], most_pods: int) -> list[Wave]:
    packed: list[Wave] = []
    for scenario in scenarios:
        if not packed or sum(each.pods for each in packed[-1]) + scenario.pods > most_pods:
            packed.append([])
        packed[-1].append(scenario)
    return packed
