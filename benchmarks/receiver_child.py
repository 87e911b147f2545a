"""A receiver, or a bare application as the reference, in a process of its own, so that its CPU time is its own."""

import argparse
import asyncio
import os
import resource
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any, cast

import structlog
import uvloop

from noctuary.common.metrics import Metrics
from noctuary.incidents.unread import Unread
from noctuary.models.routing_record import SigningSecret, encode_record, record_secret_name
from noctuary.routing.operator_token import OperatorToken
from noctuary.routing.record_secrets import Secret, SecretMeta
from noctuary.routing.table import RoutingTable
from noctuary.serving.connections import Connections
from noctuary.serving.server import make_server
from noctuary.store.limits import StoreLimits
from noctuary.store.open import open_store
from testbed.routing_records import routing_record
from webhook_receiver.app import create_app
from webhook_receiver.deps import Deps
from webhook_receiver.process import favour_event_loop
from webhook_receiver.reports import ReportLog
from webhook_receiver.servers import BACKLOG
from webhook_receiver.token_proofs import TokenProofs

INTEGRATIONS = ("a", "b")
"""Each with the token `token-ID` and the ingest key `key-ID`."""
SIGNING_SECRET = "signing-secret"  # noqa: S105 - made up
FRESH_S = 1e9
NO_QUOTA = 2**60
"""What is measured is how events are stored, not how they are refused."""
CPU_CLOCK_OF_PROCESS = 2
"""CPUCLOCK_SCHED of Linux: what clock_getcpuclockid(3) adds to the number of a process."""


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """Read the body and answer: what no application can do without."""
    more = scope["type"] == "http"
    while more:
        more = (await receive()).get("more_body", False)
    await send({"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


async def receiver(directory: Path, metrics: Metrics) -> Any:
    """Build the public application over a real store."""
    routing = RoutingTable()
    records = [routing_record(each, signing_secrets=[SigningSecret(SIGNING_SECRET)]) for each in INTEGRATIONS]
    routing.on_list([Secret(SecretMeta(record_secret_name(each.id)), encode_record(each)) for each in records])
    routing.health.confirm()
    store = await open_store(directory, StoreLimits(tenant_events=NO_QUOTA, tenant_event_bytes=NO_QUOTA))
    deps = Deps(
        store,
        routing,
        OperatorToken(),
        metrics,
        TokenProofs(),
        ReportLog(routing, Unread(metrics, routing)),
        routing_max_age_s=FRESH_S,
    )
    return create_app(deps)


async def serve(directory: Path | None) -> None:
    """Serve until the parent closes our input; each line of it asks for our CPU seconds."""
    metrics = Metrics()
    app = bare if directory is None else await receiver(directory, metrics)
    favour_event_loop()
    listening = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    server = make_server(app, Connections(metrics, "public"), BACKLOG)
    serving = asyncio.create_task(server.serve([listening]))
    print(listening.getsockname()[1], flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(used.ru_utime + used.ru_stime, flush=True)
    serving.cancel()
    os._exit(0)


class Child:
    """The process, as its parent sees it."""

    def __init__(self, directory: Path | None) -> None:
        arguments = [] if directory is None else ["--data", str(directory)]
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.receiver_child", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._asked = cast("IO[str]", self._popen.stdin)
        self._told = cast("IO[str]", self._popen.stdout)
        self.port = int(self._told.readline())

    def cpu_seconds(self) -> float:
        """Return what it has used so far."""
        self._asked.write("\n")
        self._asked.flush()
        return float(self._told.readline())

    def cpu_clock(self) -> float:
        """Return the same from the kernel, to the microsecond and without asking the process."""
        return time.clock_gettime(~self._popen.pid << 3 | CPU_CLOCK_OF_PROCESS)

    def end(self) -> None:
        """End it."""
        self._asked.close()
        self._popen.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(parser.parse_args().data))
