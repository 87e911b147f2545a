"""DaemonSets: they name no revision, so the newest one counts when it holds their template."""

from tests.unit.sources.cases.controller_revisions import controller_revision
from tests.unit.sources.watched_case import Case, Manifest, manifest


def daemon_set(generation: int, image: str, *, strategy: str = "RollingUpdate", updated: int = 0) -> Manifest:
    """Return DaemonSet agent with its so many-th template."""
    template = {"spec": {"containers": [{"name": "app", "image": image}]}}
    status = {"observedGeneration": generation, "desiredNumberScheduled": 3, "updatedNumberScheduled": updated}
    spec = {"template": template, "updateStrategy": {"type": strategy}}
    return manifest("agent", generation=generation) | {"spec": spec, "status": status}


REVISIONS = [
    controller_revision(number, f"agent:{number}", kind="DaemonSet", name="agent", minute=number) for number in (1, 2)
]
LISTED = {"daemonsets": [daemon_set(1, "agent:1")], "controllerrevisions": REVISIONS[:1]}
BOTH = {"daemonsets": [daemon_set(1, "agent:1")], "controllerrevisions": REVISIONS}

CASES = [
    Case("nothing changed", daemon_set(1, "agent:1"), [], listed=LISTED),
    Case("its revision is not seen yet", daemon_set(2, "agent:2"), [], listed=LISTED),
    Case(
        "rolled out",
        daemon_set(2, "agent:2"),
        [
            {"event_type": "deploy", "old_value": None},
            {"event_type": "deploy", "details.revision": "2", "details.template_hash": "hash-agent:2"},
        ],
        listed=BOTH,
    ),
    Case(
        "changed, and pods are replaced only when somebody deletes them",
        daemon_set(2, "agent:2", strategy="OnDelete"),
        [
            {"event_type": "deploy", "new_value": "agent:1"},
            {
                "event_type": "config_change",
                "details.staged": "0 of 3 pods; pods are replaced when they are deleted",
                "details.changed": "image",
            },
        ],
        listed=BOTH,
    ),
]
