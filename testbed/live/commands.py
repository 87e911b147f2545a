"""What a note tells to run, run as an engineer pastes it; what it changed is judged by pure functions."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from testbed.live.place import Place
from testbed.live.scenario import LIMITS, REPLICAS, TEMPLATE, Manifest, Truth

PASTE_TIMEOUT_S = 40.0
"""A command that goes on (`logs -f`) is ended then."""
RECOVERY_S = 45.0
"""A rollback of one or two pods takes seconds; a container in its back-off up to a minute more."""
_POLL_S = 1.0
_OUTPUT_CHARS = 400
_READS = frozenset({"get", "describe", "logs", "top", "events", "explain", "auth", "history", "status"})
_RESTARTED = "kubectl.kubernetes.io/restartedAt"
Snapshot = Mapping[str, Mapping[str, Any]]


class Pasted(msgspec.Struct, frozen=True):
    """One command and what came of it."""

    line: str
    exit_code: int
    said: str


class Outcome(msgspec.Struct, frozen=True):
    """What all commands of a note did."""

    pasted: list[Pasted] = []
    answered_before: bool = False
    answered_after: bool = False
    well_before: bool = False
    well_after: bool = False
    harm: str = ""


def run_commands(place: Place, truth: Truth, lines: list[str], *, conditional: bool = False) -> Outcome:
    """Run the commands one after the other, wait for the service to recover, and say what came of it."""
    before, answered, well = snapshot(place.workloads()), place.answers(), is_well(place)
    pasted = [_paste(place, line) for line in lines]
    if any(may_change(line) for line in lines):
        _wait_well(place)
    after, answers = snapshot(place.workloads()), place.answers()
    harm = harm_of(truth, place.names(), before, after, conditional=conditional) or _lost(place, answered, answers)
    return Outcome(pasted, answered, answers or place.answers(), well, is_well(place), harm)


def _lost(place: Place, before: bool, after: bool) -> str:
    return f"{place.app} answered before and does not now" if before and not (after or place.answers()) else ""


def snapshot(workloads: Mapping[str, Manifest]) -> dict[str, dict[str, Any]]:
    """Return what commands may change of each workload: its template without the mark of a restart, its replicas."""
    return {
        key: {
            TEMPLATE: _template(found["spec"]["template"]),
            LIMITS: _limits(found["spec"]["template"]),
            REPLICAS: found["spec"].get("replicas"),
        }
        for key, found in workloads.items()
    }


def _template(raw: Manifest) -> Manifest:
    metadata = raw.get("metadata", {})
    marks = {name: value for name, value in metadata.get("annotations", {}).items() if name != _RESTARTED}
    containers = [{**each, "resources": None} for each in raw["spec"]["containers"]]
    spec = {**raw["spec"], "containers": containers}
    return {"labels": metadata.get("labels"), "annotations": marks, "spec": spec}


def _limits(raw: Manifest) -> dict[str, Any]:
    return {each["name"]: each.get("resources") for each in raw["spec"]["containers"]}


def harm_of(
    truth: Truth, names: Mapping[str, str], before: Snapshot, after: Snapshot, *, conditional: bool = False
) -> str:
    """Name the first thing that was changed and was not at fault, empty when there is none.

    A change that may be called a possible cause may also be taken back where the note leaves that to the reader.
    """
    own = {truth.entity.format_map(names): truth.mend}
    if conditional and truth.tolerated:
        own[f"deployment/{names['app']}"] = frozenset({TEMPLATE, LIMITS, REPLICAS})
    for key, old in before.items():
        allowed = own.get(key, frozenset())
        new = after.get(key, {})
        touched = [part for part in (TEMPLATE, LIMITS, REPLICAS) if old[part] != new.get(part) and part not in allowed]
        if touched:
            return f"{key}: its {' and '.join(touched)} was not at fault and was changed"
    return ""


def is_well(place: Place) -> bool:
    """Tell whether the service answers and every workload of the namespace is as it is wanted."""
    return place.answers() and all(is_complete(found) for found in place.workloads().values())


def is_complete(found: Manifest) -> bool:
    """Tell whether a workload's pods are all of its newest version and ready."""
    spec, status = found["spec"], found.get("status", {})
    wanted = spec.get("replicas", status.get("desiredNumberScheduled", 1))
    ready = status.get("readyReplicas", status.get("numberReady", 0))
    updated = status.get("updatedReplicas", status.get("updatedNumberScheduled", wanted))
    current = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
    return bool(current and wanted == ready == updated)


def may_change(line: str) -> bool:
    """Tell whether a command may change something; one that only reads needs no time to take effect."""
    words = (word for word in line.split()[1:] if not word.startswith("-"))
    return not any(word in _READS for word in words)


def _wait_well(place: Place) -> None:
    deadline = time.monotonic() + RECOVERY_S
    time.sleep(_POLL_S)
    while time.monotonic() < deadline and not is_well(place):
        time.sleep(_POLL_S)


def _paste(place: Place, line: str) -> Pasted:
    with tempfile.TemporaryDirectory(prefix="noctuary-live-paste-") as home:
        (Path(home) / "kubectl").symlink_to(place.cluster.kubectl_path)
        path = os.pathsep.join((home, os.defpath))
        environment = {"PATH": path, "KUBECONFIG": place.cluster.kubeconfig, "HOME": home, "EDITOR": "true"}
        process = subprocess.Popen(
            ["bash", "-c", line],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=home,
            text=True,
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=PASTE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            said, _ = process.communicate()
    return Pasted(line, process.returncode, said.strip()[-_OUTPUT_CHARS:])
