"""What holds for the running pods: hardened specs, tokens only where they are used, secrets only where they belong."""

import json
from collections.abc import Callable

import pytest

from testbed.e2e.ingress_client import IngressClient
from testbed.e2e.kubectl import CommandFailedError, Kubectl, Manifest
from testbed.e2e.release import ChartRelease
from testbed.e2e.team import API_SECRET, KIND, SIGNING_SECRET, Team
from testbed.polling import eventually
from testbed.stage.secret_search import leaks

COMPONENTS = ("operator", "receiver")
Check = Callable[[Manifest, Manifest], bool]

CHECKS: dict[str, Check] = {
    "runs as nobody in particular": lambda pod, _: pod["securityContext"]["runAsUser"] > 10000,
    "refuses to be root": lambda pod, container: (
        pod["securityContext"]["runAsNonRoot"] and container["securityContext"]["runAsNonRoot"]
    ),
    "uses the runtime's seccomp profile": lambda pod, _: (
        pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    ),
    "cannot gain privileges": lambda _, container: container["securityContext"]["allowPrivilegeEscalation"] is False,
    "has no capability": lambda _, container: container["securityContext"]["capabilities"] == {"drop": ["ALL"]},
    "cannot write to its root": lambda _, container: container["securityContext"]["readOnlyRootFilesystem"] is True,
    "takes no token by itself": lambda pod, _: pod["automountServiceAccountToken"] is False,
    "has a token that expires": lambda pod, _: (
        [source["serviceAccountToken"]["expirationSeconds"] for source in sources(pod, "serviceAccountToken")] == [3600]
    ),
    "knows no service links": lambda pod, _: pod["enableServiceLinks"] is False,
    "has probes": lambda _, container: {"livenessProbe", "readinessProbe"} <= container.keys(),
    "says what it needs": lambda _, container: (
        {"cpu", "memory"} <= container["resources"]["requests"].keys() and "memory" in container["resources"]["limits"]
    ),
    "shares nothing with its node": lambda pod, _: not pod.keys() & {"hostNetwork", "hostPID", "hostIPC"},
    "mounts no host path": lambda pod, _: all("hostPath" not in volume for volume in pod["volumes"]),
    "has an account of its own": lambda pod, _: pod["serviceAccountName"] != "default",
}


def sources(pod: Manifest, kind: str) -> list[Manifest]:
    projected = [source for volume in pod["volumes"] for source in volume.get("projected", {}).get("sources", [])]
    return [source for source in projected if kind in source]


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_running_pod_is_hardened(release: ChartRelease, component: str) -> None:
    pod = release.pod(component)["spec"]
    (container,) = pod["containers"]
    assert [name for name, holds in CHECKS.items() if not holds(pod, container)] == []


def test_the_namespace_of_the_release_enforces_pod_security_restricted(kubectl: Kubectl, release: ChartRelease) -> None:
    labels = kubectl.get("namespace", release.namespace, "default")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize(
    ("component", "verb", "what", "where", "allowed"),
    [
        ("operator", "delete", "secrets", "default", "no"),
        ("operator", "get", "pods", "default", "no"),
        ("operator", "delete", KIND, "default", "no"),
        ("operator", "get", "secrets", "default", "yes"),
        ("receiver", "get", "secrets", "default", "no"),
        ("receiver", "list", "secrets", "default", "no"),
        ("receiver", "delete", "pods", "default", "no"),
        ("receiver", "list", "pods", "default", "yes"),
    ],
)
def test_an_account_may_do_what_it_must_and_no_more(
    kubectl: Kubectl, release: ChartRelease, component: str, verb: str, what: str, where: str, allowed: str
) -> None:
    account = f"--as=system:serviceaccount:{release.namespace}:noctuary-{component}"
    said = kubectl("auth", "can-i", verb, what, f"--namespace={where}", account, check=False)
    assert said.strip() == allowed


def test_the_operators_account_may_write_no_secret_but_those_of_its_integrations(
    kubectl: Kubectl, release: ChartRelease, namespace: str
) -> None:
    account = f"--as=system:serviceaccount:{release.namespace}:noctuary-operator"
    with pytest.raises(CommandFailedError, match="Noctuary's operator writes Secrets"):
        kubectl("create", "secret", "generic", "any", f"--namespace={namespace}", account)


def provoke(team: Team, ingress: IngressClient) -> str:
    """Write a note, then force failures that could print what they hold; return the incident's id."""
    incident = team.pagerduty.trigger("shop", "Canary page")
    team.pagerduty.note(incident)
    secret = team.webhook_secret()
    path = secret["url"].removeprefix(f"https://{team.release.host}")
    ingress.request("POST", path, content=b"{}", headers={"X-PagerDuty-Signature": "v1=00"})
    ingress.request("POST", path + "x", content=b"{}")
    bearer = {"Authorization": f"Bearer {secret['ingestKey']}"}
    ingress.request("POST", path, content=b"[[", headers=bearer)
    team.pagerduty.control.post("rules", action="server-error", path="/incidents/**", times=3)
    team.pagerduty.control.post(f"incidents/{incident}/resolve")
    return incident


def all_secrets(team: Team) -> dict[str, str]:
    own = team.webhook_secret()
    internal = team.kubectl.secret("noctuary-internal", team.release.namespace)
    return {
        "API token": team.kubectl.secret(API_SECRET, team.namespace)["token"],
        "signing secret": team.kubectl.secret(SIGNING_SECRET, team.namespace)["secret"],
        "webhook token": own["token"],
        "ingest key": own["ingestKey"],
        "internal token": internal["token"],
    }


def log_levels(release: ChartRelease, component: str) -> list[str]:
    environment = release.pod(component)["spec"]["containers"][0]["env"]
    return [each["value"] for each in environment if each["name"] == "NOCTUARY_LOG_LEVEL"]


def everything_written(team: Team, incident: str) -> dict[str, str]:
    """Return all texts that may hold no secret."""
    release = team.release
    kinds = {
        "Events": "events",
        "status": KIND,
        "routes": "ingresses,httproutes",
        "ConfigMaps": "configmaps",
        "pods": "pods",
    }
    return {
        **{f"{component} log": release.log(component) for component in COMPONENTS},
        **{f"{component} metrics": release.internal(component, "/metrics") for component in COMPONENTS},
        **{name: json.dumps(team.kubectl.list(kind), default=str) for name, kind in kinds.items()},
        "notes": json.dumps(team.pagerduty.notes(incident)),
    }


def test_no_secret_stands_in_logs_events_status_routes_configmaps_metrics_or_notes(
    team: Team, ingress: IngressClient
) -> None:
    team.set_up(["shop"])
    incident = provoke(team, ingress)
    secrets = all_secrets(team)
    for name in (API_SECRET, SIGNING_SECRET):
        team.kubectl("delete", "secret", name, f"--namespace={team.namespace}")
    eventually("the condition says it", team.conditions, lambda conditions: conditions["Ready"]["status"] == "False")
    written = everything_written(team, incident)
    team.pagerduty.control.delete("rules")
    assert [where for where, text in written.items() if len(text) < 3] == [], "each place was really read"
    assert [level for component in COMPONENTS for level in log_levels(team.release, component)] == ["debug", "debug"]
    assert leaks(secrets, written) == []
