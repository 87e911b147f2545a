"""What the notes of ordinary incidents say first, and what they tell to do: `make notes-compare` prints them whole."""

import pytest

from testbed.before_after import broken_workloads, said_wrongly
from testbed.before_after.world import Scene, note_of

SCENES = [*said_wrongly.SCENES, *broken_workloads.SCENES]
SAID = {
    "a new version answers with errors, its pods are ready": (
        "Possible cause: web was rolled out to 3.11; its pods are ready, so only its behaviour can be wrong.",
        "Do, if it is to blame:\nkubectl -n shop rollout undo deployment/web --to-revision=1",
    ),
    "only a variable changed, its pods are ready": (
        "Possible cause: web was rolled out with another env DB_POOL; its pods are ready, so only its behaviour can be wrong.",
        "Do, if it is to blame:\nkubectl -n shop rollout undo deployment/web --to-revision=1",
    ),
    "the same bad version a second time": (
        "Likely cause: web was rolled out to 3.11, 26 s before this alert; the image cannot be pulled (not found).",
        "Do:\nkubectl -n shop rollout undo deployment/web --to-revision=3",
    ),
    "an audit policy warns for three days; a flag changed two minutes ago": (
        "Possible cause: flag new-checkout of web turned on (was off), 2 min before this alert.",
        "Do, if it is to blame: set flag new-checkout back to off with unleash, unless this was meant",
    ),
    "an audit policy warns for three days; a bad rollout three minutes ago": (
        "Likely cause: web was rolled out to 3.11, 3 min before this alert; new pods crash with exit code 1.",
        "Do:\nkubectl -n shop rollout undo deployment/web --to-revision=1",
    ),
    "scaled to nothing and back three seconds later": (
        "No recent change explains this: the scaling of web at 13:59 does not, it took back the change before it.",
        "Worth checking next: traffic, what it calls outside the cluster, certificates, quotas.",
    ),
    "an autoscaler took one replica away": (
        "No recent change explains this: the scaling of web at 13:59 does not, an autoscaler did it, as the load told it to.",
        "Worth checking next: traffic, what it calls outside the cluster, certificates, quotas.",
    ),
    "a deploy, a deadlock and an OOM kill that other systems tell of": (
        "Likely cause: web was rolled out to a4f2c1, 4 min before this alert; postgres: deadlock on payments.public.",
        "Do: roll back to sha f8b3e22 (web) with argocd",
    ),
    "a flag was turned on": (
        "Possible cause: flag new-checkout of web turned on (was off), 60 s before this alert.",
        "Do, if it is to blame: set flag new-checkout back to off with unleash, unless this was meant",
    ),
    "a dependency that another system watches": (
        "Possible cause: web depends on payments-api: 503.",
        "Do: check that payments-api runs and answers: it does not, as statuspage reports",
    ),
    "a person rolled back before the note was written": (
        "Likely cause: web was rolled out to 3.11, 2 min before this alert; already rolled back to 3.10.",
        "Do: already rolled back to 3.10; if it goes on, look for another cause",
    ),
    "Argo CD owns a bad version": (
        "Likely cause: web was rolled out to 3.11, 2 min before this alert; new pods crash with exit code 1.",
        "Do: revert commit 9f2c1e0 (app payments, Argo CD); a rollback by hand would be undone by self-heal",
    ),
    "an image whose name is a command": (
        "Likely cause: web was rolled out to an image with an odd name, 60 s before this alert; the image cannot be pulled.",
        "Do:\nkubectl -n shop rollout undo deployment/web --to-revision=1",
    ),
    "a changed value that is a command": (
        "Possible cause: configuration limits of web set to 2, 60 s before this alert.",
        "Do, if it is to blame: set configuration limits back to its former value with etcd, unless this was meant",
    ),
    "a leak after twenty-four minutes of a new version": (
        "Likely cause: 1 pod of web ran out of memory (limit 256Mi).",
        "Do:\nkubectl -n shop set resources deployment/web -c web --limits=memory=512Mi",
    ),
    "a ConfigMap deleted a day after the rollout, a pod came anew": (
        "Likely cause: 1 pod of web cannot start: ConfigMap settings is missing.",
        "Do:\nkubectl -n shop get configmaps",
    ),
    "a pod that is gone failed its probe; the ConfigMap of the new one is missing": (
        "Likely cause: 1 pod of web cannot start: ConfigMap settings is missing.",
        "Do:\nkubectl -n shop get configmaps",
    ),
    "scaled to nothing, the dying pod failed its probe": (
        "Likely cause: web was scaled from 1 to 0, 21 s before this alert; nothing of it runs since.",
        "Do:\nkubectl -n shop scale deployment/web --replicas=1",
    ),
    "scaled up into a quota": (
        "Likely cause: web was scaled from 2 to 9, 60 s before this alert; pods of web exceed quota small (pods=4).",
        "Do:\nkubectl -n shop scale deployment/web --replicas=2",
    ),
    "a dependency ran out of memory, its callers are not ready": (
        "Likely cause: 1 pod of db ran out of memory (limit 64Mi).",
        "Do:\nkubectl -n shop set resources deployment/db -c db --limits=memory=128Mi",
    ),
    "a dependency was scaled to nothing": (
        "Likely cause: db (a dependency) was scaled from 1 to 0, 2 min before this alert; nothing of it runs since.",
        "Do:\nkubectl -n shop scale deployment/db --replicas=1",
    ),
    "restarted after a ConfigMap changed; the new pods crash": (
        "Possible cause: 1 pod of web keeps crashing with exit code 1.",
        "Do:\nkubectl -n shop logs --previous web-h2-a -c web",
    ),
    "nothing that is watched changed": (
        "No recent change explains this: no rollout, scaling or fault of web was seen since 13:00 UTC.",
        "Worth checking next: traffic, what it calls outside the cluster, certificates, quotas.",
    ),
    "only a variable changed, the new pods crash": (
        "Likely cause: web was rolled out with another env DB_POOL, 60 s before this alert; new pods crash with exit code 1.",
        "Do:\nkubectl -n shop rollout undo deployment/web --to-revision=1",
    ),
    "a Job failed under the name of the service": (
        "Possible cause: web depends on cart: timeout.",
        "Do: check that cart runs and answers: it does not, as checkout reports",
    ),
    "a version of a day crashes": (
        "Possible cause: 1 pod of web keeps crashing with exit code 1.",
        "Do:\nkubectl -n shop logs --previous web-h1-a -c web",
    ),
}


@pytest.mark.parametrize("scene", SCENES, ids=[scene.title for scene in SCENES])
def test_what_is_said_first_and_what_to_do(scene: Scene) -> None:
    first, action, *_ = note_of(scene).split("\n\n")
    assert (first, action.split("\n# ")[0]) == SAID[scene.title]
