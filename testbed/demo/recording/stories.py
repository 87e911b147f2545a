"""The three incidents of the demo: a release that crashes, a limit that is too low, and no change to blame."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from noctuary.common.clock import format_time, now
from testbed.demo.recording.scene import Scene
from testbed.stage.kubelet import crashing, healthy

DAY_S = 86_400.0


class Story(NamedTuple):
    """One incident: its service and title as PagerDuty has them, and what happened before it."""

    name: str
    namespace: str
    service: str
    title: str
    happens: Callable[[Scene], Awaitable[None]]


async def _usual(scene: Scene, service: str, tag: str, **container: Any) -> None:
    """Let a service and its neighbours run for days."""
    await scene.moment(-6 * DAY_S)
    for name in ("frontend", "worker"):
        await scene.roll_out(name, f"{name}:1.9.2")
    await scene.roll_out(service, f"{service}:{tag}", replicas=3, **container)
    for name, replicas in (("frontend", 2), ("worker", 2), (service, 3)):
        await scene.runs(name, replicas)
    await scene.moment(-6 * DAY_S + 90)


async def _bad_release(scene: Scene) -> None:
    scene.kubelet.let("registry.example.com/payments-api:2.4.1", crashing)
    await _usual(scene, "payments-api", "2.4.0", env=_pool("10"))
    await scene.moment(-1300)
    await scene.roll_out("worker", "worker:1.9.3")
    await scene.runs("worker")
    await scene.moment(-1240)
    await scene.moment(-114)
    await scene.roll_out("payments-api", "payments-api:2.4.1", replicas=3, env=_pool("50"))
    await scene.waits("payments-api:2.4.1", "CrashLoopBackOff")
    await scene.moment(-8)
    await scene.moment(5)


async def _low_limit(scene: Scene) -> None:
    image = "registry.example.com/checkout:5.1.0"
    scene.kubelet.let(image, _needs_512_mi)
    await _usual(scene, "checkout", "5.1.0", resources=_memory("512Mi"))
    await scene.moment(-421)
    await scene.roll_out("checkout", "checkout:5.1.0", replicas=3, resources=_memory("128Mi"))
    await scene.waits("checkout:5.1.0", "CrashLoopBackOff")
    await scene.moment(-20)
    await scene.moment(5)


async def _nothing_changed(scene: Scene) -> None:
    await _usual(scene, "catalog", "3.0.7")
    await scene.moment(-2 * DAY_S)
    await scene.roll_out("catalog", "catalog:3.0.8", replicas=3)
    await scene.runs("catalog", 3)
    await scene.moment(-2 * DAY_S + 60)
    await scene.moment(5)


def _pool(size: str) -> list[dict[str, str]]:
    return [{"name": "DB_POOL", "value": size}, {"name": "DB_HOST", "value": "postgres"}]


def _memory(limit: str) -> dict[str, dict[str, str]]:
    return {"limits": {"memory": limit}}


def _needs_512_mi(pod: dict[str, Any], image: str, turn: int) -> dict[str, Any]:
    """Be killed for its memory, again and again, where the limit is lower."""
    if pod["spec"]["containers"][0]["resources"]["limits"]["memory"] == "512Mi":
        return healthy(pod, image, turn)
    status = crashing(pod, image, turn)
    (container,) = status["containerStatuses"]
    ended = {"exitCode": 137, "reason": "OOMKilled", "finishedAt": format_time(now())}
    for state in (container["state"], container["lastState"]):
        if "terminated" in state:
            state["terminated"] = ended
    return status


STORIES = (
    Story("bad-release", "payments", "payments-api", "payments-api: error rate above 5 %", _bad_release),
    Story("low-limit", "checkout", "checkout", "checkout: pods restart", _low_limit),
    Story("nothing-changed", "catalog", "catalog", "catalog: p99 latency above 2 s", _nothing_changed),
)
