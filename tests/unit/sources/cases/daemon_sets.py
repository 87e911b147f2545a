"""DaemonSets: a rollout is known by the number of templates so far."""

from tests.unit.sources.watched_case import Case, Manifest, manifest


def daemon_set(counted: int, image: str) -> Manifest:
    """Return DaemonSet agent with its so many-th template."""
    own = {"generation": counted, "annotations": {"deprecated.daemonset.template.generation": str(counted)}}
    template = {"spec": {"containers": [{"name": "app", "image": image}]}}
    status = {"observedGeneration": counted, "desiredNumberScheduled": 3, "numberReady": 3}
    return manifest("agent", **own) | {"spec": {"template": template}, "status": status}


LISTED = {"daemonsets": [daemon_set(1, "agent:1")]}

CASES = [
    Case("nothing changed", daemon_set(1, "agent:1"), [], listed=LISTED),
    Case(
        "rolled out",
        daemon_set(2, "agent:2"),
        [
            {
                "event_type": "deploy",
                "old_value": "agent:1",
                "new_value": "agent:2",
                "dedup_key": "agent/rollout/2/2",
                "details.revision": "2",
                "details.template_hash": None,
            }
        ],
        listed=LISTED,
    ),
]
