"""What a diagnosis costs: counted in calls, so that many services, changes or faults do not multiply each other."""

import pytest

from noctuary.correlation.change_checks import _is_whole
from noctuary.correlation.effects.rollouts import rollout_explains
from noctuary.correlation.taken_back import leads_back
from noctuary.correlation.versions import breaks_old_pods
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.models.diagnosis import Relation, ServiceView
from testbed.correlation_world import OWN, diagnose, fault, posted, rollout
from tests.unit.call_counts import calls_of

PASSES = 5


def services(count: int) -> list[ServiceView]:
    return [OWN, *(ServiceView(f"s{n}", Relation.DEPENDENCY, "team", ["payments"]) for n in range(1, count))]


def names(count: int) -> list[str]:
    return [service.name for service in services(count)]


def rollouts(of: str, count: int) -> list[ContextEvent]:
    return [
        rollout(60 * n + 10, f"t{n}", of, facts={details.PREVIOUS_TEMPLATE_HASH: f"t{n + 1}"}) for n in range(count)
    ]


@pytest.mark.parametrize("count", [1, 20])
def test_a_return_is_looked_for_once_and_among_the_rollouts_of_its_workload(count: int) -> None:
    events = [event for name in names(count) for event in rollouts(name, 12)]
    with calls_of(leads_back) as made:
        diagnose(events, services=services(count))
    assert len(made) <= count * 12 * 11 / 2


@pytest.mark.parametrize("count", [1, 20])
def test_a_fault_is_held_against_the_changes_of_its_own_service_only(count: int) -> None:
    events = [event for name in names(count) for event in rollouts(name, 12)]
    events += [fault(60 * n + 5, template=f"t{n}", workload=name, pod=n) for name in names(count) for n in range(12)]
    with calls_of(rollout_explains) as made:
        diagnose(events, services=services(count))
    assert len(made) <= count * PASSES * 12 * 13


def test_the_pods_of_a_fault_are_looked_at_once_however_many_settings_came_before_it() -> None:
    events = [posted(EventType.FLAG_CHANGE, 100 + n, entity=f"flag-{n}") for n in range(30)]
    events += [fault(90, template=f"t{n}", pod=n, last=0) for n in range(10)]
    with calls_of(_is_whole) as looks:
        diagnose(events, [])
    assert len(looks) <= PASSES * 10


def test_a_rollout_is_held_against_the_faults_of_its_own_workload_only() -> None:
    events = [event for name in names(20) for event in rollouts(name, 12)]
    events += [fault(60 * n + 5, template=f"x{n}", workload=name, pod=n) for name in names(20) for n in range(12)]
    with calls_of(breaks_old_pods) as made:
        diagnose(events, services=services(20))
    assert len(made) <= 20 * PASSES * 3 * 12 * 13
