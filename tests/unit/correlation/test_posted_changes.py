"""Changes that others post, held against what the cluster shows: whoever posts of anything changes no true answer."""

from typing import Any

import pytest

from noctuary.correlation.score import counts_as_likely
from noctuary.models.context_event import ContextEvent, EventType
from testbed.correlation_world import Blame, diagnose, fault, named, pod, posted, ranked, rollout

OOM = [fault(-30, "OOMKilled", "old", last=-30)]


def deploy(at: float, **more: Any) -> ContextEvent:
    return posted(EventType.DEPLOY, at, **more)


def to_nothing(at: float = 120, **more: Any) -> ContextEvent:
    return posted(EventType.SCALE_EVENT, at, old_value="2", new_value="0", **more)


CRASHING = [pod("old", ready=False, restarts=3, created_at=1.0)]
CASES = [
    Blame(
        "the rollout of the very template explains its pods, whatever was posted after it",
        [rollout(120), fault(90), deploy(100, new_value="9.9", vendor="other", entity="acme/other")],
        "rollout pay new",
        is_likely=True,
    ),
    Blame(
        "a posted deploy that no rollout shows may be why pods crash, and is not likely",
        [deploy(120), fault(90, template="old", last=0)],
        "rollout pay",
        is_likely=False,
    ),
    Blame(
        "what tells by itself why it fails is not the posted deploy's",
        [deploy(120), fault(90, "ImagePullBackOff", "old", last=0)],
        "image_pull pay",
        is_likely=True,
    ),
    Blame(
        "a service that was scaled to nothing, as posted, is down for it",
        [to_nothing()],
        "change pay",
        is_likely=True,
        pods=[],
    ),
    Blame(
        "what was posted as scaled to nothing is not where its pods are older than that",
        [to_nothing(), fault(90, template="old", last=0)],
        "crash_loop pay",
        is_likely=False,
        pods=CRASHING,
    ),
    Blame(
        "another thing that was posted as scaled to nothing is no cause of pods that crash",
        [to_nothing(entity="batch-report"), fault(90, template="old", last=0)],
        "crash_loop pay",
        is_likely=False,
        pods=CRASHING,
    ),
    Blame(
        "what is posted with doubt is no cause of pods that crash",
        [to_nothing(confidence=0.2), fault(90, template="old", last=0)],
        "crash_loop pay",
        is_likely=False,
    ),
    Blame(
        "a dependency that another posted as scaled to nothing takes no blame off who runs out of memory",
        [to_nothing(service="postgres", entity="x"), *OOM],
        "out_of_memory pay",
        is_likely=True,
        pods=CRASHING,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.sentence for case in CASES])
def test_what_is_blamed(case: Blame) -> None:
    diagnosis = diagnose(case.events, case.pods)
    is_likely = counts_as_likely(diagnosis.causes[0])
    assert (named(diagnosis), is_likely) == (case.blamed, case.is_likely)


def test_deploys_of_two_things_are_no_row_of_mendings() -> None:
    events = [deploy(200, entity="acme/one"), fault(190, template="old", last=0)]
    events += [deploy(100, entity="acme/two", new_value="9"), fault(90, "Unhealthy", "old", pod=1, last=0)]
    assert [aside.why for aside in diagnose(events).set_aside] == []


def test_the_scaling_of_another_thing_takes_no_deploy_away() -> None:
    events = [deploy(900, entity="acme/one"), to_nothing(800, entity="acme/two")]
    whys = [aside.why for aside in diagnose(events, [pod("old")]).set_aside]
    assert not any("scaled to 0" in why for why in whys)


def test_a_scaling_to_nothing_that_its_ready_pods_deny_is_ruled_out() -> None:
    diagnosis = diagnose([to_nothing()], [pod("old", created_at=1.0)])
    assert [aside.why for aside in diagnosis.set_aside] == ["pods of it that are older are still there"]


DOUBTED: dict[str, Any] = {"confidence": 0.01, "vendor": "other"}
FLAG = posted(EventType.FLAG_CHANGE, 240, entity="new-checkout", old_value="off", new_value="on")


@pytest.mark.parametrize(
    ("events", "doubted"),
    [
        ([rollout(1200)], posted(EventType.SATURATION, 60, new_value="busy", **DOUBTED)),
        ([FLAG], posted(EventType.FLAG_CHANGE, 200, entity="new-checkout", new_value="off", **DOUBTED)),
        ([deploy(240)], posted(EventType.DEPLOY, 200, old_value="2", new_value="1", **DOUBTED)),
    ],
)
def test_what_its_own_teller_doubts_acquits_nothing(events: list[ContextEvent], doubted: ContextEvent) -> None:
    alone, beside = (ranked(diagnose(told, [pod("new", age=1100)]))[0] for told in (events, [*events, doubted]))
    assert (beside.change, beside.score) == (alone.change, alone.score)
