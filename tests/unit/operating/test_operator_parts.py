"""The small parts of the operator: allow-lists, caches, the queue, backoffs, settings."""

import asyncio
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from noctuary.common.egress.policy import EgressPolicy
from noctuary.common.errors import EgressRefused, KubernetesError, KubernetesUnavailable
from noctuary.models.integration_spec import SecretKeyRef, parse_spec
from noctuary_operator.act.workqueue import WorkQueue
from noctuary_operator.metrics import OperatorMetrics
from noctuary_operator.plan.events import planned_events
from noctuary_operator.plan.lookups import describe_lookup
from noctuary_operator.plan.manifests import contains
from noctuary_operator.plan.policy import Policy, api_problem, key_allowed
from noctuary_operator.resources.objects import BareMeta, Meta, SecretHead, integration_ids
from noctuary_operator.resources.status import Condition, IntegrationStatus
from noctuary_operator.settings import OperatorSettings
from noctuary_operator.watch.cache import Cache
from noctuary_operator.watch.integrations import Integrations
from noctuary_operator.watch.kopf_watch import RETRY, EndlessBackoffs

UID = "3fcbbb27-d607-4f05-86b7-ad6b15468fd6"


@pytest.mark.parametrize(
    "entry", ["Proxy.corp", "proxy.corp:443", "proxy.corp:8443", "*.corp", "*.CORP:8443", "*", "x"]
)
@pytest.mark.parametrize("url", ["https://proxy.corp", "https://PROXY.corp:443/pd", "https://proxy.corp:8443"])
def test_the_condition_and_the_guard_allow_the_same(url: str, entry: str) -> None:
    spec = parse_spec({"apiURL": url, "direction": "outbound", "apiTokenSecretRef": {"name": "n", "key": "k"}})
    try:
        EgressPolicy((entry,)).check_host("https", spec.api_host, spec.api_port)
        is_guarded = False
    except EgressRefused:
        is_guarded = True
    assert (api_problem(spec, Policy((), (entry,), ())) is not None) is is_guarded


@pytest.mark.parametrize(
    ("key", "expected"), [("example.com/a", True), ("example.com.evil/a", False), ("exact", True), ("exactly", False)]
)
def test_annotation_keys_are_allowed_by_key_or_prefix(key: str, expected: bool) -> None:
    assert key_allowed(key, ("example.com/*", "exact")) is expected


@pytest.mark.parametrize(
    ("text", "expected"), [("", ()), ("a", ("a",)), ("a, b ,", ("a", "b")), ('["a","b"]', ("a", "b"))]
)
def test_lists_in_settings_are_separated_by_commas_or_json(
    monkeypatch: pytest.MonkeyPatch, text: str, expected: tuple[str, ...]
) -> None:
    monkeypatch.setenv("NOCTUARY_ALLOWED_WEBHOOK_HOSTS", text)
    assert OperatorSettings().allowed_webhook_hosts == expected


@pytest.mark.parametrize(("variables", "alike"), [({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, True), ({}, False)])
def test_only_a_pod_keeps_its_name_from_start_to_start(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], alike: bool
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert (OperatorSettings().identity == OperatorSettings().identity) is alike


def head(version: int, name: str = "a") -> SecretHead:
    return SecretHead(BareMeta(name, "team", "uid", str(version)))


@pytest.fixture
def told() -> list[Any]:
    return []


@pytest.fixture
def cache(told: list[Any]) -> Cache[SecretHead]:
    return Cache[SecretHead](lambda old, new: told.append((old, new)))


def test_an_echo_of_our_own_write_tells_nobody(cache: Cache[SecretHead], told: list[Any]) -> None:
    cache.record_write(head(5))
    cache.apply_event("MODIFIED", head(4))
    cache.apply_event("MODIFIED", head(5))
    cache.apply_event("DELETED", head(3))
    assert (told, cache.get("team", "a")) == ([], head(5))


def test_a_change_after_our_own_write_is_told(cache: Cache[SecretHead], told: list[Any]) -> None:
    cache.record_write(head(5))
    cache.apply_event("MODIFIED", head(6))
    assert told == [(head(5), head(6))]


def test_an_echo_that_overtakes_the_answer_tells_nobody(cache: Cache[SecretHead], told: list[Any]) -> None:
    with cache.writing("team", "a"):
        cache.apply_event("ADDED", head(5))
        cache.record_write(head(5))
    assert (told, cache.get("team", "a")) == ([], head(5))


def test_an_edit_that_overtakes_the_answer_is_told(cache: Cache[SecretHead], told: list[Any]) -> None:
    with cache.writing("team", "a"):
        cache.apply_event("ADDED", head(5))
        cache.apply_event("MODIFIED", head(6))
        cache.record_write(head(5))
    assert (told, cache.get("team", "a")) == ([(head(5), head(6))], head(6))


def test_what_happened_while_a_write_failed_is_told(cache: Cache[SecretHead], told: list[Any]) -> None:
    with pytest.raises(KubernetesError), cache.writing("team", "a"):
        cache.apply_event("ADDED", head(5))
        raise KubernetesError(500, "InternalError", "no answer")
    assert told == [(None, head(5))]


def test_a_list_that_overtakes_the_answer_knows_more(cache: Cache[SecretHead], told: list[Any]) -> None:
    with cache.writing("team", "a"):
        cache.apply_event("ADDED", head(5))
        cache.scope("team").on_list([head(7)])
        cache.record_write(head(6))
    assert (told, cache.get("team", "a")) == ([(None, head(7))], head(7))


def test_a_list_older_than_our_write_does_not_undo_it(cache: Cache[SecretHead]) -> None:
    cache.record_write(head(5))
    cache.scope("").on_list([])
    assert cache.get("team", "a") == head(5)


def test_a_list_tells_what_vanished_in_its_namespace_only(cache: Cache[SecretHead], told: list[Any]) -> None:
    cache.apply_event("ADDED", head(1))
    cache.scope("elsewhere").on_list([])
    assert cache.get("team", "a") is not None
    cache.scope("team").on_list([])
    assert told[-1] == (head(1), None)


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        (f"noctuary-{UID}", {}, {UID}),
        ("noctuary-internal", {}, set()),
        ("x-webhook", {"noctuary.io/integration-id": "other"}, {"other"}),
    ],
)
def test_an_object_concerns_the_integration_of_its_name_or_label(
    name: str, labels: dict[str, str], expected: set[str]
) -> None:
    assert integration_ids(Meta(name=name, labels=labels)) == expected


@pytest.mark.parametrize(
    ("actual", "wanted", "expected"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": [{"x": 1, "y": 2}]}, {"a": [{"x": 1}]}, True),
        ({"a": [1, 2]}, {"a": [1]}, False),
        (None, {"a": 1}, False),
    ],
)
def test_what_others_added_does_not_make_a_difference(actual: Any, wanted: Any, expected: bool) -> None:
    assert contains(actual, wanted) is expected


async def drained(queue: WorkQueue, done: Callable[[], bool]) -> None:
    task = asyncio.create_task(queue.run())
    async with asyncio.timeout(60):
        while not done():  # noqa: ASYNC110 - what is waited for is a count, not an event
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_key_added_many_times_is_worked_once() -> None:
    worked: list[str] = []

    async def work(key: str) -> None:
        worked.append(key)

    queue = WorkQueue(work, 2, OperatorMetrics())
    for _ in range(10):
        queue.add("a")
    queue.add("b")
    await drained(queue, lambda: len(worked) >= 2)
    assert sorted(worked) == ["a", "b"]


async def test_a_key_is_never_worked_twice_at_once_and_a_change_meanwhile_is_not_lost() -> None:
    active, most, count = 0, 0, 0

    async def work(key: str) -> None:
        nonlocal active, most, count
        active, count = active + 1, count + 1
        most = max(most, active)
        if count == 1:
            queue.add(key)
            queue.add(key)
        await asyncio.sleep(0.01)
        active -= 1

    queue = WorkQueue(work, 4, OperatorMetrics())
    queue.add("a")
    await drained(queue, lambda: count == 2 and active == 0)
    assert (most, count) == (1, 2)


@pytest.mark.parametrize("error", [KubernetesUnavailable(503, "x", "y")])
async def test_a_retryable_error_is_tried_again(error: KubernetesError) -> None:
    attempts = 0

    async def work(_: str) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise error

    queue = WorkQueue(work, 1, OperatorMetrics())
    queue.add("a")
    await drained(queue, lambda: attempts == 2)


async def test_a_defect_met_by_one_key_does_not_stop_the_others() -> None:
    worked: list[str] = []

    async def work(key: str) -> None:
        if key == "bad":
            raise ZeroDivisionError
        worked.append(key)

    queue = WorkQueue(work, 1, OperatorMetrics())
    queue.add("bad")
    queue.add("good")
    await drained(queue, lambda: worked == ["good"])


async def test_a_key_comes_again_after_the_delay_it_asked_for() -> None:
    count = 0

    async def work(_: str) -> float | None:
        nonlocal count
        count += 1
        return 0.01 if count == 1 else None

    queue = WorkQueue(work, 1, OperatorMetrics())
    queue.add("a")
    await drained(queue, lambda: count == 2)


async def test_work_in_progress_is_finished_at_the_end() -> None:
    finished = asyncio.Event()
    started = asyncio.Event()

    async def work(_: str) -> None:
        started.set()
        await asyncio.sleep(0.1)
        finished.set()

    queue = WorkQueue(work, 1, OperatorMetrics())
    queue.add("a")
    await drained(queue, started.is_set)
    assert finished.is_set()


def test_kopf_never_stops_trying() -> None:
    timings = list(islice(EndlessBackoffs(), 100))
    assert timings[0] < 1
    assert 0.5 * RETRY.longest_s < timings[-1] < 1.5 * RETRY.longest_s


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (None, "Secret s does not exist"),
        ({}, "Secret s has no key k"),
        ({"k": b"\xff"}, "is not text"),
        ({"k": b" \n"}, "is empty"),
        ({"k": b"a\nb"}, "more than one line"),
    ],
)
def test_a_value_that_cannot_be_used_is_said_in_words(values: dict[str, bytes] | None, words: str) -> None:
    lookup = describe_lookup(SecretKeyRef(name="s", key="k"), values)
    assert lookup.value is None
    assert words in str(lookup.missing)


@pytest.mark.parametrize("ref", [("A_b", "k"), ("a/b", "k"), ("..", "k"), ("s", "a/b"), ("s", "a b")])
def test_a_secret_or_key_that_cannot_be_is_said_to_be_none(ref: tuple[str, str]) -> None:
    name, key = ref
    lookup = describe_lookup(SecretKeyRef(name=name, key=key), {} if name == "s" else None)
    assert ", as no Secret can" in str(lookup.missing)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("tök".encode(), "(number 2) that is not ASCII"),
        ("\ufeffu+token".encode(), "(number 1) that is not ASCII"),
        ("u+to\u200bken".encode(), "(number 5) that is not ASCII"),
        (None, "is longer than any token"),
    ],
)
def test_a_value_that_pagerduty_never_made_is_unusable(value: bytes | None, words: str) -> None:
    lookup = describe_lookup(SecretKeyRef(name="s", key="k"), {"k": value})
    assert (lookup.value, lookup.is_unusable) == (None, True)
    assert words in str(lookup.missing)


def condition(type_: str, status: str, reason: str) -> Condition:
    return Condition(type_, status, reason, "m")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], [("Ready", "True", "Active")], ["Ready"]),
        ([("Ready", "Unknown", "X")], [("Ready", "True", "Active")], ["Ready"]),
        ([("Ready", "True", "Active")], [("Ready", "True", "Suspended")], []),
        ([], [("Ready", "False", "HostNotAllowed"), ("RouteReady", "False", "HostNotAllowed")], ["HostNotAllowed"]),
        ([("RouteReady", "False", "X")], [("RouteReady", "False", "X")], []),
        ([("RouteReady", "False", "X")], [("RouteReady", "Unknown", "Y")], ["Healed"]),
        ([], [("Ready", "False", "ConsentMissing")], ["ConsentMissing"]),
        ([("RouteReady", "Unknown", "X")], [("RouteReady", "True", "Y")], []),
    ],
)
def test_events_tell_of_problems_once(
    before: list[tuple[str, str, str]], after: list[tuple[str, str, str]], expected: list[str]
) -> None:
    old, new = (IntegrationStatus(conditions=[condition(*each) for each in part]) for part in (before, after))
    assert [event.reason for event in planned_events(old, new, None)] == expected


@pytest.mark.parametrize(
    ("before", "reason", "expected"),
    [
        ([], "SigningSecretMissing", "Normal"),
        ([("SubscriptionReady", "True", "Active")], "SigningSecretMissing", "Warning"),
        ([], "SigningSecretUnusable", "Warning"),
    ],
)
def test_the_signing_secret_that_a_new_integration_waits_for_is_no_warning(
    before: list[tuple[str, str, str]], reason: str, expected: str
) -> None:
    old = IntegrationStatus(conditions=[condition(*each) for each in before])
    new = IntegrationStatus(conditions=[condition("SubscriptionReady", "False", reason)])
    assert [event.type for event in planned_events(old, new, None)] == [expected]


def raw(version: int, uid: str = UID, generation: int = 1, **spec: Any) -> dict[str, Any]:
    metadata = {
        "name": "payments",
        "namespace": "team",
        "uid": uid,
        "resourceVersion": str(version),
        "generation": generation,
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    return {"metadata": metadata, "spec": {"direction": "outbound", **spec}}


def test_an_integration_is_found_by_the_secrets_and_namespaces_it_refers_to() -> None:
    known = Integrations()
    ref = {"name": "pagerduty", "key": "token"}
    known.upsert(raw(1, apiTokenSecretRef=ref, services=[{"name": "a", "namespaces": ["other"]}]))
    assert known.users_of_secret(("team", "pagerduty")) == {UID}
    assert known.users_of_namespace("other") == {UID}
    known.upsert(raw(2, generation=2))
    assert known.users_of_secret(("team", "pagerduty")) == set()
    assert known.users_of_namespace("other") == set()


def test_an_old_event_changes_nothing_and_the_same_name_with_a_new_uid_wakes_both() -> None:
    known = Integrations()
    assert known.upsert(raw(5)) == {UID}
    assert known.upsert(raw(5)) == set()
    assert known.upsert(raw(6, uid="new")) == {UID, "new"}
    assert known.get(UID) is None


def test_a_spec_that_cannot_be_read_is_no_crash() -> None:
    known = Integrations()
    known.upsert(raw(1, direction="sideways"))
    integration = known.get(UID)
    assert integration is not None
    assert integration.spec is None
    assert "spec.direction" in str(integration.spec_error)
