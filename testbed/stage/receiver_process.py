"""A receiver's real process for tests: its release namespace, its lives, and a gate before the API server."""

import asyncio
import hashlib
import hmac
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeVar

import httpx

from noctuary.models.routing_record import (
    INTEGRATION_LABEL,
    ROLE_INTERNAL_TOKEN,
    ROLE_LABEL,
    ROLE_ROUTING_RECORD,
    RoutingRecord,
    encode_record,
    record_secret_name,
)
from testbed.localkube import Cluster
from testbed.polling import until
from testbed.relay import Relay
from testbed.stage.store_audit import audit_inbox

DEADLINE_S = 20.0
MAX_AGE_S = 4.0
BODY = b'{"event":{"id":"01E","event_type":"pagey.ping","data":{"type":"ping"}}}'
SIGNING_SECRET = "signing-canary"  # noqa: S105 - made up
T = TypeVar("T")


class Process:
    """One life of the receiver."""

    def __init__(self, directory: Path, kubeconfig: Path, namespace: str, file_limit: int | None = None) -> None:
        self.data = directory / "data"
        self._port_file = directory / "ports.json"
        self._port_file.unlink(missing_ok=True)
        self._log = directory / "receiver.log"
        self._clients: list[httpx.AsyncClient] = []
        environment = {
            **os.environ,
            "NOCTUARY_DATA_DIR": str(self.data),
            "NOCTUARY_RELEASE_NAMESPACE": namespace,
            "NOCTUARY_KUBECONFIG": str(kubeconfig),
            "NOCTUARY_HOST": "127.0.0.1",
            "NOCTUARY_PUBLIC_PORT": "0",
            "NOCTUARY_INTERNAL_PORT": "0",
            "NOCTUARY_PORT_FILE": str(self._port_file),
            "NOCTUARY_EGRESS_HOSTS": "127.0.0.1",
            "NOCTUARY_EGRESS_PRIVATE_HOSTS": "127.0.0.1",
            "NOCTUARY_ALLOW_HTTP_API": "true",
            "NOCTUARY_ROUTING_MAX_AGE_S": str(MAX_AGE_S),
            "NOCTUARY_LOG_LEVEL": "debug",
        }
        with self._log.open("ab") as log:
            self.popen = subprocess.Popen([sys.executable, "-m", "webhook_receiver"], env=environment, stderr=log)
        if file_limit is not None:
            resource.prlimit(self.popen.pid, resource.RLIMIT_FSIZE, (file_limit, file_limit))

    async def listening(self) -> None:
        """Wait until both ports are listened on."""

        async def ports() -> bool:
            if self.popen.poll() is not None:
                raise RuntimeError(self.log)
            return self._port_file.exists()

        await until("the receiver has it so", ports, bool)
        numbers = json.loads(self._port_file.read_text())
        self.public = self._client(numbers["public"])
        self.internal = self._client(numbers["internal"])

    def _client(self, port: int) -> httpx.AsyncClient:
        client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}")
        self._clients.append(client)
        return client

    @property
    def log(self) -> str:
        """Everything it logged, in all its lives."""
        return self._log.read_text()

    async def post(self, token: str, webhook_id: str = "w1", body: bytes = BODY) -> int:
        """Send a signed webhook and return the status."""
        signature = "v1=" + hmac.digest(SIGNING_SECRET.encode(), body, hashlib.sha256).hex()
        headers = {"x-webhook-id": webhook_id, "x-pagerduty-signature": signature}
        return (await self.public.post(f"/webhooks/pagerduty/{token}", content=body, headers=headers)).status_code

    async def answers(self, token: str, status: int, deadline_s: float = DEADLINE_S) -> None:
        """Wait until a webhook is answered with a status."""
        await until(
            "the receiver has it so", lambda: self.post(token), lambda answer: answer == status, timeout_s=deadline_s
        )

    async def ended(self) -> int:
        """Wait until it has ended and return its exit code."""
        return await asyncio.to_thread(self.popen.wait, DEADLINE_S)

    async def end(self) -> None:
        """Kill it, if it still runs."""
        self.popen.kill()
        self.popen.wait()
        for client in self._clients:
            await client.aclose()

    def stored(self) -> list[str]:
        """What is on disk after the process ended."""
        return audit_inbox(self.data).webhook_ids


class ReceiverRelease:
    """A release namespace with its receiver; what it starts it ends."""

    def __init__(self, cluster: Cluster, namespace: str, kubeconfig: Path, directory: Path) -> None:
        self.namespace = namespace
        self._cluster = cluster
        self._kubeconfig = kubeconfig
        self.directory = directory
        self._processes: list[Process] = []

    async def start(self, kubeconfig: Path | None = None) -> Process:
        """Start a receiver and wait until it listens."""
        process = self.launch(kubeconfig)
        await process.listening()
        return process

    def launch(self, kubeconfig: Path | None = None, file_limit: int | None = None) -> Process:
        """Start a receiver; `file_limit` makes the kernel refuse writes beyond that size."""
        process = Process(self.directory, kubeconfig or self._kubeconfig, self.namespace, file_limit)
        self._processes.append(process)
        return process

    def kubeconfig_through(self, gate: Relay) -> Path:
        """Write a kubeconfig that reaches the API server through the gate."""
        path = self.directory / "kubeconfig-through-gate"
        direct = self._kubeconfig.read_text()
        path.write_text(direct.replace(self._cluster.server, f"https://127.0.0.1:{gate.port}"))
        return path

    def apply(self, record: RoutingRecord, namespace: str | None = None) -> None:
        """Write a routing record as the operator does."""
        labels = {ROLE_LABEL: ROLE_ROUTING_RECORD, INTEGRATION_LABEL: record.id}
        self._secret(record_secret_name(record.id), labels, encode_record(record), namespace or self.namespace)

    def apply_internal_token(self, token: str) -> None:
        """Write the token of the internal port."""
        self._secret("noctuary-internal", {ROLE_LABEL: ROLE_INTERNAL_TOKEN}, {}, self.namespace, {"token": token})

    def _secret(
        self,
        name: str,
        labels: dict[str, str],
        data: dict[str, str],
        namespace: str,
        text: dict[str, str] | None = None,
    ) -> None:
        manifest: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": namespace, "labels": labels},
            "data": data,
            "stringData": text or {},
        }
        self._cluster.kubectl("apply", "--server-side", "-f", "-", input=json.dumps(manifest))

    def delete(self, record: RoutingRecord) -> None:
        """Delete a routing record."""
        self._cluster.kubectl("delete", "secret", record_secret_name(record.id), "-n", self.namespace)

    async def end(self) -> None:
        """End all that was started."""
        for process in self._processes:
            await process.end()
