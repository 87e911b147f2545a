"""What runs in every scenario before anything happens: services that call each other."""

from typing import Any, NamedTuple

Json = dict[str, Any]
REGISTRY = "registry.example.com"


class Names(NamedTuple):
    """The names of one shop: who calls whom is front -> api, pay; api -> db, cache; pay -> db; worker -> db."""

    ns: str
    front: str
    api: str
    pay: str
    db: str
    cache: str
    worker: str
    side: str
    extra: str


SHOPS = (
    Names(
        "retail", "storefront", "catalog", "checkout", "orders-db", "basket-cache", "mailer", "recommender", "ratings"
    ),
    Names(
        "media", "player-web", "titles", "encoder", "titles-db", "viewer-cache", "thumbnailer", "subtitles", "trailers"
    ),
    Names("bank", "portal", "ledger", "transfers", "ledger-db", "quote-cache", "statements", "fraudcheck", "fxrates"),
    Names("travel", "booking-web", "itinerary", "fares", "trips-db", "fare-cache", "notifier", "seatmap", "loyalty"),
    Names(
        "clinic",
        "patient-ui",
        "appointments",
        "invoicing",
        "records-db",
        "slot-cache",
        "reminders",
        "referrals",
        "labdesk",
    ),
)
PORTS = {
    "front": 8080,
    "api": 8081,
    "pay": 8082,
    "db": 5432,
    "cache": 6379,
    "worker": 8083,
    "side": 8084,
    "extra": 8085,
}
CALLS = {"front": ("api", "pay"), "api": ("db", "cache"), "pay": ("db",), "worker": ("db",)}


def shop_of(scenario: str) -> Names:
    """Return the names of the shop in which a scenario is played, the same each time."""
    return SHOPS[sum(scenario.encode()) % len(SHOPS)]


def labels_of(name: str) -> dict[str, str]:
    """Return the labels of a workload's pods."""
    return {"app": name, "app.kubernetes.io/name": name}


def workload(kind: str, name: str, tag: str, port: int, env: dict[str, str], replicas: int) -> Json:
    """Return the manifest of a workload with one container."""
    probe = {"httpGet": {"path": "/healthz", "port": port}, "periodSeconds": 10, "failureThreshold": 3}
    container = {
        "name": "main",
        "image": f"{REGISTRY}/{name}:{tag}",
        "ports": [{"name": "http", "containerPort": port}],
        "env": [{"name": key, "value": value} for key, value in env.items()],
        "resources": {
            "requests": {"cpu": "100m", "memory": "256Mi"},
            "limits": {"cpu": "1", "memory": "512Mi"},
        },
        "readinessProbe": probe,
        "livenessProbe": probe | {"initialDelaySeconds": 10},
    }
    template = {"metadata": {"labels": labels_of(name)}, "spec": {"containers": [container]}}
    spec: Json = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    if kind == "Deployment":
        spec["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 1}}
    else:
        spec["serviceName"] = name
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "labels": labels_of(name)}, "spec": spec}


def service(name: str, port: int) -> Json:
    """Return the manifest of a workload's Service."""
    spec = {"selector": {"app": name}, "ports": [{"name": "http", "port": port, "targetPort": "http"}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "labels": labels_of(name)}, "spec": spec}


def node(name: str) -> Json:
    """Return the manifest of a node that is well."""
    room = {"cpu": "8", "memory": "32Gi", "pods": "110", "ephemeral-storage": "100Gi"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}},
        "spec": {},
        "status": {"capacity": room, "allocatable": room},
    }


def node_conditions(at: str, bad: str = "", reason: str = "", message: str = "", since: str = "") -> list[Json]:
    """Return a node's conditions; `bad` is the one that is not as it should be."""
    told = []
    for kind in ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready"):
        status = "True" if kind == "Ready" else "False"
        each = {"type": kind, "status": status, "reason": "KubeletReady", "lastTransitionTime": at}
        if kind == bad:
            turned = "Unknown" if "Unknown" in reason else "False" if kind == "Ready" else "True"
            each |= {"status": turned, "reason": reason, "message": message, "lastTransitionTime": since or at}
        told.append(each | {"lastHeartbeatTime": at})
    return told


def manifests(names: Names, tags: dict[str, str]) -> list[Json]:
    """Return everything that a shop is made of, what is called before its callers."""
    made: list[Json] = []
    for role in ("db", "cache", "api", "pay", "worker", "side", "extra", "front"):
        name, port = getattr(names, role), PORTS[role]
        called = {f"{callee.upper()}_URL": _url(names, callee) for callee in CALLS.get(role, ())}
        env = {"LOG_LEVEL": "info", "POOL_SIZE": "20", **called}
        kind = "StatefulSet" if role == "db" else "Deployment"
        single = role in ("db", "cache", "worker")
        work = workload(kind, name, tags[role], port, env, 1 if single else 2)
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"{name}-settings"}}
        config |= {"data": {"settings.yaml": "timeout: 2s\nretries: 3\n", "flags.json": "{}"}}
        if role in ("api", "pay", "front"):
            work["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [
                {"configMapRef": {"name": f"{name}-settings"}}
            ]
            made.append(config)
        made += [work, service(name, port)]
    return made


def _url(names: Names, role: str) -> str:
    scheme = {"db": "postgres", "cache": "redis"}.get(role, "http")
    return f"{scheme}://{getattr(names, role)}.{names.ns}.svc:{PORTS[role]}"
