"""The PagerDuty simulator as a program beside the cluster: pods reach its API, its webhooks go through the ingress."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hack.lib.tether import tethered
from testbed.kind.state import ClusterRecord
from testbed.pagerduty.program.client import ControlClient
from testbed.pagerduty.program.serve import read_state
from testbed.polling import eventually
from testbed.relay import relay_in_thread

STOP_TIMEOUT_S = 15.0


@dataclass(frozen=True)
class PagerDuty:
    """A running simulator: `api_url` is its address as pods see it."""

    control: ControlClient
    api_url: str
    token: str
    sender: str

    def trigger(self, service: str, title: str, **details: Any) -> str:
        """Open an incident on a service and return its id."""
        made = self.control.post("incidents", service=service, title=title, custom_details=details or None)
        return str(made["id"])

    def notes(self, incident: str) -> list[str]:
        """Return the texts of an incident's notes."""
        return [note["content"] for note in self.control.get(f"incidents/{incident}")["notes"]]

    def note(self, incident: str) -> str:
        """Wait for the first note of an incident."""
        return eventually(f"a note in incident {incident}", lambda: self.notes(incident), bool)[0]

    def webhooks(self, incident: str, subscription: str) -> list[dict[str, Any]]:
        """Return the webhooks of an incident to one subscription, with all attempts."""
        every = self.control.get("ledger")["webhooks"]
        return [each for each in every if (each["resource_id"], each["subscription_id"]) == (incident, subscription)]

    def unsubscribe_all(self) -> None:
        """Delete every subscription: one that outlives its team is sent each incident, and drops it."""
        for each in self.control.get("subscriptions"):
            self.control.delete(f"subscriptions/{each['id']}")

    def advance(self, seconds: float) -> None:
        """Move the simulator's clock, over the pauses between retries."""
        self.control.post("clock/advance", seconds=seconds)


@contextmanager
def running_pagerduty(facts: ClusterRecord, directory: Path, *arguments: str) -> Iterator[PagerDuty]:
    """Start a simulator whose webhooks for the test host go to the ingress controller; end it whatever happens."""
    state_file = directory / "pagerduty.json"
    host = f"{facts.host}=127.0.0.1:{facts.https_port}"
    options = ["--state-file", str(state_file), "--connect-to", host, "--authority", facts.authority, *arguments]
    command = tethered([sys.executable, "-m", "testbed.pagerduty", "serve", *options], die_with=os.getpid())
    with (directory / "pagerduty.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        eventually("the simulator serves", state_file.exists, bool)
        state = read_state(state_file)
        port = int(state["url"].rpartition(":")[2])
        with relay_in_thread(facts.gateway, port) as relayed, ControlClient(state["url"]) as control:
            yield PagerDuty(control, f"http://{relayed.host}:{relayed.port}", state["token"], state["email"])
    finally:
        process.terminate()
        process.wait(STOP_TIMEOUT_S)
