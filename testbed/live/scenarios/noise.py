"""Warnings that go on for days, tools that complain beside a healthy service, and what other systems post."""

import json
from datetime import UTC, datetime, timedelta

from testbed.live.manifests import container, deployment, plain, recreated, service
from testbed.live.place import Place
from testbed.live.scenario import ERRORS, Manifest, Scenario, Truth
from testbed.live.scenarios.images import PULLING, TYPO
from testbed.live.scenarios.truths import BLAMES_ROLLOUT, bad_rollout, nothing

_DAYS = timedelta(days=3)
_MANY = 500


def _web(place: Place) -> list[Manifest]:
    return [deployment(place.app, replicas=2), service(place.app)]


def _recreated(place: Place) -> list[Manifest]:
    return [recreated(place.app), service(place.app)]


def _warn(reason: str, message: str, place: Place) -> None:
    """Report a warning on every pod that was first seen days ago and just now once more."""
    now = datetime.now(UTC)
    for pod in place.pods():
        about = {"kind": "Pod", "apiVersion": "v1", "namespace": place.namespace}
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{pod['metadata']['name']}.{reason.lower()}", "namespace": place.namespace},
            "involvedObject": {**about, "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]},
            "type": "Warning",
            "reason": reason,
            "message": message,
            "count": _MANY,
            "firstTimestamp": _stamp(now - _DAYS),
            "lastTimestamp": _stamp(now),
            "source": {"component": "policy-controller"},
        }
        place.kubectl("create", "--filename=-", text=json.dumps(event))


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _policy(place: Place) -> None:
    _warn("PolicyViolation", "policy require-labels fail: validation error: label team is required", place)


def _policy_and_typo(place: Place) -> None:
    _policy(place)
    place.set_image(TYPO)
    place.wait_state(*PULLING)


def _policy_and_flag(place: Place) -> None:
    _policy(place)
    _flag(place)


def _flag(place: Place) -> None:
    place.post(
        {
            "service_name": place.app,
            "vendor": "launchdarkly",
            "entity": "new-checkout",
            "event_type": "flag_change",
            "new_value": "on",
            "old_value": "off",
            "confidence": 0.9,
            "ttl_seconds": 3600,
        }
    )


def _dns(place: Place) -> None:
    _warn("DNSConfigForming", "Nameserver limits were exceeded, some nameservers have been omitted", place)


def _autoscaled(place: Place) -> list[Manifest]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": place.app}
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
    spec = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 4, "metrics": [cpu]}
    return [*_web(place), plain("HorizontalPodAutoscaler", place.app, "autoscaling/v2", spec=spec)]


def _no_metrics(place: Place) -> None:
    place.wait_event("FailedGetResourceMetric")


def _debug(place: Place) -> None:
    pod = place.pods()[0]["metadata"]["name"]
    place.kubectl("debug", pod, "--image=busybux:1.36", "--target=app", "--attach=false", "--quiet")
    place.wait_state(*PULLING)


def _flood(place: Place) -> None:
    """A neighbour that no pod can be made for floods the namespace with warnings after a bad rollout."""
    place.set_image("2.0.0")
    place.wait_restarted(1)
    broken = container(readinessProbe=None, envFrom=[{"configMapRef": {"name": "nowhere"}}])
    place.apply(deployment("neighbour", broken, replicas=6))
    place.wait("the neighbour's warnings", lambda: len(place.events("Failed")) >= 3)


_FLAG = Truth("flag/new-checkout", "a flag was switched on", ("flag|new-checkout",), (BLAMES_ROLLOUT,))

SCENARIOS = (
    Scenario("policy-warnings-aged", _web, nothing("an audit policy warns for days"), _policy, age=True, pods=2),
    Scenario(
        "policy-and-bad-tag",
        _recreated,
        bad_rollout("bad tag while an audit policy warns for days", TYPO, symptom=("pull",)),
        _policy_and_typo,
    ),
    Scenario("policy-and-flag-aged", _web, _FLAG, _policy_and_flag, age=True, pods=2, alert=ERRORS),
    Scenario("flag-aged", _web, _FLAG, _flag, age=True, pods=2, alert=ERRORS),
    Scenario("dns-warnings-aged", _web, nothing("DNS warnings for days"), _dns, age=True, pods=2),
    Scenario(
        "autoscaler-blind", _autoscaled, nothing("autoscaler cannot read metrics", "rolled out"), _no_metrics, pods=2
    ),
    Scenario("debug-typo-aged", _web, nothing("debug container with a mistyped image"), _debug, age=True, pods=2),
    Scenario(
        "flood",
        _recreated,
        bad_rollout("crashes amid a flood of warnings", "2.0.0", symptom=("crash",)),
        _flood,
        pods=7,
    ),
)
