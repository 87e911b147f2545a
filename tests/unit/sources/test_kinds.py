"""The pure decoders: what a status or a template says, as events."""

from typing import Any

import msgspec
import pytest

from noctuary.common.clock import parse_time
from noctuary.kube.objects import Deployment, Event, Node, Pod, PodTemplate, Probe, ReplicaSet
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.draft import MESSAGE_CHARACTERS, clamp
from noctuary.sources.kubernetes.identity import identify_pod
from noctuary.sources.kubernetes.kinds.events import warning_event
from noctuary.sources.kubernetes.kinds.nodes import node_faults
from noctuary.sources.kubernetes.kinds.pods import missing_object, pod_faults
from noctuary.sources.kubernetes.memory import Memory
from noctuary.sources.kubernetes.rollouts import baseline, difference
from noctuary.sources.kubernetes.template import describe_change, summarize
from noctuary.sources.kubernetes.workloads import Revision, WorkloadView, view_replica_set, view_workload

AT = "2026-11-21T10:00:00Z"
NOW = parse_time("2026-11-21T10:05:00Z")


def pod(status: dict[str, Any], **metadata: Any) -> Pod:
    owner = {"kind": "ReplicaSet", "name": "shop-5f7", "uid": "rs", "controller": True}
    meta = {
        "name": "shop-5f7-x",
        "namespace": "shops",
        "uid": "pod-1",
        "creationTimestamp": AT,
        "labels": {"pod-template-hash": "5f7"},
        "ownerReferences": [owner],
    }
    limits = {"limits": {"memory": "64Mi", "cpu": 1}}
    spec = {"nodeName": "node-1", "containers": [{"name": "app", "image": "shop:2", "resources": limits}]}
    return msgspec.convert({"metadata": meta | metadata, "spec": spec, "status": status}, Pod)


def container(state: dict[str, Any], last: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"name": "app", "image": "sha256:1", "state": state, "lastState": last or {}, **more}


def ended(exit_code: int, reason: str = "Error") -> dict[str, Any]:
    return {"terminated": {"exitCode": exit_code, "reason": reason, "finishedAt": AT}}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


@pytest.mark.parametrize(
    ("state", "last", "told"),
    [
        ({"running": {}}, {}, []),
        ({"running": {}}, ended(0, "Completed"), []),
        ({"running": {}}, ended(137, "OOMKilled"), ["OOMKilled"]),
        (ended(2), {}, ["Error"]),
        (waiting("CrashLoopBackOff"), ended(1), ["CrashLoopBackOff"]),
        (waiting("CrashLoopBackOff"), ended(137, "OOMKilled"), ["OOMKilled", "CrashLoopBackOff"]),
        (waiting("ErrImagePull"), {}, ["ErrImagePull"]),
        (waiting("ImagePullBackOff"), {}, ["ImagePullBackOff"]),
        (waiting("ErrImageNeverPull"), {}, ["ErrImageNeverPull"]),
        (waiting("InvalidImageName"), {}, ["InvalidImageName"]),
        (waiting("CreateContainerConfigError"), {}, ["CreateContainerConfigError"]),
        (waiting("CreateContainerError"), {}, ["CreateContainerError"]),
        (waiting("RunContainerError"), {}, ["RunContainerError"]),
        (ended(128, "StartError"), {}, ["StartError"]),
        (waiting("ContainerCreating"), {}, []),
    ],
)
def test_each_container_state_tells_what_is_wrong(state: dict[str, Any], last: dict[str, Any], told: list[str]) -> None:
    assert [e.new_value for e in pod_faults(pod({"containerStatuses": [container(state, last)]}))] == told


def test_an_init_container_tells_as_any_other() -> None:
    (event,) = pod_faults(pod({"initContainerStatuses": [container(waiting("CrashLoopBackOff"), ended(1))]}))
    assert event.details[details.CONTAINER] == "app"


def test_a_pod_that_is_being_deleted_ends_by_signals_without_fault() -> None:
    leaving = pod({"containerStatuses": [container(ended(143))]}, deletionTimestamp=AT)
    assert pod_faults(leaving) == []


def test_image_troubles_of_one_container_share_one_key() -> None:
    first, second = (
        pod_faults(pod({"containerStatuses": [container(waiting(reason))]}))[0].dedup_key
        for reason in ("ErrImagePull", "ImagePullBackOff")
    )
    assert first == second == "pod-1/app/image"


def test_a_crash_loop_began_when_its_pod_turned_unready() -> None:
    ready = {"type": "Ready", "status": "False", "lastTransitionTime": "2026-11-21T09:50:00Z"}
    status = {"conditions": [ready], "containerStatuses": [container(waiting("CrashLoopBackOff"), ended(1))]}
    (event,) = pod_faults(pod(status))
    assert (event.timestamp, event.last_seen) == (parse_time("2026-11-21T09:50:00Z"), parse_time(AT))


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
        ({}, {}, "shop"),
    ],
)
def test_a_pod_names_its_service(annotations: dict[str, str], labels: dict[str, str], service: str) -> None:
    named = pod({}, annotations=annotations, labels=labels | {"pod-template-hash": "5f7"})
    assert identify_pod(named).service_name == service


@pytest.mark.parametrize(
    ("condition", "status", "told"),
    [
        ("Ready", "True", []),
        ("Ready", "Unknown", ["NodeNotReady"]),
        ("Ready", "False", ["NodeNotReady"]),
        ("MemoryPressure", "True", ["NodeMemoryPressure"]),
        ("DiskPressure", "True", ["NodeDiskPressure"]),
        ("PIDPressure", "True", ["NodePIDPressure"]),
        ("MemoryPressure", "False", []),
    ],
)
def test_each_node_condition_tells_what_is_wrong(condition: str, status: str, told: list[str]) -> None:
    conditions = [{"type": condition, "status": status, "lastTransitionTime": AT}]
    node = msgspec.convert({"metadata": {"name": "n", "uid": "u"}, "status": {"conditions": conditions}}, Node)
    assert [e.new_value for e in node_faults(node)] == told


def warning(reason: str, message: str, **more: Any) -> Event:
    about = {"kind": "Pod", "namespace": "shops", "name": "p", "uid": "pod-1", "fieldPath": "spec.containers{app}"}
    body = {"metadata": {"name": "e"}, "involvedObject": about, "type": "Warning", "lastTimestamp": AT, "count": 3}
    return msgspec.convert(body | {"reason": reason, "message": message} | more, Event)


def tell(event: Event) -> list[ContextEvent]:
    return warning_event(event, lambda uid: identify_pod(pod({})) if uid == "pod-1" else None)


@pytest.mark.parametrize(
    ("reason", "message", "key"),
    [
        ("BackOff", "Back-off restarting failed container app", "pod-1/app/crash"),
        ("BackOff", 'Back-off pulling image "shop:2"', "pod-1/app/image"),
        ("Failed", "Error: ErrImagePull", "pod-1/app/image"),
        ("Failed", 'Error: configmap "settings" not found', "pod-1/app/configuration"),
        ("FailedScheduling", "0/1 nodes are available", "pod-1/FailedScheduling"),
        ("Unhealthy", "Liveness probe failed", "pod-1/Unhealthy/app/liveness"),
        ("FailedMount", "MountVolume.SetUp failed", "pod-1/FailedMount/app"),
    ],
)
def test_a_warning_counts_under_the_key_of_its_trouble(reason: str, message: str, key: str) -> None:
    (event,) = tell(warning(reason, message))
    assert (event.dedup_key, event.count) == (key, 3)


@pytest.mark.parametrize(
    ("reason", "message", "word", "kept"),
    [
        ("BackOff", "Back-off restarting failed container app in pod p", "CrashLoopBackOff", None),
        ("BackOff", 'Back-off pulling image "shop:2"', "ImagePullBackOff", 'Back-off pulling image "shop:2"'),
        ("Failed", "Error: ErrImagePull", "ErrImagePull", None),
        ("Failed", 'Error: secret "db" not found', "CreateContainerConfigError", 'Error: secret "db" not found'),
        ("Unhealthy", "Liveness probe failed", "Unhealthy", "Liveness probe failed"),
    ],
)
def test_a_warning_uses_the_status_s_word_and_keeps_no_empty_phrase(
    reason: str, message: str, word: str, kept: str | None
) -> None:
    (event,) = tell(warning(reason, message))
    assert (event.new_value, event.details.get(details.MESSAGE)) == (word, kept)


@pytest.mark.parametrize(
    ("probe", "asked"),
    [
        ({"httpGet": {"path": "/alive?deep=1", "port": 8080}}, "/alive"),
        ({"httpGet": {"port": "web"}}, "/"),
        ({"tcpSocket": {"port": 5432}}, "port 5432"),
        ({"grpc": {"port": 9000}}, "port 9000"),
        ({"exec": {"command": ["/usr/bin/pg_isready", "--secret=x"]}}, "command pg_isready"),
    ],
)
def test_a_failing_probe_is_told_with_what_it_asks(probe: dict[str, Any], asked: str) -> None:
    running = pod({})
    running.spec.containers[0].liveness_probe = msgspec.convert(probe, Probe)
    (event,) = warning_event(warning("Unhealthy", "Liveness probe failed: 500"), lambda _: identify_pod(running))
    assert event.details[details.PROBE_TARGET] == asked


def test_a_pod_over_quota_is_told_with_the_quota_and_what_it_limits() -> None:
    message = (
        'Error creating: pods "shop-7f-x2" is forbidden: exceeded quota: small, '
        "requested: limits.memory=64Mi,pods=1, used: limits.memory=64Mi,pods=1, limited: limits.memory=100Mi,pods=1"
    )
    (event,) = tell(warning("FailedCreate", message))
    assert event.details[details.QUOTA] == "small"
    assert event.details[details.QUOTA_LIMIT] == "limits.memory=100Mi"


def test_what_the_operator_says_of_its_own_resources_is_no_event() -> None:
    event = warning("SigningSecretMissing", "the Secret is missing")
    event.involved_object.api_version = "noctuary.io/v1alpha1"
    assert tell(event) == []


def test_what_is_normal_is_no_event() -> None:
    assert tell(warning("Pulled", "done", type="Normal")) == []


def test_a_warning_s_message_is_one_bounded_line() -> None:
    (event,) = tell(warning("FailedMount", "no\n" * 1000))
    assert len(event.details[details.MESSAGE]) == MESSAGE_CHARACTERS
    assert "\n" not in event.details[details.MESSAGE]


@pytest.mark.parametrize("time", ["1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z"])
def test_an_impossible_time_becomes_now(time: str) -> None:
    (event,) = tell(warning("FailedMount", "no", lastTimestamp=time))
    clamped = clamp(event, NOW)
    assert (clamped.timestamp, clamped.last_seen, clamped.clamped) == (NOW, NOW, True)


def test_the_same_state_is_told_once() -> None:
    memory, crashed = Memory(), pod({"containerStatuses": [container(ended(1))]})
    assert len(memory.news("pod-1", pod_faults(crashed))) == 1
    assert memory.news("pod-1", pod_faults(crashed)) == []


TEMPLATE = {"containers": [{"name": "app", "image": "shop:1", "env": [{"name": "POOL", "value": "hunter2"}]}]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"image": "shop:2"}, "image"),
        ({"env": [{"name": "POOL", "value": "50"}]}, "env POOL"),
        ({"resources": {"limits": {"memory": "1Gi"}}}, "resources"),
        ({"livenessProbe": {"periodSeconds": 1}, "command": ["sh"]}, "command, liveness probe"),
    ],
)
def test_a_changed_template_is_told_in_words(change: dict[str, Any], words: str) -> None:
    after = {"containers": [TEMPLATE["containers"][0] | change]}
    old, new = (
        summarize(msgspec.json.decode(encode_template(spec), type=PodTemplate), "u") for spec in (TEMPLATE, after)
    )
    assert describe_change(old, new) == words


def test_no_value_of_a_variable_is_remembered() -> None:
    summary = summarize(msgspec.json.decode(encode_template(TEMPLATE), type=PodTemplate), "u")
    assert b"hunter2" not in msgspec.json.encode(summary)


def encode_template(spec: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"metadata": {"labels": {"app": "shop"}}, "spec": spec})


def deployment(revision: int, replicas: int = 1) -> WorkloadView:
    annotations = {"deployment.kubernetes.io/revision": str(revision)}
    metadata = {"name": "shop", "namespace": "shops", "uid": "d", "generation": revision, "annotations": annotations}
    body = {"metadata": metadata, "spec": {"replicas": replicas, "template": {"spec": TEMPLATE}}}
    return view_workload(msgspec.json.decode(msgspec.json.encode(body), type=Deployment))


def replica_set(number: int, image: str, minute: int, *, reused: bool = False) -> Revision:
    annotations = {"deployment.kubernetes.io/revision": str(number)}
    if reused:
        annotations["deployment.kubernetes.io/revision-history"] = "1"
    metadata = {
        "name": f"shop-{image}",
        "uid": image,
        "creationTimestamp": f"2026-11-21T10:{minute:02}:00Z",
        "annotations": annotations,
        "labels": {"pod-template-hash": f"hash-{image}"},
        "ownerReferences": [{"kind": "Deployment", "name": "shop", "uid": "d", "controller": True}],
    }
    body = {"metadata": metadata, "spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}}}
    revision = view_replica_set(msgspec.json.decode(msgspec.json.encode(body), type=ReplicaSet))
    assert revision is not None
    return revision


def test_a_deployment_whose_replica_set_is_not_seen_yet_waits() -> None:
    assert difference(deployment(2), [replica_set(1, "a", 0)], None, NOW) is None


def test_each_rollout_that_was_missed_is_told_with_its_own_time() -> None:
    sets = [replica_set(1, "a", 0), replica_set(2, "b", 1), replica_set(3, "c", 2)]
    known = baseline(deployment(1), sets[:1])
    found = difference(deployment(3), sets, known, NOW)
    assert found is not None
    assert [(e.old_value, e.new_value) for e in found.events] == [("a", "b"), ("b", "c")]
    assert [e.timestamp for e in found.events] == [sets[1].created_at, sets[2].created_at]


def test_a_rollback_is_dated_by_the_change_and_not_by_its_old_replica_set() -> None:
    known = baseline(deployment(2), [replica_set(1, "a", 0), replica_set(2, "b", 1)])
    found = difference(deployment(3), [replica_set(3, "a", 0, reused=True), replica_set(2, "b", 1)], known, NOW)
    assert found is not None
    assert [(e.old_value, e.new_value, e.timestamp) for e in found.events] == [("b", "a", NOW)]


def test_a_scaling_alone_is_no_rollout() -> None:
    sets = [replica_set(1, "a", 0)]
    found = difference(deployment(1, replicas=4), sets, baseline(deployment(1), sets), NOW)
    assert found is not None
    assert [(e.event_type, e.old_value, e.new_value) for e in found.events] == [("scale_event", "1", "4")]
