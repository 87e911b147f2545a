"""A canary, or a switch from blue to green, is one release: the old version that goes down is no change of its own."""

import pytest

from noctuary.correlation.deploys.canaries import are_versions
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import PodView, Relation, ServiceView, Subject
from testbed.correlation_world import diagnose, fault, named, pod, ranked, rollout, scaling

APP = {"app": "pay"}
SERVICES = [ServiceView("pay", Relation.OWN, "team", ["payments"], APP)]


def first(at: float, workload: str) -> ContextEvent:
    """Build the first rollout of a workload: nothing of it ran before."""
    made = rollout(at, "c1", workload, labels=APP)
    made.details = {details.IMAGE: "pay:3", details.TEMPLATE_HASH: "c1"}
    return made


def of(workload: str, template: str, number: int = 0, age: float = 9000) -> PodView:
    return pod(template, number, workload=workload, labels=APP, age=age)


def down(at: float, workload: str = "pay", to: str = "1", old: str = "3") -> ContextEvent:
    return scaling(at, old, to, workload, labels=APP)


STABLE = [of("pay", "old", number) for number in range(2)]
CANARY = of("pay-canary", "c1", age=100)
WORLDS: dict[str, tuple[list[ContextEvent], list[PodView], str]] = {
    "a canary beside the old version": ([first(100, "pay-canary")], [*STABLE, CANARY], "rollout pay-canary c1"),
    "the old version goes down as its canary comes up": (
        [first(100, "pay-canary"), down(70)],
        [*STABLE, CANARY],
        "rollout pay-canary c1",
    ),
    "the old version went down first": (
        [down(110), first(100, "pay-canary")],
        [*STABLE, CANARY],
        "rollout pay-canary c1",
    ),
    "green gets its pods, and blue gives up its own": (
        [scaling(100, "0", "3", "pay-green", labels=APP), down(80, "pay-blue", "0")],
        [of("pay-green", "g", age=95)],
        "change pay-green",
    ),
    "a new version of a workload that is called by it": (
        [first(100, "pay-v2"), down(50, "pay-v1", "0")],
        [of("pay-v2", "c1", age=100)],
        "rollout pay-v2 c1",
    ),
}


@pytest.mark.parametrize(("events", "pods", "blamed"), WORLDS.values(), ids=WORLDS)
def test_the_new_version_is_named(events: list[ContextEvent], pods: list[PodView], blamed: str) -> None:
    found = diagnose(events, pods, services=SERVICES)
    assert (named(found), len(ranked(found))) == (blamed, 1)


def test_of_the_old_version_it_is_said_that_it_went_down_for_the_new_one() -> None:
    (aside,) = diagnose([first(100, "pay-canary"), down(70)], [*STABLE, CANARY], services=SERVICES).set_aside
    assert aside.change.subject.name == "pay"
    assert aside.why.endswith("it went down as pay-canary came up")


def test_the_old_version_that_fails_since_it_went_down_is_a_cause_of_its_own() -> None:
    oom = fault(40, "OOMKilled", "old", labels=APP, last=0)
    left = [pod("old", ready=False, labels=APP), CANARY]
    assert named(diagnose([first(1700, "pay-canary"), down(100), oom], left, services=SERVICES)) == "change pay"


def test_a_first_rollout_beside_another_thing_is_still_weak() -> None:
    found = diagnose([first(100, "mailer")], [*STABLE, of("mailer", "c1", age=90)], services=SERVICES)
    assert (found.causes, len(found.weak)) == ([], 1)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (("Deployment", "web"), ("Deployment", "web-canary"), True),
        (("Deployment", "web-v1"), ("Deployment", "web-v2"), True),
        (("Deployment", "web-blue"), ("Deployment", "web-green"), True),
        (("Deployment", "web"), ("Deployment", "web-primary"), True),
        (("ReplicaSet", "web-6d4cf"), ("ReplicaSet", "web-77b9d"), True),
        (("Deployment", "web"), ("Deployment", "web-worker"), False),
        (("StatefulSet", "redis-0"), ("StatefulSet", "redis-1"), False),
        (("Deployment", "web"), ("StatefulSet", "web-canary"), False),
        (("Deployment", "blue"), ("Deployment", "green"), False),
        (("Deployment", "web"), ("Deployment", "web"), False),
    ],
)
def test_versions_of_one_thing_are_told_by_their_names(
    one: tuple[str, str], other: tuple[str, str], *, is_same: bool
) -> None:
    subjects = [Subject(kind, "payments", name) for kind, name in (one, other)]
    assert are_versions(*subjects) is is_same
