"""What differs between two templates, and between a workload as it is and as it was last known."""

import msgspec
import pytest

from noctuary.common.clock import parse_time
from noctuary.kube.objects import PodTemplate
from noctuary.sources.kubernetes.kinds.deployments import Deployment, view_deployment
from noctuary.sources.kubernetes.kinds.replica_sets import HISTORY_SUFFIX, ReplicaSet, view_replica_set
from noctuary.sources.kubernetes.rollouts.dating import Clock
from noctuary.sources.kubernetes.rollouts.differences import baseline, difference
from noctuary.sources.kubernetes.rollouts.revisions import Revision
from noctuary.sources.kubernetes.rollouts.template import summarize
from noctuary.sources.kubernetes.rollouts.words import describe_change
from noctuary.sources.kubernetes.rollouts.workloads import REVISION_ANNOTATION, WorkloadView
from tests.unit.sources.cases.deployments import deployment
from tests.unit.sources.cases.replica_sets import replica_set
from tests.unit.sources.watched_case import Manifest

NOW = parse_time("2026-11-21T10:05:00Z")
LIVE = Clock(NOW, is_live=True)
TEMPLATE: Manifest = {"containers": [{"name": "app", "image": "shop:1", "env": [{"name": "POOL", "value": "hunter2"}]}]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"image": "shop:2"}, "image"),
        ({"env": [{"name": "POOL", "value": "50"}]}, "env POOL"),
        ({"resources": {"limits": {"memory": "1Gi"}}}, "resources (memory limit none -> 1Gi)"),
        ({"livenessProbe": {"periodSeconds": 1}, "command": ["sh"]}, "command added, liveness probe added"),
    ],
)
def test_a_changed_template_is_described_in_words(change: Manifest, words: str) -> None:
    after = {"containers": [TEMPLATE["containers"][0] | change]}
    old, new = (
        summarize(msgspec.json.decode(encode_template(spec), type=PodTemplate), "u") for spec in (TEMPLATE, after)
    )
    assert describe_change(old, new) == words


def test_no_value_of_a_variable_is_remembered() -> None:
    summary = summarize(msgspec.json.decode(encode_template(TEMPLATE), type=PodTemplate), "u")
    assert b"hunter2" not in msgspec.json.encode(summary)


def encode_template(spec: Manifest) -> bytes:
    return msgspec.json.encode({"metadata": {"labels": {"app": "shop"}}, "spec": spec})


def deployment_view(revision: int, replicas: int = 1) -> WorkloadView:
    return view_deployment(msgspec.json.decode(msgspec.json.encode(deployment(revision, replicas)), type=Deployment))


def revision_of(number: int, image: str, minute: int, *, reused: bool = False) -> Revision:
    obj = replica_set(number, image, minute)
    if reused:
        obj["metadata"]["annotations"][REVISION_ANNOTATION + HISTORY_SUFFIX] = "1"
    body = msgspec.json.encode(obj)
    owned = view_replica_set(msgspec.json.decode(body, type=ReplicaSet))
    assert owned is not None
    return owned.revision


def test_a_deployment_whose_replica_set_is_not_seen_yet_waits() -> None:
    assert difference(deployment_view(2), [revision_of(1, "a", 0)], None, LIVE) is None


def test_each_rollout_that_was_missed_is_reported_with_its_own_time() -> None:
    sets = [revision_of(1, "a", 0), revision_of(2, "b", 1), revision_of(3, "c", 2)]
    known = baseline(deployment_view(1), sets[:1], LIVE)
    found = difference(deployment_view(3), sets, known, LIVE)
    assert found is not None
    assert [(e.old_value, e.new_value) for e in found.events] == [("a", "b"), ("b", "c")]
    assert [e.timestamp for e in found.events] == [sets[1].created_at, sets[2].created_at]


def test_a_rollback_is_dated_by_the_change_and_not_by_its_old_revision_of() -> None:
    known = baseline(deployment_view(2), [revision_of(1, "a", 0), revision_of(2, "b", 1)], LIVE)
    found = difference(deployment_view(3), [revision_of(3, "a", 0, reused=True), revision_of(2, "b", 1)], known, LIVE)
    assert found is not None
    assert [(e.old_value, e.new_value, e.timestamp) for e in found.events] == [("b", "a", NOW)]


def test_a_scaling_alone_is_no_rollout() -> None:
    sets = [revision_of(1, "a", 0)]
    found = difference(deployment_view(1, replicas=4), sets, baseline(deployment_view(1), sets, LIVE), LIVE)
    assert found is not None
    assert [(e.event_type, e.old_value, e.new_value) for e in found.events] == [("scale_event", "1", "4")]
