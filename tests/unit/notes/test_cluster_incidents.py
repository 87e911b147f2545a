"""What notes say of a cluster's raw objects, of what is stored and of an incident's course: `make notes-compare`."""

from typing import NamedTuple

import pytest

from testbed.before_after import cluster_endings, cluster_facts, cluster_incidents
from testbed.before_after.cluster import ClusterScene, note_of
from testbed.told import without_percent

SCENES = [*cluster_incidents.SCENES, *cluster_facts.SCENES, *cluster_endings.SCENES]
BAD_RELEASE = "web was rolled out to 3.11"


class Words(NamedTuple):
    """Words of a note, and one that must not stand in it."""

    said: tuple[str, ...]
    not_said: str


WORDS = {
    "520 Warnings of other pods after a bad rollout": Words(
        ("Likely cause: ledger-db was rolled out to 3.11", "rollout undo statefulset/ledger-db --to-revision=1"),
        "1 event of ledger",
    ),
    "resolved, a bad rollout, reopened": Words((f"Likely cause: {BAD_RELEASE}", "Reopened at"), "No recent change"),
    "triggered 36 hours ago, reopened and first seen now": Words(
        (f"Likely cause: {BAD_RELEASE}", "Reopened at"), "it came after the alert began"
    ),
    "moved to the service that is broken": Words((f"Likely cause: {BAD_RELEASE}", "events of web"), "cart"),
    "a bad version of a Rollout (argoproj.io/v1alpha1) over ReplicaSets": Words(
        (f"Likely cause: {BAD_RELEASE}", "kubectl argo rollouts undo"), "logs --previous"
    ),
    "a bad version of a WebApp (apps.example.com/v1) over ReplicaSets": Words(
        (f"Likely cause: {BAD_RELEASE}", "roll WebApp web back to 3.10"), "kubectl"
    ),
    "a variable was taken back while the incident was open": Words(
        ("env DB_POOL added; already rolled back", "14:01:00"), "3.10 -> "
    ),
    "the only pod is well again": Words(("Cleared: 1 of 1 pod is ready now",), "pod are"),
    "resolved while the only pod still crashes": Words(("Not cleared: 0 of 1 pod is ready now",), "pod are"),
    "a pod is debugged with a mistyped image": Words(("No recent change explains this", "3 pods live"), "image"),
    "a partition keeps the pods of a StatefulSet as they are": Words(("no pod runs it yet",), "pg was rolled out"),
    "a node was shut down gracefully": Words(("ended because the node shut down", "3 pods live"), "crashed"),
    "a node had no CPU left for a pod": Words(("was refused by the node (not enough CPU)",), "OutOfcpu"),
    "out of memory while a larger limit is deferred": Words(("ran out of memory (limit 512Mi)",), "2Gi"),
    "a Job whose own name ends with a date": Words(("1 pod of report-20260101 crashed",), "nothing was ever seen"),
    "a static pod crashes": Words(("1 pod of kube-apiserver keeps crashing",), "nothing was ever seen"),
    "a chart's usual name and label": Words(("3 pods live (3 ready)",), "0 pods live"),
    "a node was well again minutes before a late alert": Words(
        ("Possible cause: node node-1 was not ready until 13:56:40; 3 of 3 pods", "kubectl describe node/node-1"),
        "is not ready",
    ),
    "a node was well again half an hour before the alert": Words(("No recent change explains this",), "node-1"),
    "a node was well again before it was resolved": Words(
        ("Likely cause: node node-1 was not ready until 14:00:50; 3 pods of web failed there",), "bring its machine"
    ),
    "a spot node was deleted before the alert": Words(
        ("Possible cause: node node-1 was not ready until it was deleted at 13:58:30", "does not exist any more"),
        "kubectl",
    ),
    "a spot node was deleted while the incident was open": Words(
        ("Likely cause: node node-1 was not ready until it was deleted; 3 pods of web failed there",), "kubectl"
    ),
    "a spot node was deleted before it was resolved": Words(
        ("3 pods of web failed there", "If it comes back: node node-1 does not exist any more"), "kubectl"
    ),
    "a slow start is over when it is resolved": Words(
        ("3 of its 3 pods were not ready yet", "Cleared: 3 of 3 pods are ready now"), "are not ready"
    ),
    "opened again while the bad version still crashes": Words(
        (f"Likely cause: {BAD_RELEASE}", "--to-revision=1", "goes on since 13:58:02 UTC", "31 restarts"), "of the time"
    ),
    "opened again when the bad version is well": Words(
        ("No recent change explains this", "what is said here is of the time since"), "3.11"
    ),
    "a rollout of the day before": Words(("No recent change explains this", "09-21 18:00:00"), "not to blame"),
}


@pytest.mark.parametrize("scene", SCENES, ids=[scene.title for scene in SCENES])
def test_the_note_tells_what_is_so(scene: ClusterScene) -> None:
    note, words = without_percent(note_of(scene)), WORDS[scene.title]
    assert [each for each in words.said if each not in note] == []
    assert words.not_said not in note


def test_every_scene_has_its_words() -> None:
    assert sorted(WORDS) == sorted(scene.title for scene in SCENES)
