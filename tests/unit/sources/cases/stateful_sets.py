"""StatefulSets: a rollout is known by the revision that the status names."""

from tests.unit.sources.watched_case import Case, Manifest, manifest


def stateful_set(revision: str, image: str, *, generation: int = 1, observed: int = 0, replicas: int = 1) -> Manifest:
    """Return StatefulSet db; its controller has caught up unless `observed` says otherwise."""
    template = {"spec": {"containers": [{"name": "app", "image": image}]}}
    status = {"observedGeneration": observed or generation, "updateRevision": revision}
    spec = {"replicas": replicas, "template": template}
    return manifest("db", generation=generation) | {"spec": spec, "status": status}


LISTED = {"statefulsets": [stateful_set("db-1", "db:1")]}

CASES = [
    Case("nothing changed", stateful_set("db-1", "db:1"), [], listed=LISTED),
    Case(
        "rolled out",
        stateful_set("db-2", "db:2", generation=2),
        [
            {
                "event_type": "deploy",
                "old_value": "db:1",
                "new_value": "db:2",
                "dedup_key": "db/rollout/db-2/2",
                "details.revision": "db-2",
                "details.template_hash": "db-2",
            }
        ],
        listed=LISTED,
    ),
    Case("its controller has not caught up", stateful_set("db-1", "db:2", generation=2, observed=1), [], listed=LISTED),
    Case(
        "scaled",
        stateful_set("db-1", "db:1", generation=2, replicas=3),
        [{"event_type": "scale_event", "old_value": "1", "new_value": "3"}],
        listed=LISTED,
    ),
]
