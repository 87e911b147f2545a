"""A kubelet without containers: pods of a release run as processes with their own settings and rights."""

import asyncio
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from noctuary.common.errors import KubernetesError
from testbed.docs.snippets import ROOT
from testbed.localkube import Cluster
from testbed.ports import free_port
from testbed.stage.kube import Kube
from testbed.stage.kubelet import healthy, image_missing
from testbed.stage.program import Program

POLL_S = 0.3
NO_SUCH_IMAGE = "does-not-exist"
"""An image with this in its name cannot be pulled; all others run and are ready."""
FINALIZER = "noctuary.io/process"
"""Without a node a pod is gone as soon as it is deleted; this keeps it until its process has ended."""

Pod = dict[str, Any]


class PodsAsProcesses:
    """Starts `noctuary <command>` for each pod of a release, reports its status, ends it with the pod.

    Pods of other images are reported as ready, or as waiting for an image that cannot be pulled.
    """

    def __init__(self, cluster: Cluster, kube: Kube, directory: Path, environment: Mapping[str, str]) -> None:
        self.public_port, self.internal_port = free_port(), free_port()
        self._cluster, self._kube, self._directory = cluster, kube, directory
        self._environment = dict(environment)
        self._programs: dict[str, Program] = {}
        self._ports: dict[str, int] = {}
        self._turns: dict[str, int] = {}

    async def run(self) -> None:
        """Look after all pods until cancelled; then end every process."""
        try:
            while True:
                pods = await self._kube.list("/api/v1", None, "pods")
                for pod in pods:
                    with contextlib.suppress(KubernetesError):  # it may be gone by now, or its account not there yet
                        leaves = "deletionTimestamp" in pod["metadata"]
                        await (self._let_go(pod) if leaves else self._look_after(pod))
                await asyncio.sleep(POLL_S)
        finally:
            await asyncio.shield(asyncio.gather(*(asyncio.to_thread(each.stop) for each in self._programs.values())))

    def logs(self) -> str:
        """Return the last lines of every process, for an error message."""
        return "\n".join(f"--- {program.log.name}\n{program.last_lines()}" for program in self._programs.values())

    async def _look_after(self, pod: Pod) -> None:
        image = pod["spec"]["containers"][0]["image"]
        if not image.rpartition("/")[2].startswith("noctuary:"):
            behaviour = image_missing if NO_SUCH_IMAGE in image else healthy
            await self._report(pod, lambda turn: behaviour(pod, image, turn))
            return
        program = self._programs.get(pod["metadata"]["uid"]) or await self._start(pod)
        if pod["spec"]["containers"][0]["args"][0] == "cleanup":
            if not program.running:
                phase = "Succeeded" if program.stop() == 0 else "Failed"
                await self._report(pod, lambda _: {"phase": phase})
        elif await self._is_ready(pod):
            await self._report(pod, lambda turn: healthy(pod, image, turn))

    async def _report(self, pod: Pod, behaviour: Any) -> None:
        uid = pod["metadata"]["uid"]
        turn = self._turns.get(uid, 0)
        if turn < 2:
            self._turns[uid] = turn + 1
            metadata = pod["metadata"]
            await self._kube.patch_status("/api/v1", metadata["namespace"], "pods", metadata["name"], behaviour(turn))

    async def _is_ready(self, pod: Pod) -> bool:
        path = "readyz" if pod["spec"]["containers"][0]["args"] == ["receiver"] else "healthz"
        async with httpx.AsyncClient(trust_env=False) as client:
            try:
                answer = await client.get(f"http://127.0.0.1:{self._ports[pod['metadata']['uid']]}/{path}")
            except httpx.TransportError:
                return False
        return answer.status_code == 200

    async def _start(self, pod: Pod) -> Program:
        metadata, spec = pod["metadata"], pod["spec"]
        command, *flags = spec["containers"][0]["args"]
        account = spec["serviceAccountName"]
        kubeconfig = await asyncio.to_thread(
            self._cluster.identity_kubeconfig, metadata["namespace"], account, token_file=True
        )
        self._ports[metadata["uid"]] = self.internal_port if command == "receiver" else free_port()
        environment = {**_settings(pod), **self._here(pod, command), "NOCTUARY_KUBECONFIG": str(kubeconfig)}
        await self._set_finalizer(pod, on=True)
        program = Program(command, environment, self._directory / f"{metadata['name']}.log", *flags)
        program.start()
        self._programs[metadata["uid"]] = program
        return program

    def _here(self, pod: Pod, command: str) -> dict[str, str]:
        """Return what differs from a node: addresses of this machine, and a directory for a volume."""
        data = self._directory / "volumes" / pod["metadata"]["name"]
        data.mkdir(parents=True, exist_ok=True)
        by_command = {
            "operator": {
                "NOCTUARY_RECEIVER_INTERNAL_URL": f"http://127.0.0.1:{self.internal_port}",
                "NOCTUARY_HEALTH_HOST": "127.0.0.1",
                "NOCTUARY_HEALTH_PORT": str(self._ports[pod["metadata"]["uid"]]),
            },
            "receiver": {
                "NOCTUARY_DATA_DIR": str(data),
                "NOCTUARY_HOST": "127.0.0.1",
                "NOCTUARY_PUBLIC_PORT": str(self.public_port),
                "NOCTUARY_INTERNAL_PORT": str(self.internal_port),
                "NOCTUARY_IDENTITY": pod["metadata"]["name"],
            },
        }
        sources = os.pathsep.join([str(ROOT), str(ROOT / "operator")])
        return {**self._environment, "PYTHONPATH": sources, **by_command.get(command, {})}

    async def _let_go(self, pod: Pod) -> None:
        program = self._programs.pop(pod["metadata"]["uid"], None)
        if program is not None:
            await asyncio.to_thread(program.stop)
        await self._set_finalizer(pod, on=False)

    async def _set_finalizer(self, pod: Pod, *, on: bool) -> None:
        metadata = pod["metadata"]
        others = [each for each in metadata.get("finalizers", []) if each != FINALIZER]  # a Job has one of its own
        change = {"metadata": {"finalizers": [*others, FINALIZER] if on else others}}
        await self._kube.patch("/api/v1", metadata["namespace"], "pods", metadata["name"], change)


def _settings(pod: Pod) -> dict[str, str]:
    """Return the variables of a pod's container, with what the downward API would fill in."""
    fields = {f"metadata.{name}": pod["metadata"][name] for name in ("name", "namespace")}
    found = {}
    for each in pod["spec"]["containers"][0].get("env", []):
        path = each.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
        found[each["name"]] = fields[path] if path else each.get("value", "")
    return found
