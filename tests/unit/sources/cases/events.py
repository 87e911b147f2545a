"""Warnings: under which key and word each counts, and which make no event."""

from noctuary.common.clock import parse_time
from noctuary.models import details
from tests.unit.sources.cases.pods import pod
from tests.unit.sources.watched_case import AT, Case, Manifest, manifest

ABOUT = {"kind": "Pod", "namespace": "shops", "name": "shop-5f7-x", "uid": "pod-1", "fieldPath": "spec.containers{app}"}
OURS = ABOUT | {"apiVersion": "noctuary.io/v1alpha1", "kind": "PagerDutyIntegration"}
QUOTA = (
    'Error creating: pods "shop-7f-x2" is forbidden: exceeded quota: small, '
    "requested: limits.memory=64Mi,pods=1, used: limits.memory=64Mi,pods=1, limited: limits.memory=100Mi,pods=1"
)

LATER = "2026-11-21T10:10:00Z"
NODES = {"nodes": [manifest("node-1", "", uid="node-1-uid")]}


def warning(reason: str, message: str, **more: object) -> Manifest:
    """Return a Warning about container app of pod pod-1, seen three times."""
    body = {"involvedObject": ABOUT, "type": "Warning", "lastTimestamp": AT, "count": 3}
    return manifest("e") | body | {"reason": reason, "message": message} | more


def made(at: str, namespace: str = "shops") -> Manifest:
    """Return the metadata of an Event that the API server made then."""
    metadata: Manifest = manifest("e", namespace, creationTimestamp=at)["metadata"]
    return metadata


def of_node(reason: str = "SystemOOM", namespace: str = "default") -> Manifest:
    """Return a Warning about a node, from a namespace; the kubelet gives the node's name as its uid."""
    node = {"kind": "Node", "name": "node-1", "uid": "node-1"}
    return warning(reason, "", involvedObject=node, metadata=made(AT, namespace))


def counted(reason: str, message: str, key: str, *, word: str = "", kept: str | None = None) -> Case:
    """Return a Warning that counts under a key of its pod, with its code word and the message that is kept."""
    event: dict[str, object] = {"dedup_key": f"pod-1/{key}", "count": 3, "service_name": "shop"}
    if word:
        event |= {"new_value": word, f"details.{details.MESSAGE}": kept}
    return Case(f"{reason}: {message}", warning(reason, message), [event], listed={"pods": [pod({})]})


def probing(probe: Manifest, asked: str) -> Case:
    """Return a failed liveness probe of a pod that defines it so."""
    probed = pod({}) | {"spec": {"containers": [{"name": "app", "livenessProbe": probe}]}}
    failed = warning("Unhealthy", "Liveness probe failed: 500")
    event: dict[str, object] = {f"details.{details.PROBE_TARGET}": asked, "old_value": "liveness"}
    return Case(f"a failed probe of {asked}", failed, [event], listed={"pods": [probed]})


CASES = [
    counted("BackOff", "Back-off restarting failed container app in pod p", "app/crash", word="CrashLoopBackOff"),
    counted(
        "BackOff",
        'Back-off pulling image "shop:2"',
        "app/image",
        word="ImagePullBackOff",
        kept='Back-off pulling image "shop:2"',
    ),
    counted("Failed", "Error: ErrImagePull", "app/image", word="ErrImagePull"),
    counted("BackOff", "Back-off restarting failed container image-api in pod image-api-1", "app/crash"),
    counted(
        "Failed",
        'Error: failed to start container "image-api": exec: boom',
        "app/start",
        word="Failed",
        kept="exec: boom",
    ),
    counted("Failed", 'Error: configmap "settings" not found', "app/configuration"),
    counted(
        "Failed",
        'Error: secret "db" not found',
        "app/configuration",
        word="CreateContainerConfigError",
        kept='secret "db" not found',
    ),
    counted("FailedScheduling", "0/1 nodes are available", "FailedScheduling"),
    counted(
        "Unhealthy",
        "Liveness probe failed",
        "Unhealthy/app/liveness",
        word="Unhealthy",
        kept="Liveness probe failed",
    ),
    counted("Unhealthy", 'Readiness probe failed: Get "http://10.0.0.1/liveness": refused', "Unhealthy/app/readiness"),
    counted("FailedMount", "MountVolume.SetUp failed", "FailedMount/app"),
    probing({"httpGet": {"path": "/alive?deep=1", "port": 8080}}, "/alive on port 8080"),
    probing({"httpGet": {"port": "web"}}, "/ on port web"),
    probing({"tcpSocket": {"port": 5432}}, "port 5432"),
    probing({"grpc": {"port": 9000}}, "port 9000"),
    probing({"exec": {"command": ["/usr/bin/pg_isready", "--secret=x"]}}, "command pg_isready"),
    Case(
        "a pod over quota names the quota and what it limits",
        warning("FailedCreate", QUOTA),
        [{f"details.{details.QUOTA}": "small", f"details.{details.QUOTA_LIMIT}": "limits.memory=100Mi"}],
    ),
    Case(
        "a node's own Event is of the node that is known by this name",
        of_node(),
        [{"tenant": "", "service_name": "node-1", "dedup_key": "node-1-uid/SystemOOM"}],
        listed=NODES,
    ),
    Case("nobody tells of nodes from a namespace of their own", of_node(namespace="shops"), [], listed=NODES),
    Case("an Event about no node that exists", of_node(), []),
    Case("a node's condition is read from its status alone", of_node("NodeNotReady"), [], listed=NODES),
    Case("a claim about a node's health", of_node("NodeHasDiskPressure"), [], listed=NODES),
    Case(
        "an object that nobody watches is its own service",
        warning("FailedMount", "no"),
        [{"service_name": "shop-5f7-x", "tenant": "shops", "event_type": "dependency_failure"}],
    ),
    Case(
        "the new form counts its series",
        warning(
            "FailedMount",
            "no",
            lastTimestamp=None,
            eventTime="2026-11-21T09:00:00Z",
            metadata=made("2026-11-21T09:00:00Z"),
            series={"count": 7, "lastObservedTime": AT},
        ),
        [{"count": 7, "last_seen": parse_time(AT), "timestamp": parse_time("2026-11-21T09:00:00Z")}],
    ),
    Case(
        "no fault is older than the Event that tells of it",
        warning(
            "FailedMount",
            "no",
            firstTimestamp="2026-11-21T09:00:00Z",
            lastTimestamp="2026-11-21T10:05:00Z",
            metadata=made(LATER),
        ),
        [{"timestamp": parse_time(LATER), "last_seen": parse_time(LATER)}],
    ),
    Case(
        "a count proves no earlier beginning",
        warning("FailedMount", "no", firstTimestamp="2026-11-21T09:00:00Z", count=500),
        [{"timestamp": parse_time(AT), "count": 500}],
    ),
    Case("a reason is one word", warning("Failed; run x", "no"), [{"new_value": "Failed-run-x"}]),
    Case(
        "what the operator reports of its own resources is no event",
        warning("SigningSecretMissing", "the Secret is missing", involvedObject=OURS),
        [],
    ),
    Case("what is normal is no event", warning("Pulled", "done", type="Normal"), []),
    Case("one that expired is no event", warning("FailedMount", "no"), [], change="DELETED"),
    Case(
        "one from before the very first start is no event",
        warning("FailedMount", "no", lastTimestamp="2026-11-20T10:00:00Z"),
        [],
    ),
]
