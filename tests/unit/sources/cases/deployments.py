"""Deployments: a rollout is known by number, its ReplicaSet holds the rest."""

from noctuary.common.clock import parse_time
from noctuary.models import details
from tests.unit.sources.cases.replica_sets import replica_set
from tests.unit.sources.watched_case import Case, Manifest, manifest

LISTED_SETS = [replica_set(1, "shop:1", 0), replica_set(2, "shop:2", 1)]


def deployment(revision: int, replicas: int = 1, image: str = "shop:1") -> Manifest:
    """Return Deployment shop as it wants this revision."""
    annotations = {"deployment.kubernetes.io/revision": str(revision)}
    template = {"spec": {"containers": [{"name": "app", "image": image}]}}
    own = {"uid": "d", "generation": revision * 10 + replicas, "annotations": annotations}
    return manifest("shop", **own) | {"spec": {"replicas": replicas, "template": template}}


LISTED = {"deployments": [deployment(1)], "replicasets": LISTED_SETS}

CASES = [
    Case("nothing changed", deployment(1), [], listed=LISTED),
    Case(
        "rolled out",
        deployment(2),
        [
            {
                "event_type": "deploy",
                "service_name": "shop",
                "dedup_key": "d/rollout/2",
                "old_value": "shop:1",
                "new_value": "shop:2",
                "timestamp": parse_time("2026-11-21T10:01:00Z"),
                f"details.{details.REVISION}": "2",
                f"details.{details.PREVIOUS_REVISION}": "1",
                f"details.{details.PREVIOUS_IMAGE}": "shop:1",
                f"details.{details.TEMPLATE_HASH}": "hash-shop:2",
                f"details.{details.CHANGED}": "image",
            }
        ],
        listed=LISTED,
    ),
    Case("its ReplicaSet is not seen yet", deployment(3), [], listed=LISTED),
    Case(
        "scaled",
        deployment(1, replicas=4),
        [{"event_type": "scale_event", "old_value": "1", "new_value": "4", "dedup_key": "d/scale/14"}],
        listed=LISTED,
    ),
    Case(
        "new",
        deployment(1),
        [{"event_type": "deploy", "old_value": None, "new_value": "shop:1"}],
        listed={"replicasets": LISTED_SETS},
        change="ADDED",
    ),
    Case(
        "deleted",
        deployment(1),
        [
            {
                "event_type": "scale_event",
                "dedup_key": "d/deleted",
                "old_value": "1",
                "new_value": "0",
                f"details.{details.DELETED}": "1",
            }
        ],
        listed=LISTED,
        change="DELETED",
    ),
    Case(
        "one of which nothing ran is deleted",
        deployment(1, replicas=0),
        [],
        listed=LISTED | {"deployments": [deployment(1, replicas=0)]},
        change="DELETED",
    ),
]
