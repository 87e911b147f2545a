"""Pods that are not made, as conditions, quotas, ranges and accounts tell it."""

from typing import Any

import pytest

from noctuary.common.clock import parse_time
from noctuary.models import details
from tests.unit.sources.resources.world import EARLIER, LONG_AGO, NOW, events_of, pod, reasons_of, thing, workload
from tests.unit.sources.watched_case import Manifest

ACCOUNT = thing("serviceaccounts", "default")
MEMORY = {"resources": {"requests": {"memory": "512Mi"}, "limits": {"memory": "1Gi"}}}
BOTH = {"resources": {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}}}


def quota(hard: Manifest, used: Manifest, **spec: Any) -> Manifest:
    return thing("resourcequotas", "small", spec={"hard": hard} | spec, status={"hard": hard, "used": used})


def limits(**item: Any) -> Manifest:
    return thing("limitranges", "bounds", spec={"limits": [{"type": "Container"} | item]})


def failing(message: str, at: str = LONG_AGO, status: str = "True") -> Manifest:
    condition = {"type": "ReplicaFailure", "status": status, "reason": "FailedCreate", "message": message}
    return workload(status={"conditions": [condition | {"lastTransitionTime": at}]})


FULL = quota({"pods": "2"}, {"pods": "2"})


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ([workload(), FULL], {"quota": "small", "quota_limit": "pods=2", "quota_used": "2"}),
        ([workload("statefulsets"), FULL], {"quota": "small"}),
        ([workload("daemonsets"), FULL], {"quota": "small"}),
        (
            [workload(container=MEMORY), quota({"limits.memory": "2Gi"}, {"limits.memory": "1536Mi"})],
            {"quota": "small"},
        ),
        ([workload(container=MEMORY), quota({"memory": "1Gi"}, {"memory": "700Mi"})], {"quota_limit": "memory=1Gi"}),
        ([workload(container=MEMORY), quota({"limits.cpu": 4}, {})], {"quota_demands": "limits.cpu"}),
        ([workload(), quota({"pods": 2}, {"pods": 2}, scopes=["NotTerminating"])], {"quota": "small"}),
        ([workload(container=MEMORY), limits(max={"memory": "512Mi"})], {"limit_range": "bounds"}),
        ([workload(container=MEMORY), limits(min={"memory": "600Mi"})], {"limit_range": "bounds"}),
        ([workload(spec={"template": {"spec": {"serviceAccountName": "deployer"}}})], {"account": "deployer"}),
    ],
)
def test_a_workload_that_lacks_pods_tells_what_keeps_the_next_from_being_made(
    objects: list[Manifest], told: dict[str, str]
) -> None:
    (event,) = events_of(ACCOUNT, *objects)
    assert told.items() <= event.details.items()
    assert (event.details["reason"], event.last_seen) == ("FailedCreate", NOW)


@pytest.mark.parametrize(
    "objects",
    [
        [workload()],
        [workload(), quota({"pods": "3"}, {"pods": "2"})],
        [workload(status={"replicas": 3}), FULL],
        [workload(status={"observedGeneration": 0}, made="2026-11-21T10:29:50Z"), FULL],
        [workload(deletionTimestamp=EARLIER), FULL],
        [workload(spec={"replicas": 0}, status={"replicas": 0}), FULL],
        [workload(container=MEMORY), quota({"requests.cpu": "1"}, {"requests.cpu": "1"}), limits(default={"cpu": "1"})],
        [workload(), quota({"pods": 2}, {"pods": 2}, scopes=["BestEffort"])],
        [workload(), quota({"pods": 2}, {"pods": 2}, scopes=["Terminating"])],
        [workload(), quota({"count/services": 2}, {"count/services": 2})],
        [workload(), quota({"requests.nvidia.com/gpu": 1}, {"requests.nvidia.com/gpu": 1})],
        [workload(container=BOTH), limits(max={"memory": "1Gi"}, min={"cpu": "100m"})],
        [workload("statefulsets", status={"replicas": 2, "readyReplicas": 1}), FULL],
    ],
)
def test_who_has_its_pods_or_room_for_more_is_not_told(objects: list[Manifest]) -> None:
    assert "FailedCreate" not in reasons_of(ACCOUNT, *objects)


def test_accounts_that_were_not_read_are_none_that_miss() -> None:
    assert reasons_of(workload(), unread=["serviceaccounts"]) == []


def test_a_deployment_says_itself_why_its_pods_are_refused_and_since_when() -> None:
    words = 'pods "shop-1" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2'
    (event,) = events_of(ACCOUNT, failing(words))
    named = (event.details[details.QUOTA], event.details[details.QUOTA_LIMIT], event.details[details.QUOTA_USED])
    assert (event.timestamp, named) == (parse_time(LONG_AGO), ("small", "pods=2", "2"))


def test_a_condition_that_is_over_tells_nothing() -> None:
    assert reasons_of(ACCOUNT, failing("exceeded quota: small", status="False")) == []


@pytest.mark.parametrize(("made", "at"), [(EARLIER, EARLIER), (LONG_AGO, "2026-11-21T10:30:00Z")])
def test_a_quota_was_not_used_up_before_the_youngest_pod_came(made: str, at: str) -> None:
    found = events_of(
        ACCOUNT, workload(), FULL, pod(made=made, status={"conditions": [{"type": "Ready", "status": "True"}]})
    )
    assert [event.timestamp for event in found] == [parse_time(at)]
