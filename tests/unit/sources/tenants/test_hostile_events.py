"""Events whose every field somebody chose: they cost little, leave little behind, and are about what can exist."""

import time
from typing import Any

import msgspec
import pytest

from noctuary.common.redaction import without_secrets
from noctuary.common.text import MESSAGE_LIMIT, cut
from noctuary.models import details
from noctuary.sources.kubernetes.draft import MESSAGE_CHARACTERS
from noctuary.sources.kubernetes.words.warning_words import read_warning
from tests.unit.sources.cases.events import ABOUT, warning
from tests.unit.sources.cases.pods import pod
from tests.unit.sources.test_event_facts import Watches

HUGE = 900_000
"""Characters that the API server takes in one Event."""
AT_MOST_CPU_S = 0.5
"""Of the processor, for one such Event: what is unbounded takes minutes; what is cut, milliseconds."""
SEEDS = [
    "chdir to cwd (a)",
    "spec.containers{",
    'exec: "a b": stat ',
    "exec lifecycle hook (",
    "Mounting arguments: ",
    "://a:",
    "a:b@",
    "?a=",
    'password="',
    "token:a",
    " --a-a-key",
    "authorization: ",
    "bearer 1",
    "-----BEGIN PRIVATE KEY-----",
    "eyJaaaaaaaa.",
    "exceeded quota: a limited: ",
    'secret "',
    "external metric a/",
    'Liveness probe failed: command "',
]


def about(**fields: Any) -> dict[str, Any]:
    return {"involvedObject": ABOUT | fields}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_huge_message_blocks_nothing(seed: str) -> None:
    message = (seed * HUGE)[:HUGE]
    watches, began = Watches(pod({})), time.process_time()
    for reason in ("Failed", "Unhealthy", "FailedMount"):
        watches.see("events", warning(reason, message, metadata={"name": reason, "namespace": "shops", "uid": reason}))
    assert time.process_time() - began < 3 * AT_MOST_CPU_S


@pytest.mark.parametrize(
    "odd",
    [
        {"reason": "x" * 129},
        about(name="x" * 254),
        about(name="p; kubectl delete ns shops"),
        about(uid="u" * 254),
        about(kind="kubectl delete ns"),
        about(namespace="payments"),
        about(fieldPath="spec.containers{" * 30),
    ],
    ids=["reason", "long name", "odd name", "uid", "kind", "namespace", "field path"],
)
def test_an_event_with_an_odd_field_is_not_read(odd: dict[str, Any]) -> None:
    assert Watches(pod({})).see("events", warning("FailedMount", "no") | odd) == []


def test_an_event_that_turns_odd_is_forgotten_with_its_end() -> None:
    watches = Watches(pod({}))
    watches.see("events", warning("FailedMount", "no"))
    watches.see("events", warning("FailedMount", "no", **about(name="x" * 254)), "DELETED")
    assert len(watches.see("events", warning("FailedMount", "no"))) == 1


@pytest.mark.parametrize("name", ["system:node-proxier", "Node.Internal-1", "a" * 253])
def test_names_that_some_kinds_have_are_read(name: str) -> None:
    told = warning("Odd", "no", **about(kind="ClusterRole", name=name, uid="r"))
    assert [event.entity for event in Watches().see("events", told)] == [name]


def test_of_a_huge_event_little_is_kept() -> None:
    told = warning("Odd", "y z " * HUGE, metadata={"name": "e", "namespace": "shops", "uid": "e"})
    (event,) = Watches(pod({})).see("events", told)
    assert len(msgspec.json.encode(event)) < 2 * MESSAGE_LIMIT


@pytest.mark.parametrize("reason", ["Odd", "Failed", "FailedCreate", "FailedScheduling", "Evicted"])
def test_no_analyzer_gets_more_of_a_message_than_is_kept(reason: str) -> None:
    (event,) = Watches(pod({})).see("events", warning(reason, ("failed calling webhook " * HUGE)[:HUGE]))
    assert len(event.details[details.MESSAGE]) <= MESSAGE_CHARACTERS


def test_what_was_read_is_kept_only_cut() -> None:
    read_warning.cache_clear()
    Watches(pod({})).see("events", warning("Odd", "y z " * HUGE))
    cached = read_warning.cache_info().hits
    read_warning("Odd", cut("y z " * HUGE), "Pod", ABOUT["name"], ABOUT["fieldPath"])
    assert read_warning.cache_info().hits == cached + 1


def test_a_cut_goes_through_no_word() -> None:
    secret = "https://bob:" + "hunter2" * 200 + "@reg.example.com/v2/"
    for padding in range(0, 2000, 100):
        assert "hunter2" not in without_secrets("x " * (700 + padding // 2) + secret + " y" * 1200)


def test_the_end_of_a_long_message_is_kept() -> None:
    (event,) = Watches(pod({})).see("events", warning("FailedCreatePodSandBox", "x " * HUGE + "no IP addresses left"))
    assert event.details[details.MESSAGE].endswith("no IP addresses left")
