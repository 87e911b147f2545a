"""A command is followed until the workload is as it is wanted; one that only reads is not waited for."""

from typing import Any

import pytest

from testbed.live.commands import is_complete, may_change


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
