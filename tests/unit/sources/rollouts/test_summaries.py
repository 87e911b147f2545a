"""Summaries of templates that are kept: made once for each generation, and anew for another owner."""

from typing import Any

from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.kinds.registry import WATCHED_KINDS
from noctuary.sources.kubernetes.namespace_watches import ROLLOUT_KINDS
from noctuary.sources.kubernetes.rollouts.template import summarize
from noctuary.sources.kubernetes.rollouts.tracker import RolloutTracker
from noctuary.sources.kubernetes.watched_kind import SinkContext
from tests.unit.call_counts import calls_of
from tests.unit.sources.cases.controller_revisions import controller_revision
from tests.unit.sources.cases.daemon_sets import daemon_set
from tests.unit.sources.cases.deployments import deployment
from tests.unit.sources.cases.replica_sets import OWNER, replica_set
from tests.unit.sources.test_kinds import FIRST_START, QueuedEvents, decode
from tests.unit.sources.watched_case import Manifest


class Watched:
    """The sinks of all kinds, after empty lists."""

    def __init__(self) -> None:
        self._queue = QueuedEvents()
        context = SinkContext(self._queue, RolloutTracker(self._queue, [FIRST_START], ROLLOUT_KINDS))
        self._sinks: dict[str, Any] = {each.name: each.make_sink(context) for each in WATCHED_KINDS}
        for sink in self._sinks.values():
            sink.on_list([])

    def show(self, resource: str, obj: Manifest) -> list[ContextEvent]:
        """Let a watch show an object; return what it made."""
        self._queue.events.clear()
        kind = next(each for each in WATCHED_KINDS if each.name == resource)
        self._sinks[resource].on_event("MODIFIED", decode(kind, obj))
        return list(self._queue.events)


def owned_by(uid: str, number: int) -> Manifest:
    """Return a revision of a Deployment with this uid; nothing but the image differs between two."""
    obj = replica_set(number, f"shop:{number}", number, owner=OWNER | {"uid": uid})
    obj["metadata"]["generation"] = 1
    container = obj["spec"]["template"]["spec"]["containers"][0]
    container |= {"env": [{"name": "POOL", "value": "9"}], "ports": [{"containerPort": 80}]}
    return obj


def test_a_revision_that_was_adopted_differs_from_the_next_one_only_where_the_templates_do() -> None:
    watched = Watched()
    watched.show("replicasets", owned_by("old", 1))
    watched.show("replicasets", owned_by("d", 1))
    watched.show("deployments", deployment(1))
    watched.show("deployments", deployment(2))
    (rolled_out,) = watched.show("replicasets", owned_by("d", 2))
    assert rolled_out.details[details.CHANGED] == "image"


def test_a_line_that_only_changes_the_status_summarises_nothing() -> None:
    watched = Watched()
    watched.show("daemonsets", daemon_set(1, "agent:1"))
    watched.show("replicasets", owned_by("d", 1))
    with calls_of(summarize) as made:
        watched.show("daemonsets", daemon_set(1, "agent:1", updated=2))
        watched.show("replicasets", owned_by("d", 1))
    assert made == []


def test_another_template_of_a_daemon_set_is_told() -> None:
    watched = Watched()
    for number in (1, 2):
        revision = controller_revision(number, f"agent:{number}", kind="DaemonSet", name="agent", minute=number)
        watched.show("controllerrevisions", revision)
        told = watched.show("daemonsets", daemon_set(number, f"agent:{number}"))
    assert [each.new_value for each in told] == ["agent:2"]
