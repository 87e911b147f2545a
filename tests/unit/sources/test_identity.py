"""Whose an object is, what the platform's words say, and the form that events are kept in."""

import msgspec
import pytest

from noctuary.common.clock import parse_time
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.draft import MESSAGE_CHARACTERS, clamp
from noctuary.sources.kubernetes.fault_words import missing_object
from noctuary.sources.kubernetes.kinds.events import Event, warning_event
from noctuary.sources.kubernetes.kinds.pods import identify_pod, pod_faults
from noctuary.sources.kubernetes.reported import ReportedEvents
from tests.unit.sources.cases.events import warning
from tests.unit.sources.cases.pods import LABELS, decoded, ended, pod, running

NOW = parse_time("2026-11-21T10:05:00Z")


def warn(message: str, **more: object) -> ContextEvent:
    (event,) = warning_event(msgspec.convert(warning("FailedMount", message, **more), Event), lambda _: None)
    return event


@pytest.mark.parametrize(
    ("message", "kind", "name", "key"),
    [
        ('configmap "settings" not found', "ConfigMap", "settings", None),
        ('secret "db" not found', "Secret", "db", None),
        ("couldn't find key url in ConfigMap shops/settings", "ConfigMap", "settings", "url"),
        ("couldn't find key password in Secret shops/db", "Secret", "db", "password"),
    ],
)
def test_the_kubelet_s_words_name_what_is_missing(message: str, kind: str, name: str, key: str | None) -> None:
    found = missing_object(message)
    assert (found[details.MISSING_KIND], found[details.MISSING_NAME]) == (kind, name)
    assert found.get(details.MISSING_KEY) == key


def test_an_unknown_message_names_nothing() -> None:
    assert missing_object("failed to reserve container name") == {}


@pytest.mark.parametrize(
    ("annotations", "labels", "service"),
    [
        ({"noctuary.io/service": "a", "resource.opentelemetry.io/service.name": "b"}, {}, "a"),
        ({"resource.opentelemetry.io/service.name": "b"}, {"app.kubernetes.io/name": "c"}, "b"),
        ({}, {"app.kubernetes.io/name": "c"}, "c"),
        ({"noctuary.io/service": "a" * 254}, {"app.kubernetes.io/name": "c"}, "c"),
        ({}, {}, "shop"),
    ],
)
def test_a_pod_names_its_service(annotations: dict[str, str], labels: dict[str, str], service: str) -> None:
    named = decoded(pod({}, annotations=annotations, labels=labels | LABELS))
    assert identify_pod(named).service_name == service


def test_a_warning_s_message_is_one_bounded_line() -> None:
    message = warn("no\n" * 1000).details[details.MESSAGE]
    assert len(message) == MESSAGE_CHARACTERS
    assert "\n" not in message


@pytest.mark.parametrize("time", ["1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z"])
def test_an_impossible_time_becomes_now(time: str) -> None:
    clamped = clamp(warn("no", lastTimestamp=time, metadata={"name": "e"}), NOW)
    assert (clamped.timestamp, clamped.last_seen, clamped.clamped) == (NOW, NOW, True)


def test_the_same_state_is_reported_once() -> None:
    reported, crashed = ReportedEvents(), decoded(pod(running(ended(1))))
    assert len(reported.filter_new("pod-1", pod_faults(crashed))) == 1
    assert reported.filter_new("pod-1", pod_faults(crashed)) == []
