"""ControllerRevisions: each is a revision of a StatefulSet, of a DaemonSet, or of what else keeps its templates so."""

from tests.unit.sources.watched_case import AT, Case, Manifest, manifest

APPS = "apps/v1"


def controller_revision(
    number: int, image: str, *, kind: str = "StatefulSet", name: str = "db", minute: int = 0, api: str = APPS
) -> Manifest:
    """Return a revision of a workload, made so many minutes after ten; its hash is its image."""
    owner = {"apiVersion": api, "kind": kind, "name": name, "uid": name, "controller": True}
    labels = {"controller-revision-hash": f"hash-{image}"} if kind == "DaemonSet" else {}
    own = {
        "uid": f"{name}-{image}",
        "creationTimestamp": f"2026-11-21T10:{minute:02}:00Z",
        "labels": labels,
        "ownerReferences": [owner],
    }
    template = {"spec": {"containers": [{"name": "app", "image": image}]}, "$patch": "replace"}
    return manifest(f"{name}-{image}", **own) | {"revision": number, "data": {"spec": {"template": template}}}


WANTS_2 = manifest("db", generation=2, creationTimestamp=AT) | {
    "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "app", "image": "db:2"}]}}},
    "status": {"observedGeneration": 2, "updateRevision": "db-db:2"},
}
LISTED = {"statefulsets": [WANTS_2], "controllerrevisions": [controller_revision(1, "db:1")]}
CLONES = "apps.kruise.io/v1alpha1"

CASES = [
    Case(
        "the one that its StatefulSet waits for",
        controller_revision(2, "db:2", minute=1),
        [
            {"event_type": "deploy", "old_value": None, "new_value": "db:1"},
            {"event_type": "deploy", "old_value": "db:1", "new_value": "db:2", "details.previous_revision": "1"},
        ],
        change="ADDED",
        listed=LISTED,
    ),
    Case("one that its StatefulSet does not want yet", controller_revision(3, "db:3"), [], listed=LISTED),
    Case(
        "of a kind that is not read",
        controller_revision(2, "db:2", kind="CloneSet", api=CLONES, minute=1),
        [{"old_value": "db:1", "new_value": "db:2", "entity": "db", "details.revision": "2"}],
        listed={"controllerrevisions": [controller_revision(1, "db:1", kind="CloneSet", api=CLONES)]},
    ),
    Case(
        "of another group's StatefulSet",
        controller_revision(2, "db:2", api=CLONES, minute=1),
        [{"old_value": "db:1", "new_value": "db:2", "entity": "db"}],
        listed={"controllerrevisions": [controller_revision(1, "db:1", api=CLONES)]},
    ),
    Case(
        "what holds no template",
        controller_revision(1, "db:1", kind="VirtualMachine") | {"data": {"spec": ["cpu", 2]}},
        [],
    ),
    Case("deleted", controller_revision(1, "db:1"), [], change="DELETED", listed=LISTED),
]
