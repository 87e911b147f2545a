"""Of what a process leaves as its termination message, a fault tells why it ended, and no secret."""

import pytest

from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.kinds.pods import pod_faults
from testbed.stage.log_canaries import logs_with_secrets
from tests.unit.sources.cases.pods import SPEC, decoded, ended, pod, running, waiting
from tests.unit.sources.watched_case import Manifest

LOG = "2026-11-21 10:00:00 INFO starting\n2026-11-21 10:00:01 ERROR listen tcp :8080: bind: address already in use"
SECRETS = list(logs_with_secrets())


def crash(message: str, exit_code: int = 1, policy: str = "File") -> ContextEvent:
    loop: Manifest = pod(running(waiting("CrashLoopBackOff"), ended(exit_code, message=message)))
    container = {"name": "app", "image": "shop:2", "terminationMessagePolicy": policy}
    (event,) = pod_faults(decoded(loop | {"spec": SPEC | {"containers": [container]}}))
    return event


@pytest.mark.parametrize("policy", ["File", "FallbackToLogsOnError"])
def test_a_message_that_says_why_gives_the_reason_and_its_line(policy: str) -> None:
    told = crash(LOG, policy=policy).details
    assert told[details.LOG_REASON] == "address_in_use port 8080"
    assert told[details.MESSAGE] == "listen tcp :8080: bind: address already in use"


@pytest.mark.parametrize(("policy", "told"), [("File", "it did not work"), ("FallbackToLogsOnError", None)])
def test_another_message_is_told_unless_it_is_a_log(policy: str, told: str | None) -> None:
    event = crash("it did not work", policy=policy)
    assert event.details.get(details.MESSAGE) == told
    assert details.LOG_REASON not in event.details


def test_what_a_process_said_before_it_was_killed_is_no_reason() -> None:
    assert details.LOG_REASON not in crash(LOG, exit_code=137).details


def test_there_are_two_hundred_secrets_to_find() -> None:
    assert len({secret for _, secret in SECRETS}) >= 200


@pytest.mark.parametrize("policy", ["File", "FallbackToLogsOnError"])
def test_no_secret_of_a_message_is_kept(policy: str) -> None:
    assert [log for log, secret in SECRETS if secret in str(crash(log, policy=policy))] == []
