"""A command is followed until the workload is as it is wanted; one that only reads is not waited for."""

from typing import Any

import pytest

from testbed.live.commands import harm_of, is_complete, may_change, snapshot
from testbed.live.scenarios.truths import OWN_LIMITS, fault


def deployment(image: str, memory: str) -> dict[str, Any]:
    container = {"name": "app", "image": image, "resources": {"limits": {"memory": memory}}}
    return {"deployment/web": {"spec": {"template": {"metadata": {}, "spec": {"containers": [container]}}}}}


@pytest.mark.parametrize(("image", "memory", "harms"), [("app:2", "128Mi", False), ("app:1", "64Mi", True)])
def test_where_memory_leaks_a_limit_may_be_raised_and_no_version_brought_back(
    image: str, memory: str, harms: bool
) -> None:
    truth = fault("leaks", "memory", mend=OWN_LIMITS)
    before, after = snapshot(deployment("app:2", "64Mi")), snapshot(deployment(image, memory))
    assert bool(harm_of(truth, {"app": "web"}, before, after)) is harms


def found(generation: int = 2, replicas: int | None = 2, **status: int) -> dict[str, Any]:
    spec = {} if replicas is None else {"replicas": replicas}
    return {"metadata": {"generation": generation}, "spec": spec, "status": {"observedGeneration": 2, **status}}


@pytest.mark.parametrize(
    ("workload", "complete"),
    [
        (found(readyReplicas=2, updatedReplicas=2), True),
        (found(readyReplicas=2, updatedReplicas=1), False),
        (found(readyReplicas=1, updatedReplicas=2), False),
        (found(generation=3, readyReplicas=2, updatedReplicas=2), False),
        (found(replicas=0), True),
        (found(replicas=None, desiredNumberScheduled=1, numberReady=1, updatedNumberScheduled=1), True),
        (found(replicas=None, desiredNumberScheduled=1, numberReady=0, updatedNumberScheduled=1), False),
    ],
)
def test_a_workload_is_complete_when_every_wanted_pod_is_new_and_ready(
    workload: dict[str, Any], complete: bool
) -> None:
    assert is_complete(workload) is complete


@pytest.mark.parametrize(
    ("line", "changes"),
    [
        ("kubectl -n a rollout undo deployment/x --to-revision=3", True),
        ("kubectl -n a scale deployment/x --replicas=2", True),
        ("kubectl uncordon node-1", True),
        ("kubectl -n a delete pod x-0", True),
        ("kubectl -n a describe pod x-0", False),
        ("kubectl -n a logs --previous x-0 -c app", False),
        ("kubectl get nodes", False),
        ("kubectl -n a rollout history deployment/x", False),
    ],
)
def test_what_only_reads_changes_nothing(line: str, changes: bool) -> None:
    assert may_change(line) is changes
