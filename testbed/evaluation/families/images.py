"""Images that cannot be pulled, or cannot run."""

from testbed.evaluation.families.common import API, FRONT, PAY, WORKER, alert, louder, released, then
from testbed.evaluation.recording.ailments import crash, no_image
from testbed.evaluation.recording.place import Place
from testbed.evaluation.scenario import Scenario, change

NOT_FOUND = "rpc error: code = NotFound desc = failed to resolve reference: manifest unknown: not found"
DENIED = "failed to authorize: failed to fetch oauth token: unexpected status: 403 Forbidden"
EXEC = "exec /usr/local/bin/app: exec format error"
NO_FILE = 'exec: "/app/run": stat /app/run: no such file or directory: unknown'
KINDS = ("rollout", "image_pull")


async def restarted_without_image(place: Place) -> None:
    """A tag that ran for weeks was removed from the registry; a restart for another reason needs it again."""
    await place.at(-420)
    await place.fail(place.worker, no_image(NOT_FOUND), new=True)
    await place.restart(place.worker)
    alert(place, "worker", "KubeDeploymentReplicasMismatch: {name}")


SCENARIOS = [
    Scenario(
        "images/tag-mistyped", change(API, *KINDS), released("api", "5.0.0-rc", no_image(NOT_FOUND), 300, "kubectl-set")
    ),
    Scenario(
        "images/tag-not-pushed-yet",
        change(FRONT, *KINDS),
        released("front", "6.1.0", no_image(NOT_FOUND), 150, "argocd-controller"),
    ),
    Scenario("images/registry-denies", change(PAY, *KINDS), released("pay", "7.2.0", no_image(DENIED), 600, "helm")),
    Scenario(
        "images/denied-while-another-release-is-loud",
        change(PAY, *KINDS, slices="louder"),
        then(released("pay", "7.3.0", no_image(DENIED), 900, "helm"), louder),
    ),
    Scenario(
        "images/wrong-architecture",
        change(API, "rollout", "crash_loop", "cannot_start"),
        released("api", "4.4.0-arm64", crash(EXEC, 255, lives=0.2), 240, "kubectl-set"),
    ),
    Scenario(
        "images/entrypoint-missing",
        change(WORKER, "rollout", "cannot_start", "crash_loop"),
        released("worker", "3.9.1", crash("", 127, lives=0.1, reason="StartError", message=NO_FILE), 200, "helm"),
    ),
    Scenario(
        "images/restart-of-a-removed-tag", change(WORKER, "restart", "rollout", "image_pull"), restarted_without_image
    ),
]
