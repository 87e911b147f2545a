"""Scenes put together from ordinary incidents, each with its truth: what to begin with while few are recorded."""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from noctuary.correlation.observations import gather_observations
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.models.diagnosis import Cause, IncidentContext, PodView, Relation, ServiceView
from testbed.correlation_world import ONSET, fault, node, pod, posted, rollout, scaling
from testbed.fitting.examples import Example, example_of

EACH = 24
"""Scenes of each family."""
OTHERS = [f"svc-{number}" for number in range(40)]
SERVICES = [
    ServiceView("pay", Relation.OWN, "team", ["payments"]),
    ServiceView("postgres", Relation.DEPENDENCY, "team", ["payments"]),
    *(ServiceView(name, Relation.OWN, "team", ["payments"]) for name in OTHERS),
]


class Scene(NamedTuple):
    """What happened, and of which workload the cause is; empty: none of it is the cause."""

    events: list[ContextEvent]
    pods: list[PodView]
    truth: str
    is_dated: bool = False


Family = Callable[[random.Random], Scene]


def _innocents(chance: random.Random, most: int, youngest_s: float = 30.0) -> tuple[list[ContextEvent], list[PodView]]:
    """Return releases that harm nobody, at any time of the hour, of services besides."""
    names = chance.sample(OTHERS, chance.randint(0, most))
    events = [rollout(chance.uniform(youngest_s, 3500), "t", name) for name in names]
    return events, [pod("t", workload=name) for name in names]


def _crashing_release(chance: random.Random) -> Scene:
    at = chance.uniform(60, 1200)
    reason = chance.choice(["CrashLoopBackOff", "ImagePullBackOff", "CreateContainerConfigError", "OOMKilled"])
    events, pods = _innocents(chance, 4)
    return Scene([rollout(at), fault(at - 20, reason, last=0), *events], [pod("new", ready=False), *pods], "pay")


def _misbehaving_release(chance: random.Random) -> Scene:
    """Nothing but its time speaks for it: it answers its probes and fails its callers."""
    events, pods = _innocents(chance, 3, 300)
    return Scene([rollout(chance.uniform(15, 240)), *events], [pod("new"), *pods], "pay", chance.random() < 0.5)


def _one_of_forty(chance: random.Random) -> Scene:
    events = [rollout(chance.uniform(60, 3500), "t", name) for name in OTHERS]
    pods = [pod("t", workload=name) for name in OTHERS]
    return Scene([rollout(chance.uniform(5, 35)), *events], [pod("new"), *pods], "pay", is_dated=True)


def _quiet(chance: random.Random) -> Scene:
    """Traffic, an upstream vendor, a network: nothing here is the cause, whatever was released within the hour."""
    events, pods = _innocents(chance, 3, 60)
    own = [rollout(chance.uniform(120, 3500))] if chance.random() < 0.5 else []
    return Scene([*own, *events], [pod("new" if own else "old"), *pods], "", chance.random() < 0.3)


def _busy_and_innocent(chance: random.Random) -> Scene:
    at = chance.uniform(120, 1500)
    names = chance.sample(OTHERS, chance.randint(5, 12))
    return Scene(
        [rollout(at + n, "t", name) for n, name in enumerate(names)], [pod("t", workload=n) for n in names], ""
    )


def _leak(chance: random.Random) -> Scene:
    events, pods = _innocents(chance, 3)
    first = fault(chance.uniform(20, 200), "OOMKilled", "old", last=0)
    return Scene([first, *events], [pod("old", ready=False), *pods], "pay")


def _old_pods_crash(chance: random.Random) -> Scene:
    """A crash that no change explains: what is wrong is only known by its pods."""
    events, pods = _innocents(chance, 3)
    return Scene(
        [fault(chance.uniform(20, 300), template="old", last=0), *events], [pod("old", ready=False), *pods], "pay"
    )


def _bad_node(chance: random.Random) -> Scene:
    at = chance.uniform(60, 300)
    events, pods = _innocents(chance, 3)
    failing = [fault(at - 30, "Unhealthy", "old", n, node="node-7", last=0) for n in (0, 1)]
    here = [pod("old", n, ready=False, on="node-7") for n in (0, 1)]
    return Scene([node(at), *failing, *events], [*here, *pods], "node-7")


def _scaled_to_nothing(chance: random.Random) -> Scene:
    events, pods = _innocents(chance, 3)
    return Scene([scaling(chance.uniform(20, 900), "3", "0"), *events], pods, "pay")


def _broken_dependency(chance: random.Random) -> Scene:
    at = chance.uniform(60, 900)
    own = [rollout(chance.uniform(60, 3000))] if chance.random() < 0.5 else []
    broken = [rollout(at, "p2", "postgres"), fault(at - 20, template="p2", workload="postgres", last=0)]
    return Scene([*broken, *own], [pod("p2", workload="postgres", ready=False), pod("new")], "postgres")


def _flag(chance: random.Random) -> Scene:
    events, pods = _innocents(chance, 2, 300)
    turned = posted(EventType.FLAG_CHANGE, chance.uniform(15, 200), entity="checkout", old_value="off", new_value="on")
    return Scene([turned, *events], [pod("old"), *pods], "pay")


def _autoscaled(chance: random.Random) -> Scene:
    """The load that an autoscaler follows is not its doing."""
    events, pods = _innocents(chance, 2, 120)
    scaled = scaling(chance.uniform(20, 300), "3", "6", facts={details.BY_AUTOSCALER: "1"})
    return Scene([scaled, *events], [pod("old"), *pods], "")


def _canary(chance: random.Random) -> Scene:
    at = chance.uniform(30, 240)
    first = rollout(at, "c1", "pay-canary", labels={"app.kubernetes.io/name": "pay"})
    first.details = {details.IMAGE: "pay:3", details.TEMPLATE_HASH: "c1"}
    gone = scaling(at - 15, "3", "2")
    named = {"app.kubernetes.io/name": "pay"}
    pods = [pod("c1", workload="pay-canary", labels=named, age=at), pod("old"), pod("old", 1)]
    return Scene([first, gone], pods, "pay-canary")


FAMILIES: list[Family] = [
    _crashing_release,
    _misbehaving_release,
    _one_of_forty,
    _quiet,
    _busy_and_innocent,
    _leak,
    _old_pods_crash,
    _bad_node,
    _scaled_to_nothing,
    _broken_dependency,
    _flag,
    _autoscaled,
    _canary,
]


def scene_examples() -> Iterator[Example]:
    """Yield the examples of all families, the same on each run."""
    for family in FAMILIES:
        for number in range(EACH):
            base = f"{family.__name__.strip('_')}/{number}"
            scene = family(random.Random(base))
            yield _example(base, scene)


def _example(base: str, scene: Scene) -> Example:
    context = IncidentContext(
        SERVICES, ONSET, 3600.0, scene.events, scene.pods, last_event_at=ONSET - 20, is_onset_dated=scene.is_dated
    )

    def grade(cause: Cause) -> int:
        subject = cause.change.subject if cause.change is not None else cause.faults[0].subject
        return int(scene.truth in (subject.name, cause.change.service if cause.change and not subject.kind else ""))

    return example_of(base, gather_observations(context), grade if scene.truth else None)
