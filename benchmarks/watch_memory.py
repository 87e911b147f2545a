"""What the watches of the cluster keep in memory: each kind by itself, and many pods and large ConfigMaps together.

`python -m benchmarks.watch_memory` starts an API server that only lists, page by page, made-up objects of real size;
for each case a process that lists them as the receiver does; it prints the resident memory of that process.
"""

import argparse
import asyncio
import gc
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from noctuary.common.metrics import Metrics
from noctuary.kube.client import KubeClient
from noctuary.kube.reflector import Reflector, Sink
from noctuary.sources.kubernetes.kinds.registry import WATCHED_KINDS
from noctuary.sources.kubernetes.namespace_watches import NamespaceWatches
from noctuary.sources.kubernetes.writer import Writer
from noctuary.store.sqlite.store import SqliteStore

AT = "2026-11-21T10:00:00Z"
LIMIT_MB = 512
"""The memory limit of the receiver in the chart."""
OF_EACH = 1000
PODS, CONFIG_MAPS = 20_000, 10_000
MOST_BYTES = 100_000
"""Of a ConfigMap; their sizes are spread evenly below it."""
PER_NAMESPACE = 100
MB = 1024 * 1024

Manifest = dict[str, Any]
Counts = dict[str, int]


def managed(fields: Manifest) -> list[Manifest]:
    """Return who wrote an object, as long as such entries are."""
    return [{"manager": "kubectl-client-side-apply", "operation": "Update", "time": AT, "fieldsType": "FieldsV1",
             "fieldsV1": fields}]  # fmt: skip


def _meta(resource: str, number: int, fields: Manifest) -> Manifest:
    name = f"{resource[:-1]}-{number}"
    return {
        "name": name,
        "namespace": f"team-{number // PER_NAMESPACE}",
        "uid": f"00000000-0000-4000-8000-{number:012d}",
        "resourceVersion": str(number + 1),
        "creationTimestamp": AT,
        "labels": {"app": name, "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "bench"},
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "x" * 600},
        "managedFields": managed(fields),
    }


def _pod(number: int) -> Manifest:
    env = [{"name": f"SETTING_{each}", "value": "v" * 40} for each in range(20)]
    container = {"name": "app", "image": "registry.example/team/app:1.2.3", "env": env,
                 "resources": {"limits": {"memory": "256Mi"}}}  # fmt: skip
    status = {"name": "app", "image": container["image"], "imageID": "x" * 80, "ready": True, "restartCount": 0,
              "state": {"running": {"startedAt": AT}}}  # fmt: skip
    condition = {"type": "Ready", "status": "True", "lastTransitionTime": AT}
    return {
        "spec": {"nodeName": f"node-{number % 500}", "containers": [container], "serviceAccountName": "default"},
        "status": {"phase": "Running", "conditions": [condition], "containerStatuses": [status], "startTime": AT},
    }


def _config_map(number: int) -> Manifest:
    size = random.Random(number).randrange(200, MOST_BYTES)
    return {"data": {"app.yaml": f"{number}\n" + "a: line of a file\n" * (size // 18), "LOG_LEVEL": "info"}}


def _route(number: int) -> Manifest:
    refs = [{"name": f"service-{number}", "port": 80, "weight": 1}]
    return {"spec": {"hostnames": [f"h{number}.example"], "rules": [{"backendRefs": refs}]}}


def _ingress(number: int) -> Manifest:
    backend = {"service": {"name": f"service-{number}", "port": {"number": 80}}}
    paths = [{"path": f"/{each}", "pathType": "Prefix", "backend": backend} for each in range(5)]
    return {"spec": {"rules": [{"host": f"h{number}.example", "http": {"paths": paths}}]}}


BODIES: dict[str, Callable[[int], Manifest]] = {
    "pods": _pod,
    "configmaps": _config_map,
    "services": lambda number: {"spec": {"selector": {"app": f"pod-{number}"}, "ports": [{"port": 80}]}},
    "ingresses": _ingress,
    "httproutes": _route,
    "networkpolicies": lambda _: {"spec": {"podSelector": {"matchLabels": {"a": "b"}}, "ingress": [{}]}},
    "roles": lambda _: {"rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"]}] * 5},
    "rolebindings": lambda _: {"roleRef": {"kind": "Role", "name": "r"}, "subjects": [{"kind": "User", "name": "u"}]},
    "resourcequotas": lambda _: {"spec": {"hard": {"pods": "20", "limits.memory": "20Gi"}}},
    "limitranges": lambda _: {"spec": {"limits": [{"type": "Container", "max": {"memory": "1Gi"}}]}},
    "horizontalpodautoscalers": lambda _: {"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "d"}}},
}


def objects(resource: str, start: int, end: int) -> Iterator[bytes]:
    """Yield objects of a kind, encoded."""
    for number in range(start, end):
        body = BODIES[resource](number)
        fields: Manifest = {
            f"f:{name}": {f"f:{key}": {} for key in value} for name, value in body.items() if name != "rules"
        }
        yield json.dumps({"metadata": _meta(resource, number, fields), **body}).encode()


async def _answer(request: web.Request) -> web.Response:
    counts: Counts = request.app["counts"]
    resource = request.path.rpartition("/")[2]
    total, start = counts.get(resource, 0), int(request.query.get("continue", "0"))
    end = min(total, start + int(request.query.get("limit", total or 1)))
    more = str(end) if end < total else ""
    items = b",".join(objects(resource, start, end)) if end > start else b""
    head = json.dumps({"resourceVersion": "1", "continue": more}).encode()
    return web.Response(body=b'{"metadata":' + head + b',"items":[' + items + b"]}", content_type="application/json")


async def resident_mb(counts: Counts) -> tuple[float, float]:
    """Return the resident memory of a process that listed these objects, and its peak, in MB."""
    app = web.Application()
    app["counts"] = counts
    app.router.add_get("/{path:.*}", _answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.watch_memory", "--child", str(port), stdout=subprocess.PIPE
        )
        told, _ = await process.communicate()
        now, peak = told.decode().split()[-2:]
        return float(now), float(peak)
    finally:
        await runner.cleanup()


async def child(port: int) -> None:
    """List everything once as the receiver does when it starts, and print what that took."""
    with tempfile.TemporaryDirectory(prefix="noctuary-watch-") as text:
        kubeconfig = Path(text) / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(_kubeconfig(port)))
        kube = await KubeClient.connect(kubeconfig)
        store = await SqliteStore.open(Path(text) / "store")
        writer = Writer(store, Metrics())
        writing = asyncio.create_task(writer.run())

        def reflector(path: str, kind: type[Any], sink: Sink[Any], field_selector: str = "") -> Reflector[Any]:
            return Reflector(kube, path, kind, sink, field_selector=field_selector)

        watches = NamespaceWatches("", reflector, writer, [])
        await watches.list_all()
        await writer.drained()
        gc.collect()
        print(_status("VmRSS"), _status("VmHWM"))
        writing.cancel()
        await store.close()
        await kube.close()


def _kubeconfig(port: int) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "bench",
        "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
        "clusters": [{"name": "bench", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "bench", "user": {"token": "bench"}}],
    }


def _status(field: str) -> str:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(f"{int(line.split()[1]) / 1024:.1f}" for line in lines if line.startswith(f"{field}:"))


async def measure(scale: float) -> int:
    """Print each case; return 1 where the largest does not stay under the limit of the chart."""
    empty, _ = await resident_mb({})
    print(f"{'nothing':28} {empty:7.1f} MB")
    for resource in (each.resource for each in WATCHED_KINDS if each.resource in BODIES):
        count = max(1, int(OF_EACH * scale))
        now, peak = await resident_mb({resource: count})
        per = (now - empty) * 1000 / count
        print(f"{count:6} {resource:21} {now:7.1f} MB, peak {peak:7.1f} MB: {per:6.1f} MB per 1,000", flush=True)
    many = {"pods": int(PODS * scale), "configmaps": int(CONFIG_MAPS * scale)}
    now, peak = await resident_mb(many)
    print(f"{many} {now:7.1f} MB, peak {peak:7.1f} MB, limit {LIMIT_MB} MB", flush=True)
    return int(peak >= LIMIT_MB)


def main() -> int:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.watch_memory")
    parser.add_argument("--scale", type=float, default=1.0, help="of the counts, below 1 for a quick look")
    parser.add_argument("--child", type=int, default=0, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        asyncio.run(child(chosen.child))
        return 0
    return asyncio.run(measure(chosen.scale))


if __name__ == "__main__":
    sys.exit(main())
