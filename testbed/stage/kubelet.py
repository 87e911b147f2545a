"""What a kubelet would report: the local control plane has no nodes, so pod status is written from here."""

import asyncio
from collections.abc import Callable
from typing import Any

from noctuary.common.clock import format_time, now
from noctuary.common.errors import KubernetesError
from testbed.stage.kube import Kube

POLL_S = 0.2
EXIT_CODE = 1
LAST_TURN = 3
"""After so many reports a failing pod's status stays as it is."""

Behaviour = Callable[[dict[str, Any], str, int], dict[str, Any]]
"""(pod, image, how often it was looked at) -> pod status."""


def healthy(pod: dict[str, Any], image: str, _turn: int) -> dict[str, Any]:
    """The container runs and is ready."""
    state = {"running": {"startedAt": pod["metadata"]["creationTimestamp"]}}
    return _status(pod, image, phase="Running", ready=True, state=state, restarts=0)


def crashing(pod: dict[str, Any], image: str, turn: int) -> dict[str, Any]:
    """The process exits at once, again and again: CrashLoopBackOff."""
    ended = {"exitCode": EXIT_CODE, "reason": "Error", "finishedAt": format_time(now())}
    if turn == 0:
        return _status(pod, image, phase="Running", ready=False, state={"terminated": ended}, restarts=0)
    message = f"back-off 10s restarting failed container={_container(pod)} pod={pod['metadata']['name']}"
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
    last = {"terminated": ended}
    return _status(pod, image, phase="Running", ready=False, state=waiting, last=last, restarts=turn)


def image_missing(pod: dict[str, Any], image: str, turn: int) -> dict[str, Any]:
    """The image cannot be pulled."""
    reason = "ErrImagePull" if turn == 0 else "ImagePullBackOff"
    waiting = {"waiting": {"reason": reason, "message": f'Back-off pulling image "{image}"'}}
    return _status(pod, image, phase="Pending", ready=False, state=waiting, restarts=0)


class Kubelet:
    """Reports the status of all pods of a namespace, each as its image behaves; healthy where nothing is said."""

    def __init__(self, kube: Kube, namespace: str) -> None:
        self._kube = kube
        self._namespace = namespace
        self._behaviours: dict[str, Behaviour] = {}
        self._turns: dict[str, int] = {}

    def let(self, image: str, behaviour: Behaviour) -> None:
        """Say how containers of an image behave from now on."""
        self._behaviours[image] = behaviour

    async def run(self) -> None:
        """Report until cancelled."""
        while True:
            for pod in await self._kube.list("/api/v1", self._namespace, "pods"):
                await self._report(pod)
            await asyncio.sleep(POLL_S)

    async def _report(self, pod: dict[str, Any]) -> None:
        image = pod["spec"]["containers"][0]["image"]
        behaviour = self._behaviours.get(image, healthy)
        turn = self._turns.get(pod["metadata"]["uid"], 0)
        if behaviour is healthy and turn > 0:
            return
        status = behaviour(pod, image, turn)
        self._turns[pod["metadata"]["uid"]] = turn + 1
        if turn > LAST_TURN:
            return
        try:
            await self._kube.patch_status("/api/v1", self._namespace, "pods", pod["metadata"]["name"], status)
        except KubernetesError as error:
            if not error.not_found:
                raise


def _container(pod: dict[str, Any]) -> str:
    return str(pod["spec"]["containers"][0]["name"])


def _status(
    pod: dict[str, Any],
    image: str,
    *,
    phase: str,
    ready: bool,
    state: dict[str, Any],
    restarts: int,
    last: dict[str, Any] | None = None,
) -> dict[str, Any]:
    flag = "True" if ready else "False"
    container = {
        "name": _container(pod),
        "image": image,
        "imageID": "",
        "ready": ready,
        "started": ready,
        "restartCount": restarts,
        "state": state,
        "lastState": last or {},
    }
    at = format_time(now())
    conditions = [{"type": kind, "status": flag, "lastTransitionTime": at} for kind in ("Ready", "ContainersReady")]
    return {"phase": phase, "conditions": conditions, "containerStatuses": [container]}
