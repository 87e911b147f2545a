"""The logs of a few crashed containers are read, and what they say is told with all crashes of the same kind."""

import asyncio
from collections.abc import Iterable

import msgspec
import pytest

from noctuary.common.errors import KubernetesError
from noctuary.incidents.evidence import last_words
from noctuary.incidents.evidence.last_words import MAX_LOGS, UNREAD, with_last_words
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.models.diagnosis import Diagnosis, Fault, PodView, Relation, ServiceView, Subject, Verdict
from noctuary.models.evidence import AlertSummary, Evidence
from noctuary.models.live_view import LogRequest
from testbed.stage.log_canaries import logs_with_secrets

AT = 1_800_000_000.0
REFUSED = "2026/11/21 10:00:00 dial tcp 10.0.0.5:5432: connect: connection refused"
REASON = "connection_refused 10.0.0.5:5432"


def service(name: str = "pay", relation: Relation = Relation.OWN) -> ServiceView:
    return ServiceView(name, relation, "shop", ["shop"])


def crash(pod: str = "pay-0", workload: str = "pay", at: float = AT, **told: str) -> ContextEvent:
    known = {"reason": "CrashLoopBackOff", "container": "app", "exit_code": "1", "restarts": "3", "template_hash": "h"}
    return ContextEvent(
        id=f"{pod}-{at}",
        tenant="shop",
        source="kubernetes",
        dedup_key=pod,
        service_name=workload,
        vendor="kubernetes",
        entity=pod,
        event_type=EventType.RESTART,
        timestamp=at,
        last_seen=at,
        confidence=0.9,
        ttl_seconds=3600,
        object=ObjectRef("Pod", "shop", pod, workload_kind="Deployment", workload_name=workload),
        details=known | told,
    )


def pods_of(events: Iterable[ContextEvent]) -> list[PodView]:
    return [PodView("shop", event.entity, event.service_name, "h", "node", is_ready=False) for event in events]


class Logs:
    """The logs of a cluster, by pod; what is asked for is kept."""

    def __init__(self, *told: str, failure: Exception | None = None) -> None:
        self._told = list(told)
        self._failure = failure
        self.asked: list[LogRequest] = []

    async def __call__(self, request: LogRequest) -> list[str] | None:
        self.asked.append(request)
        if self._failure is not None:
            raise self._failure
        return (self._told.pop(0) if len(self._told) > 1 else self._told[0]).splitlines() if self._told else None


async def told(
    logs: Logs | None,
    *events: ContextEvent,
    services: tuple[ServiceView, ...] = (service(),),
    known: Evidence | None = None,
) -> tuple[list[str], list[str]]:
    """Return the reasons that events tell afterwards, and the gaps."""
    gaps: list[str] = []
    found = await with_last_words(logs, list(events), list(services), pods_of(events), known, gaps)
    return [event.details.get(details.LOG_REASON, "") for event in found], gaps


def fault() -> Fault:
    """Return the crash as an earlier look has explained it."""
    return Fault(
        kind="bad_flag",
        event_ids=["e"],
        subject=Subject("Deployment", "shop", "pay"),
        service="pay",
        relation=Relation.OWN,
        template_hash="h",
        first=AT,
        last=AT,
        pods=["pay-0"],
        details=crash(log_reason="bad_flag --x").details,
    )


async def test_one_log_tells_for_all_pods_of_a_template() -> None:
    logs = Logs(REFUSED)
    events = [crash(f"pay-{n}", at=AT + n) for n in range(20)]
    assert await told(logs, *events) == ([REASON] * 20, [])
    assert logs.asked == [LogRequest("shop", "pay-19", "app", previous=True)]


async def test_what_ended_once_has_no_run_before_and_its_present_log_is_read() -> None:
    logs = Logs(REFUSED)
    await told(logs, crash(reason="Error", restarts="0"))
    assert logs.asked == [LogRequest("shop", "pay-0", "app", previous=False)]


async def test_where_the_run_before_left_no_log_the_present_one_is_read() -> None:
    logs = Logs("", REFUSED)
    assert await told(logs, crash()) == ([REASON], [])
    assert [request.previous for request in logs.asked] == [True, False]


NOT_READ = [
    ("ended from outside", crash(exit_code="137")),
    ("no crash", crash(reason="ImagePullBackOff")),
    ("told already", crash(log_reason="bad_flag --x")),
    ("of no service of the incident", crash(workload="other")),
    ("an odd container", crash(container="a/../b")),
    ("posted by another system", msgspec.structs.replace(crash(), source="events")),
]


@pytest.mark.parametrize("event", [event for _, event in NOT_READ], ids=[name for name, _ in NOT_READ])
async def test_a_log_that_can_tell_nothing_is_not_asked_for(event: ContextEvent) -> None:
    logs = Logs(REFUSED)
    await told(logs, event)
    assert logs.asked == []


async def test_a_pod_that_is_gone_is_not_asked_for() -> None:
    logs = Logs(REFUSED)
    await with_last_words(logs, [crash()], [service()], [], None, [])
    assert logs.asked == []


async def test_a_handful_is_read_of_the_own_pods_first() -> None:
    services = (service("db", Relation.DEPENDENCY), service())
    events = [crash(f"db-{n}", "db", AT + 9, template_hash=f"d{n}") for n in range(9)]
    logs = Logs(REFUSED)
    await told(logs, *events, crash(), services=services)
    assert (len(logs.asked), logs.asked[0].pod) == (MAX_LOGS, "pay-0")


@pytest.mark.parametrize(("status", "why"), [(403, "refuses to show their logs"), (500, "did not come in time")])
async def test_what_cannot_be_read_is_one_phrase(status: int, why: str) -> None:
    logs = Logs(failure=KubernetesError(status, "Reason", "message"))
    reasons, gaps = await told(logs, *(crash(f"pay-{n}", template_hash=f"h{n}") for n in range(3)))
    assert reasons == ["", "", ""]
    assert [gap.startswith(UNREAD) and why in gap for gap in gaps] == [True]


async def test_a_node_that_does_not_answer_keeps_nothing_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_words, "LOGS_TIMEOUT_S", 0.01)

    async def hang(_request: LogRequest) -> list[str] | None:
        await asyncio.Event().wait()
        return None

    gaps: list[str] = []
    events = [crash()]
    assert await with_last_words(hang, events, [service()], pods_of(events), None, gaps) == events
    assert len(gaps) == 1


async def test_an_odd_answer_is_no_failure() -> None:
    assert await told(Logs(failure=ValueError("odd")), crash()) == ([""], [])


async def test_an_earlier_crash_for_another_reason_stays_untold() -> None:
    reasons, _ = await told(
        Logs(REFUSED), crash(at=AT - 3000), crash(), crash("pay-1", exit_code="2", container="other")
    )
    assert reasons[:2] == ["", REASON]


async def test_what_was_found_is_told_also_when_the_log_is_gone() -> None:
    known = Evidence(Diagnosis(Verdict.CAUSE, AT, AT - 3600, ["pay"], [], background=[fault()]), AlertSummary())
    logs = Logs(REFUSED)
    assert await told(logs, crash(), known=known) == (["bad_flag --x"], [])
    assert logs.asked == []


async def test_no_secret_of_a_log_is_told() -> None:
    leaks = []
    for log, secret in logs_with_secrets():
        (event,) = await with_last_words(Logs(log), [crash()], [service()], pods_of([crash()]), None, [])
        leaks += [log] if secret in str(event) else []
    assert leaks == []
