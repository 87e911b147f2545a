"""Which workloads run together: those that age together first, no wave with more pods than the machine bears."""

from collections.abc import Sequence

from testbed.live.scenario import Scenario

WAVE_PODS = 40
"""Pods at once on two cores."""


def waves(scenarios: Sequence[Scenario], most_pods: int = WAVE_PODS) -> list[list[Scenario]]:
    """Pack scenarios into waves in their order, aged and fresh ones apart."""
    packed: list[list[Scenario]] = []
    for age in (True, False):
        wave: list[Scenario] = []
        for scenario in (each for each in scenarios if each.age is age):
            if wave and sum(each.pods for each in (*wave, scenario)) > most_pods:
                packed.append(wave)
                wave = []
            wave.append(scenario)
        packed += [wave] if wave else []
    return packed
