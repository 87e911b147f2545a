"""Accounts and rights that are taken away."""

from typing import Any

from testbed.evaluation.families.common import API, WORKER, Play, alert, louder
from testbed.evaluation.recording.ailments import crash
from testbed.evaluation.recording.place import Place
from testbed.evaluation.scenario import Scenario, change

Json = dict[str, Any]
GROUP = "rbac.authorization.k8s.io"


def rights_taken(*, binding: bool, loud: bool = False) -> Play:
    """A Role loses a rule, or its binding an account; who needs it crashes."""

    async def play(place: Place) -> None:
        name = place.worker
        rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}
        role = {"apiVersion": f"{GROUP}/v1", "kind": "Role", "metadata": {"name": f"{name}-reader"}, "rules": [rule]}
        subject = {"kind": "ServiceAccount", "name": name, "namespace": place.api_server.namespace}
        bound = {
            "apiVersion": f"{GROUP}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": f"{name}-reader"},
            "subjects": [subject],
        }
        bound["roleRef"] = {"apiGroup": GROUP, "kind": "Role", "name": f"{name}-reader"}
        await place.at(-86_400)
        await place.write({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}, "helm")
        await place.write(role, "helm")
        await place.write(bound, "helm")
        await place.edit("Deployment", name, account(name), "helm")
        await place.at(-340)
        if binding:
            await place.edit("RoleBinding", f"{name}-reader", lambda it: it.update(subjects=[]), "kubectl-edit")
        else:
            await place.edit("Role", f"{name}-reader", lambda it: it["rules"][0].update(verbs=["get"]), "kubectl-edit")
        await place.at(-300)
        who = f"system:serviceaccount:{place.ns}:{name}"
        log = f'configmaps is forbidden: User "{who}" cannot list resource "configmaps" in API group ""\n'
        await place.fail(name, crash(log, lives=4))
        if loud:
            await louder(place)
        alert(place, "worker", "KubePodCrashLooping: {name}")

    return play


def account(name: str) -> Any:
    """Return the edit that has a workload run under an account."""
    return lambda made: made["spec"]["template"]["spec"].update(serviceAccountName=name)


async def account_missing(place: Place) -> None:
    """A release names an account that nobody made: its pods are never created."""
    await place.at(-380)
    await place.edit("Deployment", place.api, account(f"{place.api}-runner"), "argocd-controller")
    alert(place, "api", "KubeDeploymentRolloutStuck: {name}")


async def account_deleted(place: Place) -> None:
    """An account is deleted; pods that are made later are refused."""
    await place.at(-86_400)
    await place.write({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": place.api}}, "helm")
    await place.edit("Deployment", place.api, account(place.api), "helm")
    await place.at(-700)
    await place.remove("ServiceAccount", place.api)
    await place.at(-300)
    for pod in await place.pods(place.api):
        await place.remove("Pod", pod["metadata"]["name"])
    alert(place, "api")


ROLE, BINDING = "Role/{ns}/{worker}-reader", "RoleBinding/{ns}/{worker}-reader"
SCENARIOS = [
    Scenario(
        "access/role-loses-a-verb",
        change(ROLE, "config_change", "permission_denied", "crash_loop", slices="logs", also=(WORKER,)),
        rights_taken(binding=False),
    ),
    Scenario(
        "access/binding-emptied",
        change(BINDING, "config_change", "permission_denied", "crash_loop", slices="logs", also=(WORKER,)),
        rights_taken(binding=True),
    ),
    Scenario(
        "access/role-loses-a-verb-beside-a-loud-release",
        change(ROLE, "config_change", "permission_denied", "crash_loop", slices="logs louder", also=(WORKER,)),
        rights_taken(binding=False, loud=True),
    ),
    Scenario("access/account-missing", change(API, "rollout", "admission"), account_missing),
    Scenario(
        "access/account-deleted",
        change("ServiceAccount/{ns}/{api}", "admission", "config_change", also=(API,)),
        account_deleted,
    ),
]
