"""Two hundred secrets in every place of a pod where somebody might write one, bare and as they are usually written."""

import base64
from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]
COUNT = 200


def canary(number: int) -> str:
    """Return a secret that no rule knows: letters and digits, of no known form."""
    return f"c4n{number:03d}Zq{number * 7919 % 10007:05d}x"


def _env(secret: str, n: int) -> Json:
    return {"env": [{"name": ["PASSWORD", "MODE", "DB_URL", "FLAGS"][n % 4], "value": _written(secret, n)}]}


def _args(secret: str, n: int) -> Json:
    forms = [[f"--password={secret}"], ["--token", secret], [secret], [f"-p{secret}"], ["--mode", secret]]
    return {"args": forms[n % len(forms)]}


def _command(secret: str, n: int) -> Json:
    return {"command": ["/bin/sh", "-c", f"export A={_written(secret, n)} && exec run"]}


def _http_probe(secret: str, n: int) -> Json:
    get = {"path": [f"/healthz?token={secret}", f"/{secret}/healthz"][n % 2], "port": 8080}
    headers = [{"name": ["Authorization", "X-Mode"][n % 2], "value": secret}]
    return {"readinessProbe": {"httpGet": get | {"httpHeaders": headers}}}


def _exec_probe(secret: str, _n: int) -> Json:
    return {"livenessProbe": {"exec": {"command": ["redis-cli", "-a", secret, "ping"]}}}


def _hook(secret: str, _n: int) -> Json:
    return {"lifecycle": {"preStop": {"exec": {"command": ["curl", f"http://x/{secret}"]}}}}


def _working_dir(secret: str, _n: int) -> Json:
    return {"workingDir": f"/srv/{secret}", "terminationMessagePath": f"/dev/{secret}"}


CONTAINERS: tuple[Callable[[str, int], Json], ...] = (
    _env,
    _args,
    _command,
    _http_probe,
    _exec_probe,
    _hook,
    _working_dir,
)


def _written(secret: str, n: int) -> str:
    return [secret, f"postgres://app:{secret}@db/app", f"a={secret};b=2", f'{{"key": "{secret}"}}'][n % 4]


def _message(secret: str, n: int) -> str:
    forms = ["login failed for {}", "password={}", "Bearer {}", "dial https://x/?t={}", "panic: bad key '{}'"]
    return forms[n % len(forms)].format(secret)


def _annotated(secret: str, n: int) -> Json:
    name = ["kubectl.kubernetes.io/last-applied-configuration", "example.com/note"][n % 2]
    return {"metadata": {"annotations": {name: _written(secret, n)}}}


def _terminated(secret: str, n: int) -> Json:
    ended = {"exitCode": 1, "message": _message(secret, n), "reason": "Error"}
    container = {"name": "app", "image": "shop/app:1.0", "imageID": "", "ready": False, "restartCount": 1}
    return {"status": {"containerStatuses": [container | {"lastState": {"terminated": ended}}]}}


def _condition(secret: str, n: int) -> Json:
    return {"status": {"conditions": [{"type": "Ready", "status": "False", "message": _message(secret, n)}]}}


def _volume(secret: str, n: int) -> Json:
    driver = {"driver": "csi.example.com", "volumeAttributes": {"credential": secret, "mode": secret}}
    sources: list[Json] = [{"csi": driver}, {"hostPath": {"path": f"/mnt/{secret}"}}]
    return {"spec": {"volumes": [{"name": "data", **sources[n % 2]}]}}


PODS: tuple[Callable[[str, int], Json], ...] = (_annotated, _terminated, _condition, _volume)


def _pod(name: str, more: Json) -> Json:
    metadata = {"name": name, "namespace": "team", "uid": f"u-{name}", **more.get("metadata", {})}
    spec = {"containers": [{"name": "app", "image": "shop/app:1.0"}], **more.get("spec", {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": more.get("status", {})}


def _config_map(secret: str, n: int) -> Json:
    encoded = base64.b64encode(secret.encode()).decode()
    data = {"binaryData": {"a": encoded}} if n % 2 else {"data": {"app.yaml": f"password: {secret}"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{n}", "namespace": "team"}, **data}


def _event(secret: str, n: int) -> Json:
    about = {"kind": "Pod", "namespace": "team", "name": "app-0"}
    metadata = {"name": f"e{n}", "namespace": "team"}
    return {"apiVersion": "v1", "kind": "Event", "metadata": metadata, "involvedObject": about} | {
        "reason": "Unhealthy",
        "message": _message(secret, n),
    }


def _application(secret: str, n: int) -> Json:
    helm = {
        "parameters": [{"name": "mode", "value": secret}],
        "values": f"a: {secret}",
        "valuesObject": {"name": secret},
    }
    source = {"repoURL": f"https://x:{secret}@git/app", "targetRevision": "main", "helm": helm}
    metadata = {"name": f"a{n}", "namespace": "team"}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": metadata,
        "spec": {"source": source},
    }


OBJECTS: tuple[Callable[[str, int], Json], ...] = (_config_map, _event, _application)


def objects_with_canaries() -> Iterator[Json]:
    """Yield objects that hold all canaries, each in one place."""
    for number in range(COUNT):
        secret = canary(number)
        place, n = number % (len(CONTAINERS) + len(PODS) + len(OBJECTS)), number // 14
        if place < len(CONTAINERS):
            container = {"name": "app", "image": "shop/app:1.0", **CONTAINERS[place](secret, n)}
            yield _pod(f"app-{number}", {"spec": {"containers": [container]}})
        elif place < len(CONTAINERS) + len(PODS):
            yield _pod(f"app-{number}", PODS[place - len(CONTAINERS)](secret, n))
        else:
            yield OBJECTS[place - len(CONTAINERS) - len(PODS)](secret, number)


def log_with_canaries() -> str:
    """Return log lines that repeat the canaries."""
    return "\n".join(f"line: {_message(canary(number), number)}" for number in range(COUNT))
