"""What a kubelet and a scheduler report of pods that are well, or that ail in one way each."""

from collections.abc import Callable
from typing import Any, NamedTuple

from testbed.evaluation.recording.times import written

Json = dict[str, Any]
SEEN_UNTIL = 20.0
"""How long after the alert a recording ends, in seconds: what goes on was last seen shortly before."""
BACKOFFS = (10.0, 20.0, 40.0, 80.0, 160.0, 300.0)
"""How long the kubelet waits before a container's next start."""


class Told(NamedTuple):
    """What is reported of a pod: its status, the Events about it, its last log, whether it has a node."""

    status: Json
    events: list[Json]
    log: str = ""
    is_bound: bool = True


Ailment = Callable[[Json, float], Told]
"""(the pod, when it begins in seconds after the alert) -> what is reported."""


def event(reason: str, message: str, first: float, last: float | None = None, count: int = 1, **more: str) -> Json:
    """Return an Event without what it is about."""
    seen = {"firstTimestamp": written(first), "lastTimestamp": written(first if last is None else last), "count": count}
    source = {"component": more.pop("component", "kubelet")}
    told = {"type": more.pop("type", "Warning"), "reason": reason, "message": message, "source": source}
    return {**told, **seen, **more}


def _conditions(at: float, *, ready: bool, started: bool = True) -> list[Json]:
    told = [("PodScheduled", True), ("Initialized", True), ("PodReadyToStartContainers", started)]
    told += [("ContainersReady", ready), ("Ready", ready)]
    made = [{"type": kind, "status": str(on), "lastTransitionTime": written(at)} for kind, on in told]
    for each in made[3:] if not ready else ():
        each |= {"reason": "ContainersNotReady", "message": "containers with unready status"}
    return made


def _status(pod: Json, at: float, *, ready: bool, state: Json, phase: str = "Running", **told: Any) -> Json:
    spec = pod["spec"]["containers"][0]
    container = {"name": spec["name"], "image": spec["image"], "imageID": "", "ready": ready, "started": ready}
    container |= {"restartCount": told.pop("restarts", 0), "state": state, "lastState": told.pop("last", {})}
    address = f"10.4.{sum(pod['metadata']['uid'].encode()) % 200}.{sum(pod['metadata']['name'].encode()) % 250}"
    turned = told.pop("turned", at)
    placed: Json = {} if phase == "Pending" else {"podIP": address, "podIPs": [{"ip": address}]}
    return {
        "phase": phase,
        "startTime": written(at),
        "conditions": _conditions(turned, ready=ready, started=phase == "Running"),
        "containerStatuses": [container],
        **placed,
        **told,
    }


def well(pod: Json, at: float) -> Told:
    """It runs, and is ready."""
    return Told(_status(pod, at, ready=True, state={"running": {"startedAt": written(at + 2)}}, turned=at + 4), [])


def crash(log: str, code: int = 1, *, lives: float = 3.0, reason: str = "Error", message: str = "") -> Ailment:
    """Its container ends again and again, and says why in its last lines."""

    def told(pod: Json, at: float) -> Told:
        ends = _ends(at + 2, lives)
        end = {
            "exitCode": code,
            "reason": reason,
            "startedAt": written(ends[-1] - lives),
            "finishedAt": written(ends[-1]),
        }
        if message:
            end["message"] = message
        name = pod["spec"]["containers"][0]["name"]
        held = f"back-off 40s restarting failed container={name} pod={pod['metadata']['name']}"
        waits = {"waiting": {"reason": "CrashLoopBackOff", "message": held}}
        status = _status(pod, at, ready=False, state=waits, restarts=len(ends), last={"terminated": end})
        words = f"Back-off restarting failed container {name} in pod {pod['metadata']['name']}"
        path = f"spec.containers{{{name}}}"
        return Told(status, [event("BackOff", words, ends[0] + 1, ends[-1] + 1, len(ends), path=path)], log)

    return told


def _ends(first: float, lives: float) -> list[float]:
    """Return when a container ended that was begun at `first` and lives so long each time."""
    ends = [first + lives]
    for wait in BACKOFFS:
        if ends[-1] + wait + lives > SEEN_UNTIL:
            break
        ends.append(ends[-1] + wait + lives)
    return ends


def out_of_memory(lives: float = 40.0, log: str = "") -> Ailment:
    """Its container uses more memory than its limit allows."""
    return crash(log, 137, lives=lives, reason="OOMKilled")


def _waiting(pod: Json, at: float, reason: str, message: str, *events: Json) -> Told:
    state = {"waiting": {"reason": reason, "message": message}}
    return Told(_status(pod, at, ready=False, state=state, phase="Pending"), list(events))


def no_image(error: str) -> Ailment:
    """Its image cannot be pulled."""

    def told(pod: Json, at: float) -> Told:
        container = pod["spec"]["containers"][0]
        image, path = container["image"], f"spec.containers{{{container['name']}}}"
        failed = event("Failed", f'Failed to pull image "{image}": {error}', at + 3, -10, 3, path=path)
        again = event("BackOff", f'Back-off pulling image "{image}"', at + 15, 10, 6, path=path)
        return _waiting(pod, at, "ImagePullBackOff", f'Back-off pulling image "{image}": {error}', failed, again)

    return told


def no_configuration(message: str) -> Ailment:
    """What its container needs of a ConfigMap or Secret does not exist."""

    def told(pod: Json, at: float) -> Told:
        failed = event("Failed", f"Error: {message}", at + 3, 8, 9)
        return _waiting(pod, at, "CreateContainerConfigError", message, failed)

    return told


def no_volume(message: str, reason: str = "FailedMount") -> Ailment:
    """A volume of it cannot be attached or mounted."""
    return lambda pod, at: _waiting(
        pod, at, "ContainerCreating", "", event(reason, message, at + 5, 5, 7, component="kubelet")
    )


def no_sandbox(message: str) -> Ailment:
    """Its node cannot set up its network or sandbox."""
    return lambda pod, at: _waiting(
        pod, at, "ContainerCreating", "", event("FailedCreatePodSandBox", message, at + 3, 9, 6)
    )


def unschedulable(message: str) -> Ailment:
    """No node takes it."""

    def told(pod: Json, at: float) -> Told:  # noqa: ARG001 - as all ailments
        scheduled = {"type": "PodScheduled", "status": "False", "lastTransitionTime": written(at)}
        scheduled |= {"reason": "Unschedulable", "message": message}
        failed = event("FailedScheduling", message, at, 5, 4, component="default-scheduler")
        return Told({"phase": "Pending", "conditions": [scheduled]}, [failed], is_bound=False)

    return told


def unready(message: str, log: str = "") -> Ailment:
    """It runs, and its readiness probe fails."""

    def told(pod: Json, at: float) -> Told:
        began = max(at, float(pod["metadata"].get("began", at)))
        state = {"running": {"startedAt": written(began + 2)}}
        seen = event("Unhealthy", f"Readiness probe failed: {message}", at + 8, 12, 12)
        return Told(_status(pod, began, ready=False, state=state, turned=at + 5), [seen], log)

    return told


def killed_by_probe(message: str, probe: str = "Liveness", lives: float = 35.0) -> Ailment:
    """Its kubelet kills it again and again because its liveness or start-up probe fails."""

    def told(pod: Json, at: float) -> Told:
        ends, name = _ends(at + 2, lives), pod["spec"]["containers"][0]["name"]
        end = {
            "exitCode": 137,
            "reason": "Error",
            "startedAt": written(ends[-1] - lives),
            "finishedAt": written(ends[-1]),
        }
        state = {"running": {"startedAt": written(ends[-1] + 1)}}
        status = _status(pod, at, ready=False, state=state, restarts=len(ends), last={"terminated": end})
        failed = event("Unhealthy", f"{probe} probe failed: {message}", at + 12, ends[-1], 3 * len(ends))
        words = f"Container {name} failed {probe.lower()} probe, will be restarted"
        killing = event("Killing", words, ends[0], ends[-1], len(ends), type="Normal")
        return Told(status, [failed, killing])

    return told


def evicted(message: str) -> Ailment:
    """Its node evicted it."""

    def told(pod: Json, at: float) -> Told:
        end = {"terminated": {"exitCode": 137, "reason": "Error", "finishedAt": written(at)}}
        status = _status(pod, at - 1, ready=False, state=end, phase="Failed", reason="Evicted", message=message)
        return Told(status, [event("Evicted", message, at)])

    return told


def warned(base: Ailment, reason: str, message: str, *, ago: float, until: float, count: int = 1) -> Ailment:
    """It is as another ailment says, and there were Warnings about it besides."""

    def told(pod: Json, at: float) -> Told:
        known = base(pod, at)
        return known._replace(events=[*known.events, event(reason, message, ago, until, count)])

    return told


def saying(log: str, base: Ailment = well) -> Ailment:
    """It is as another ailment says, and writes this into its log."""
    return lambda pod, at: base(pod, at)._replace(log=log)
