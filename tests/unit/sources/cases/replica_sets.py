"""ReplicaSets: each is a revision of its Deployment, in whichever order the two are seen."""

from noctuary.common.clock import parse_time
from tests.unit.sources.watched_case import Case, Manifest, manifest

ANNOTATION = "deployment.kubernetes.io/revision"
OWNER = {"kind": "Deployment", "name": "shop", "uid": "d", "controller": True}
ROLLOUT = {"kind": "Rollout", "name": "checkout", "uid": "r", "controller": True}
TEMPLATE = {"spec": {"containers": [{"name": "app", "image": "shop:1"}]}}
WANTS_2 = manifest("shop", uid="d", annotations={ANNOTATION: "2"}) | {"spec": {"replicas": 1, "template": TEMPLATE}}


def replica_set(number: int, image: str, minute: int, *, owner: Manifest = OWNER) -> Manifest:
    """Return a revision of Deployment shop, made so many minutes after ten."""
    own = {
        "creationTimestamp": f"2026-11-21T10:{minute:02}:00Z",
        "annotations": {ANNOTATION: str(number)},
        "labels": {"pod-template-hash": f"hash-{image}"},
        "ownerReferences": [owner],
    }
    template = {"spec": {"containers": [{"name": "app", "image": image}]}}
    return manifest(f"shop-{image}", **own) | {"spec": {"template": template}}


def started_anew(number: int, minute: int, **spec: object) -> Manifest:
    """Return a revision that `kubectl rollout restart` made, whose pods are as those before."""
    held = replica_set(number, f"shop:1-{number}", minute)
    marks = {"annotations": {"kubectl.kubernetes.io/restartedAt": str(minute)}}
    held["spec"]["template"] = {"metadata": marks, "spec": TEMPLATE["spec"] | spec}
    return held


DB = [{"name": "db", "secret": {"secretName": "db"}}]
LISTED = {"deployments": [WANTS_2], "replicasets": [replica_set(1, "shop:1", 0)]}

CASES = [
    Case(
        "the one that a new Deployment waits for, after one that it had before",
        replica_set(2, "shop:2", 1),
        [
            {"event_type": "deploy", "old_value": None, "new_value": "shop:1"},
            {"old_value": "shop:1", "new_value": "shop:2", "timestamp": parse_time("2026-11-21T10:01:00Z")},
        ],
        change="ADDED",
        listed=LISTED,
    ),
    Case(
        "a restart of pods that read a Secret",
        started_anew(2, 1, volumes=DB),
        [
            {"event_type": "deploy"},
            {"details.restart": "1", "details.reads": "Secret db", "details.reads_nothing": None},
        ],
        change="ADDED",
        listed={"deployments": [WANTS_2], "replicasets": [started_anew(1, 0, volumes=DB)]},
    ),
    Case(
        "a restart of pods that read nothing",
        started_anew(2, 1),
        [{"event_type": "deploy"}, {"details.restart": "1", "details.reads": None, "details.reads_nothing": "1"}],
        change="ADDED",
        listed={"deployments": [WANTS_2], "replicasets": [started_anew(1, 0)]},
    ),
    Case("one that its Deployment does not want", replica_set(3, "shop:3", 1), [], listed=LISTED),
    Case(
        "of a kind that is not read",
        replica_set(0, "shop:2", 1, owner=ROLLOUT),
        [
            {
                "event_type": "deploy",
                "entity": "checkout",
                "service_name": "checkout",
                "old_value": "shop:1",
                "new_value": "shop:2",
                "details.template_hash": "hash-shop:2",
                "details.previous_template_hash": "hash-shop:1",
            }
        ],
        listed={"replicasets": [replica_set(0, "shop:1", 0, owner=ROLLOUT)]},
    ),
    Case("of nobody", manifest("lonely") | {"spec": {"template": TEMPLATE}}, []),
    Case("one whose Deployment is not seen yet", replica_set(2, "shop:2", 1), []),
    Case("deleted", replica_set(1, "shop:1", 0), [], change="DELETED", listed=LISTED),
]
