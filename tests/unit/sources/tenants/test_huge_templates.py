"""Templates as large as the API server takes: little is kept of each, and that two differ is told."""

from typing import Any

import msgspec
import pytest

from noctuary.models import details
from noctuary.sources.kubernetes.kinds.controller_revisions import ControllerRevision, view_controller_revision
from noctuary.sources.kubernetes.kinds.daemon_sets import DaemonSet, view_daemon_set
from noctuary.sources.kubernetes.kinds.replica_sets import ReplicaSet, view_replica_set
from noctuary.sources.kubernetes.rollouts.template import MAX_SUMMARY_BYTES
from tests.unit.sources.cases.controller_revisions import controller_revision
from tests.unit.sources.cases.daemon_sets import daemon_set
from tests.unit.sources.cases.deployments import deployment
from tests.unit.sources.cases.replica_sets import replica_set
from tests.unit.sources.test_event_facts import Watches
from tests.unit.sources.watched_case import Manifest

HUGE, MANY = 100_000, 5_000
"""Characters, and names: each more than a summary holds."""
APP: Manifest = {"name": "app", "image": "shop:1"}
TEMPLATES: dict[str, Manifest] = {
    "variables": {"spec": {"containers": [APP | {"env": [{"name": f"V{n}", "value": ""} for n in range(MANY)]}]}},
    "containers": {"spec": {"containers": [APP | {"name": f"app-{n}"} for n in range(MANY)]}},
    "one name": {"spec": {"containers": [APP | {"name": "a" * HUGE}]}},
    "an image": {"spec": {"containers": [APP | {"image": "i" * HUGE}]}},
    "fields": {"spec": {"containers": [APP], **{f"f{n}": n for n in range(MANY)}}},
    "labels": {"metadata": {"labels": {f"l{n}": "" for n in range(MANY)}}, "spec": {"containers": [APP]}},
    "annotations": {"metadata": {"annotations": {f"a{n}": "" for n in range(MANY)}}, "spec": {"containers": [APP]}},
    "what it reads": {"spec": {"containers": [APP], "volumes": [{"configMap": {"name": "c" * HUGE}}]}},
    "letters of six bytes": {"spec": {"containers": [APP | {"name": f"\0{n}" * 500} for n in range(100)]}},
}


def decoded(kind: type[Any], obj: Manifest) -> Any:
    return msgspec.json.decode(msgspec.json.encode(obj), type=kind)


def holding(template: Manifest, number: int = 1, image: str = "shop:1") -> Manifest:
    obj = replica_set(number, image, number)
    obj["spec"]["template"] = template
    return obj


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_of_a_huge_template_little_is_kept(template: Manifest) -> None:
    owned = view_replica_set(decoded(ReplicaSet, holding(template)))
    assert owned is not None
    assert len(owned.revision.template) <= MAX_SUMMARY_BYTES
    assert owned.revision.summary().image().startswith(("shop:1", "iii"))


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_a_daemon_set_knows_its_huge_template_again_in_its_revision(template: Manifest) -> None:
    held, wanting = controller_revision(1, "a", kind="DaemonSet", name="agent"), daemon_set(1, "a")
    held["data"]["spec"]["template"] = wanting["spec"]["template"] = template
    for obj in (held, wanting):
        obj["metadata"]["uid"] = "d"
        obj["metadata"]["ownerReferences"] = [{"kind": "DaemonSet", "name": "agent", "uid": "d", "controller": True}]
    found = view_controller_revision(decoded(ControllerRevision, held))
    assert found is not None
    assert found.revision.template == view_daemon_set(decoded(DaemonSet, wanting)).wanted.template


@pytest.mark.parametrize(
    ("change", "told"),
    [({}, ""), ({"image": "shop:2"}, "image, template"), ({"workingDir": "/"}, "template")],
    ids=["nothing", "an image", "anything else"],
)
def test_that_huge_templates_differ_is_told(change: Manifest, told: str) -> None:
    huge = TEMPLATES["variables"]["spec"]["containers"][0]
    old, new = ({"spec": {"containers": [container]}} for container in (huge, huge | change))
    watches = Watches(workloads={"replicasets": [holding(old)], "deployments": [deployment(1)]})
    watches.see("deployments", deployment(2))
    found = watches.see("replicasets", holding(new, 2, "shop:2"), "ADDED")
    assert [each.details.get(details.CHANGED, "") for each in found if each.old_value] == [told]
