"""A namespace in which somebody works, and the moments that its times are told by."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from typing import Any

from noctuary.common import clock
from testbed.polling import until
from testbed.stage.kube import Kube
from testbed.stage.kubelet import Kubelet
from testbed.stage.user import APPS, deployment

ALERT_AT = clock.parse_time("2026-11-20T14:04:05Z")
"""When every incident is told to have been triggered."""
BETWEEN_S = 2.0
"""Of real time between two moments: the API server tells whole seconds."""


class Scene:
    """What happens in one namespace; `moments` say when each part of it is told to have been."""

    def __init__(self, kube: Kube, namespace: str, kubelet: Kubelet) -> None:
        self.kube = kube
        self.namespace = namespace
        self.kubelet = kubelet
        self.moments: list[tuple[float, float]] = []

    async def moment(self, after_alert_s: float) -> None:
        """Let what comes next be told from so many seconds after the alert on; before it where that is negative."""
        if self.moments:
            await asyncio.sleep(BETWEEN_S)
        self.moments.append((math.floor(clock.now()), ALERT_AT + after_alert_s))

    async def roll_out(self, name: str, image: str, replicas: int = 2, **container: Any) -> None:
        """Apply a Deployment."""
        manifest = deployment(self.namespace, name, f"registry.example.com/{image}", replicas)
        manifest["spec"]["template"]["spec"]["containers"][0].update(container)
        await self.kube.apply(APPS, self.namespace, "deployments", manifest)

    async def runs(self, name: str, replicas: int = 2) -> None:
        """Wait until all pods of a Deployment are ready and of its newest revision."""

        async def is_ready() -> bool:
            status = ((await self.kube.get(APPS, self.namespace, "deployments", name)) or {}).get("status", {})
            return bool(status.get("updatedReplicas") == status.get("availableReplicas") == replicas)

        await until(f"{name} is available", is_ready)

    async def waits(self, image: str, reason: str) -> None:
        """Wait until a pod of an image waits for a reason."""

        async def is_waiting() -> bool:
            pods = await self.kube.list("/api/v1", self.namespace, "pods")
            statuses = [each for pod in pods for each in pod.get("status", {}).get("containerStatuses", [])]
            waiting = (each["state"].get("waiting", {}) for each in statuses if each["image"].endswith(image))
            return any(each.get("reason") == reason for each in waiting)

        await until(f"a pod of {image} waits", is_waiting)


@contextlib.asynccontextmanager
async def scene_in(kube: Kube, namespace: str) -> AsyncIterator[Scene]:
    """Make a namespace whose pods are reported for the length of the block."""
    await kube.make_namespace(namespace)

    async def account() -> Any:
        return await kube.get("/api/v1", namespace, "serviceaccounts", "default")

    await until("the namespace has its account", account)
    scene = Scene(kube, namespace, Kubelet(kube, namespace))
    reporting = asyncio.create_task(scene.kubelet.run())
    try:
        yield scene
    finally:
        reporting.cancel()
        await asyncio.gather(reporting, return_exceptions=True)
