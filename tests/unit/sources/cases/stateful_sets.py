"""StatefulSets: a rollout is known by the revision that the status names."""

from tests.unit.sources.cases.controller_revisions import controller_revision
from tests.unit.sources.watched_case import Case, Manifest, manifest


def stateful_set(
    number: int, *, generation: int = 1, observed: int = 0, replicas: int = 1, partition: int = 0, current: int = 0
) -> Manifest:
    """Return StatefulSet db; its controller has caught up unless `observed` says otherwise."""
    template = {"spec": {"containers": [{"name": "app", "image": f"db:{number}"}]}}
    status = {"observedGeneration": observed or generation, "updateRevision": f"db-db:{number}"}
    status["currentRevision"] = f"db-db:{current or number}"
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}
    spec = {"replicas": replicas, "template": template, "updateStrategy": strategy}
    return manifest("db", generation=generation) | {"spec": spec, "status": status}


REVISIONS = [controller_revision(number, f"db:{number}", minute=number) for number in (1, 2)]
LISTED = {"statefulsets": [stateful_set(1, replicas=3)], "controllerrevisions": REVISIONS[:1]}
CHANGED = stateful_set(2, generation=2, replicas=3, current=1)


CASES = [
    Case("nothing changed", stateful_set(1, replicas=3), [], listed=LISTED),
    Case(
        "rolled out before its revision is seen",
        CHANGED,
        [],
        listed=LISTED,
    ),
    Case("its controller has not caught up", stateful_set(1, generation=2, observed=1, replicas=3), [], listed=LISTED),
    Case(
        "scaled",
        stateful_set(1, generation=2, replicas=5),
        [{"event_type": "scale_event", "old_value": "3", "new_value": "5"}],
        listed=LISTED,
    ),
    Case(
        "scaled before its controller has caught up",
        stateful_set(1, generation=2, observed=1, replicas=5),
        [{"event_type": "scale_event", "old_value": "3", "new_value": "5"}],
        listed=LISTED,
    ),
]
