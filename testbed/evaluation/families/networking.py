"""Services, ports, policies, routes and addresses that lead nowhere."""

from typing import Any

from testbed.evaluation.families.common import (
    API,
    ERRORS,
    FAILED_503,
    PAY,
    Play,
    alert,
    failing_requests,
    louder,
    released,
)
from testbed.evaluation.recording.ailments import crash, saying, unready
from testbed.evaluation.recording.place import Place
from testbed.evaluation.scenario import Scenario, change

Json = dict[str, Any]
TIMED_OUT = "dial tcp 10.0.0.71:8081: i/o timeout"


def service_edited(
    role: str, caller: str, before: float, spec: Json, *, by: str = "kubectl-edit", loud: bool = False
) -> Play:
    """A Service is edited so that its callers reach nothing."""

    async def play(place: Place) -> None:
        name, user = getattr(place, role), getattr(place, caller)
        await place.at(-before)
        await place.edit("Service", name, lambda made: made["spec"].update(spec), by)
        log = f"ERROR upstream {name}: connect: connection refused\n" * 12
        await place.fail(user, saying(log, unready(FAILED_503)))
        failing_requests(place, user, -before + 10)
        if loud:
            await louder(place)
        alert(place, caller, ERRORS)

    return play


def service_of(role: str) -> Any:
    """Return the truth where the Service of a role is broken."""
    return (f"Service/{{ns}}/{{{role}}}", "config_change", "empty_service", "service_port")


def policy(role: str, *, direction: str, loud: bool = False) -> Play:
    """A NetworkPolicy is applied that shuts a workload off."""

    async def play(place: Place) -> None:
        name, caller = getattr(place, role), place.front if role == "api" else place.api
        spec: Json = {"podSelector": {"matchLabels": {"app": name}}, "policyTypes": [direction]}
        made = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "lockdown"},
            "spec": spec,
        }
        await place.at(-380)
        await place.write(made, "argocd-controller" if loud else "kubectl-client-side-apply")
        ailing = caller if direction == "Ingress" else name
        await place.fail(ailing, saying(f"ERROR {name}: {TIMED_OUT}\n" * 15, unready("context deadline exceeded")))
        if loud:
            await louder(place)
        alert(place, "front" if ailing == place.front else "api", ERRORS)

    return play


def ingress(backend: str, port: int) -> Play:
    """An Ingress is changed to a backend that does not exist."""

    async def play(place: Place) -> None:
        def rules(name: str, number: int) -> list[Json]:
            service = {"name": name, "port": {"number": number}}
            path = {"path": "/", "pathType": "Prefix", "backend": {"service": service}}
            return [{"host": "www.example.com", "http": {"paths": [path]}}]

        made = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "public"}}
        await place.at(-2 * 86_400)
        await place.write(made | {"spec": {"rules": rules(place.front, 8080)}}, "helm")
        await place.at(-240)
        wrong = rules(backend or place.front, port)
        await place.edit("Ingress", "public", lambda it: it["spec"].update(rules=wrong), "helm")
        alert(place, "front", "www.example.com answers 503", deployment="")

    return play


async def service_deleted(place: Place) -> None:
    """A Service is deleted while its pods run on."""
    await place.at(-310)
    await place.remove("Service", place.cache)
    await place.fail(place.api, saying(f"lookup {place.cache}: no such host\n" * 8, unready(FAILED_503)))
    alert(place, "api", ERRORS)


async def address_mistyped(place: Place) -> None:
    """A variable names a Service that does not exist."""
    await place.at(-270)
    log = f"FATAL lookup {place.db}-primary.{place.ns}.svc on 10.0.0.10:53: no such host\n"
    await place.fail(place.pay, crash(log), new=True)
    await place.roll(place.pay, env={"DB_URL": f"postgres://{place.db}-primary.{place.ns}.svc:5432"}, by="helm")
    alert(place, "pay")


SCENARIOS = [
    Scenario(
        "networking/selector-renamed",
        change(*service_of("api")),
        service_edited("api", "front", 420, {"selector": {"app": "renamed-v2"}}),
    ),
    Scenario(
        "networking/selector-renamed-beside-a-loud-release",
        change(*service_of("pay"), slices="louder"),
        service_edited("pay", "front", 700, {"selector": {"app": "paying"}}, loud=True),
    ),
    Scenario(
        "networking/target-port-wrong",
        change(*service_of("api")),
        service_edited("api", "front", 300, {"ports": [{"name": "http", "port": 8081, "targetPort": 9999}]}),
    ),
    Scenario(
        "networking/port-renamed",
        change(*service_of("db")),
        service_edited("db", "api", 600, {"ports": [{"name": "http", "port": 5432, "targetPort": "postgres"}]}),
    ),
    Scenario(
        "networking/protocol-wrong",
        change(*service_of("cache")),
        service_edited(
            "cache",
            "api",
            250,
            {"ports": [{"name": "http", "port": 6379, "protocol": "UDP", "targetPort": "http"}]},
        ),
    ),
    Scenario(
        "networking/policy-denies-ingress",
        change("NetworkPolicy/{ns}/lockdown", "config_change", "network_policy"),
        policy("api", direction="Ingress"),
    ),
    Scenario(
        "networking/policy-denies-egress",
        change("NetworkPolicy/{ns}/lockdown", "config_change", "network_policy"),
        policy("api", direction="Egress"),
    ),
    Scenario(
        "networking/policy-beside-a-loud-release",
        change("NetworkPolicy/{ns}/lockdown", "config_change", "network_policy", slices="louder"),
        policy("api", direction="Ingress", loud=True),
    ),
    Scenario(
        "networking/ingress-to-nobody",
        change("Ingress/{ns}/public", "config_change", "ingress"),
        ingress("storefront-v2", 8080),
    ),
    Scenario(
        "networking/ingress-to-a-wrong-port", change("Ingress/{ns}/public", "config_change", "ingress"), ingress("", 80)
    ),
    Scenario(
        "networking/service-deleted", change("Service/{ns}/{cache}", "config_change", "empty_service"), service_deleted
    ),
    Scenario(
        "networking/address-mistyped",
        change(PAY, "rollout", "no_such_host", "crash_loop", "env_reference", slices="logs"),
        address_mistyped,
    ),
    Scenario(
        "networking/listens-on-loopback-only",
        change(API, "rollout", "probe"),
        released(
            "api",
            "5.1.0",
            unready("dial tcp 10.4.8.3:8081: connect: connection refused"),
            420,
            "helm",
            env={"LISTEN": "127.0.0.1:8081"},
        ),
    ),
]
