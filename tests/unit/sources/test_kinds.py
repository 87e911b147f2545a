"""The registry of watched kinds: each entry has cases, an RBAC line in every scope, and does what its cases say."""

import pkgutil
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from hack.chart.paths import CHART, ROOT
from noctuary.common.clock import parse_time
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes import kinds
from noctuary.sources.kubernetes.changes import kinds as changed_kinds
from noctuary.sources.kubernetes.kinds.registry import WATCHED_KINDS
from noctuary.sources.kubernetes.namespace_watches import ROLLOUT_KINDS
from noctuary.sources.kubernetes.rollouts.tracker import MARKER_UID, RolloutTracker
from noctuary.sources.kubernetes.specs.kinds import SPEC_KINDS
from noctuary.sources.kubernetes.watched_kind import SinkContext, WatchedKind
from noctuary.store.changes import Mutation
from noctuary.store.rows import Baseline
from tests.unit.sources.watched_case import AT, Case, Manifest

CASES_DIR = Path(__file__).parent / "cases"
CASES: dict[str, list[Case]] = {
    path.stem: import_module(".".join(path.relative_to(ROOT).with_suffix("").parts)).CASES
    for path in CASES_DIR.rglob("*.py")
}
FIRST_START = Baseline(
    uid=MARKER_UID, kind="", namespace="", name="", template_hash="", state=b"", seen_at=parse_time(AT)
)


def module_of(watched: WatchedKind[Any]) -> str:
    return watched.kind.__module__.rpartition(".")[2]


class QueuedEvents:
    """Holds what was queued, instead of a writer that would store it."""

    def __init__(self) -> None:
        self.events: list[ContextEvent] = []

    def offer(self, events: list[ContextEvent], changes: list[Mutation], *, is_live: bool) -> None:  # noqa: ARG002 - only events count here
        self.events += events


def decode(watched: WatchedKind[Any], obj: Manifest) -> Any:
    return msgspec.json.decode(msgspec.json.encode(obj), type=watched.kind)


def events_of(watched: WatchedKind[Any], case: Case) -> list[ContextEvent]:
    """Let the sinks of all kinds have their lists, then one of them the line of the case."""
    queue = QueuedEvents()
    context = SinkContext(queue, RolloutTracker(queue, [FIRST_START], ROLLOUT_KINDS))
    sinks = {each.name: each.make_sink(context) for each in WATCHED_KINDS}
    for each in WATCHED_KINDS:
        sinks[each.name].on_list([decode(each, obj) for obj in case.listed.get(each.resource, [])])
    queue.events.clear()
    sinks[watched.name].on_event(case.change, decode(watched, case.obj))
    return queue.events


def field_of(event: ContextEvent, name: str) -> object:
    if name.startswith("details."):
        return event.details.get(name.removeprefix("details."))
    value: object = getattr(event, name)
    return value


@pytest.mark.parametrize(
    ("watched", "case"),
    [
        pytest.param(each, case, id=f"{each.name}: {case.name}")
        for each in WATCHED_KINDS
        for case in CASES.get(module_of(each), [])
    ],
)
def test_a_line_of_a_watch_makes_the_events_of_its_case(watched: WatchedKind[Any], case: Case) -> None:
    events = events_of(watched, case)
    assert len(events) == len(case.events)
    for event, expected in zip(events, case.events, strict=True):
        assert {name: field_of(event, name) for name in expected} == expected


@pytest.mark.parametrize("watched", WATCHED_KINDS, ids=lambda watched: watched.name)
def test_the_same_object_gives_the_same_keys_after_a_restart(watched: WatchedKind[Any]) -> None:
    for case in CASES[module_of(watched)]:
        once, again = ([event.dedup_key for event in events_of(watched, case)] for _ in range(2))
        assert once == again
        assert len(set(once)) == len(once)


def test_every_case_says_what_is_expected_of_each_event() -> None:
    assert [case.name for cases in CASES.values() for case in cases if not all(case.events)] == []


def test_every_watched_kind_has_cases_beside_the_tests_and_no_case_is_without_kind() -> None:
    assert {name for name, cases in CASES.items() if cases} == {module_of(each) for each in WATCHED_KINDS}


def test_every_file_of_a_kind_is_in_the_registry() -> None:
    folders = (kinds.__path__, changed_kinds.__path__)
    files = {each.name for folder in folders for each in pkgutil.iter_modules(folder)} - {"registry"}
    assert files == {module_of(each) for each in WATCHED_KINDS}


def group_of(watched: WatchedKind[Any]) -> str:
    """Return the group as RBAC spells it: empty for the core API."""
    return watched.api.split("/")[2] if watched.api.startswith("/apis/") else ""


RBAC = CHART / "files" / "rbac"
SCOPES = {
    "receiver-clusterrole.yaml": {(group_of(each), each.resource) for each in WATCHED_KINDS},
    "receiver-watchedrole.yaml": {(group_of(each), each.resource) for each in WATCHED_KINDS if each.is_namespaced},
    "receiver-role.yaml": {("", "secrets")},  # the routing records
}
"""What the receiver lists and watches by each file."""
OF_NO_NAMESPACE = {
    ("", "persistentvolumes"),
    ("", "nodes"),
    ("storage.k8s.io", "storageclasses"),
    ("networking.k8s.io", "ingressclasses"),
}
LOGS = [RBAC / "receiver-logs-clusterrole.yaml", RBAC / "receiver-logs-watchedrole.yaml"]
SPECS_ALL, SPECS_EACH = RBAC / "receiver-specs-clusterrole.yaml", RBAC / "receiver-specs-watchedrole.yaml"


def granted(path: Path, verb: str) -> set[tuple[str, str]]:
    return {
        (group, resource)
        for document in yaml.safe_load_all(path.read_text())
        for rule in document.get("rules", [])
        if verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


@pytest.mark.parametrize("verb", ["list", "watch"])
@pytest.mark.parametrize("name", SCOPES)
def test_the_receiver_may_list_and_watch_exactly_what_it_does(name: str, verb: str) -> None:
    assert granted(RBAC / name, verb) == SCOPES[name]


def test_each_file_of_the_receivers_rights_is_held_against_what_it_reads() -> None:
    assert set(RBAC.glob("receiver-*.yaml")) == {RBAC / name for name in SCOPES} | {SPECS_ALL, SPECS_EACH, *LOGS}


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_of_logs_nothing_but_reading_is_granted_in_every_scope(path: Path) -> None:
    rules = [rule for each in yaml.safe_load_all(path.read_text()) for rule in each.get("rules", [])]
    assert rules == [{"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}]


def test_each_kind_whose_specs_are_read_may_be_listed_in_every_scope() -> None:
    wanted = {(each.group, each.resource) for each in SPEC_KINDS}
    assert wanted <= granted(SPECS_EACH, "list")


def test_what_stands_in_specs_may_be_read_alike_in_all_and_in_watched_namespaces() -> None:
    assert granted(SPECS_ALL, "list") - granted(SPECS_EACH, "list") == OF_NO_NAMESPACE
    assert granted(SPECS_EACH, "list") < granted(SPECS_ALL, "list")


@pytest.mark.parametrize("path", [SPECS_ALL, SPECS_EACH], ids=lambda path: path.stem)
def test_what_stands_in_specs_is_read_and_neither_watched_nor_changed(path: Path) -> None:
    verbs = {verb for each in yaml.safe_load_all(path.read_text()) for rule in each.get("rules", [])
             for verb in rule["verbs"]}  # fmt: skip
    assert verbs == {"get", "list"}
    assert not {"secrets", "configmaps"} & {resource for _, resource in granted(path, "list")}


@pytest.mark.parametrize("path", ["receiver-clusterrole.yaml", "receiver-watchedrole.yaml"])
def test_the_receiver_may_do_nothing_else_where_it_watches(path: str) -> None:
    verbs = {verb for each in yaml.safe_load_all((RBAC / path).read_text()) for rule in each.get("rules", [])
             for verb in rule["verbs"]}  # fmt: skip
    assert verbs - {"list", "watch"} <= {"get"}
    assert granted(RBAC / path, "get") <= {("", "nodes")}


@pytest.mark.parametrize(
    ("resource", "namespace", "path"),
    [
        ("pods", "shops", "/api/v1/namespaces/shops/pods"),
        ("nodes", "", "/api/v1/nodes"),
        ("daemonsets", "", "/apis/apps/v1/daemonsets"),
    ],
)
def test_a_kind_knows_its_path(resource: str, namespace: str, path: str) -> None:
    (watched,) = (each for each in WATCHED_KINDS if each.resource == resource)
    assert watched.path(namespace) == path
