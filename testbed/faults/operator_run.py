"""Kill -9 of the operator while resources come, change, rotate and go: the end equals that of an undisturbed run."""

import asyncio
import random
from pathlib import Path
from typing import Any

from hack.lib.cache import Progress
from testbed.faults.end_state import end_state, left_behind, unsettled
from testbed.faults.table import Outcome
from testbed.localkube import LocalKube
from testbed.polling import until
from testbed.stage.kube import GROUP, PLURAL, Kube
from testbed.stage.release import StagedRelease
from testbed.stage.user import API_SECRET, integration, signing_secret_name

RESOURCES_PER_RUN = 4
PAUSES_S = (0.02, 0.5)
KILL_AFTER_S = (0.05, 3.0)
RESTART_PAUSES_S = (0.05, 0.6)
SETTLED_S = 60.0
API_URL = "http://127.0.0.1:9"
"""Nobody listens here: a Manual integration needs no call to become Ready."""
SERVICE_ID = "PSTAGE1"

Step = tuple[str, str]
"""(verb, name of the resource)"""


def script(runs: int, seed: int) -> list[list[Step]]:
    """Write down what happens, run by run: the same for the disturbed and the undisturbed pass."""
    chance = random.Random(seed)
    plan: list[list[Step]] = []
    for run in range(runs):
        names = [f"cr-{run}-{index}" for index in range(RESOURCES_PER_RUN)]
        steps = [("create", name) for name in names]
        steps += [(verb, chance.choice(names)) for verb in ("edit", "rotate", "rotate", "suspend", "lose-secret")]
        plan.append([*steps, ("delete", names[0])])
    return plan


class ScriptedUser:
    """Applies the script to one namespace."""

    def __init__(self, kube: Kube, namespace: str, seed: int) -> None:
        self._kube = kube
        self._namespace = namespace
        self._random = random.Random(seed)
        self._specs: dict[str, dict[str, Any]] = {}
        self.steps = 0

    async def prepare(self) -> None:
        """Create the namespace and the API token."""
        await self._kube.make_namespace(self._namespace)
        await self._kube.put_secret(self._namespace, API_SECRET, {"token": "u+never-used-token"})

    async def run(self, steps: list[Step]) -> None:
        """Take the steps with small pauses."""
        for verb, name in steps:
            await getattr(self, "_" + verb.replace("-", "_"))(name)
            self.steps += 1
            await asyncio.sleep(self._random.uniform(*PAUSES_S))

    async def _create(self, name: str) -> None:
        await self._kube.put_secret(self._namespace, signing_secret_name(name), {"secret": f"signing-{name}"})
        route = self._random.choice(("None", "Ingress"))
        self._specs[name] = integration(
            self._namespace, name, api_url=API_URL, service=name, service_id=SERVICE_ID, route=route
        )
        await self._apply(name)

    async def _edit(self, name: str) -> None:
        self._specs[name]["spec"]["displayName"] = f"Edited {self._random.randint(0, 9)}"
        await self._apply(name)

    async def _suspend(self, name: str) -> None:
        self._specs[name]["spec"]["suspend"] = True
        await self._apply(name)

    async def _rotate(self, name: str) -> None:
        request = f"request-{self._random.randint(0, 10**6)}"
        self._specs[name]["spec"]["webhook"]["token"] = {"rotateRequest": request, "overlap": "0s"}
        await self._apply(name)

    async def _lose_secret(self, name: str) -> None:
        await self._kube.delete("/api/v1", self._namespace, "secrets", f"{name}-webhook")

    async def _delete(self, name: str) -> None:
        await self._kube.delete(GROUP, self._namespace, PLURAL, name)

    async def _apply(self, name: str) -> None:
        await self._kube.apply(GROUP, self._namespace, PLURAL, self._specs[name])


async def disturb_operator(cluster: LocalKube, directory: Path, runs: int, seed: int, progress: Progress) -> Outcome:
    """Run the script twice and compare the end states."""
    kube = await Kube.connect(cluster.kubeconfig)
    try:
        calm, _ = await _pass(cluster, kube, directory / "calm", runs, seed, progress, disturbed=False)
        rough, kills = await _pass(cluster, kube, directory / "rough", runs, seed, progress, disturbed=True)
    finally:
        await kube.close()
    different = sorted(name for name in calm.keys() | rough.keys() if calm.get(name) != rough.get(name))
    return Outcome(
        "operator",
        done={
            "resources created": runs * RESOURCES_PER_RUN,
            "steps taken (create, edit, rotate, suspend, lose, delete)": sum(map(len, script(runs, seed))),
            "kill -9 at a random moment": kills,
            "resources alive at the end": len([name for name in calm if not name.startswith("left:")]),
        },
        must_be_zero={
            "resources whose end differs from the undisturbed run": len(different),
            "objects left behind": len([name for name in rough if name.startswith("left:")]),
        },
        remarks=[f"{name}: {calm.get(name)} became {rough.get(name)}" for name in different[:5]],
    )


async def _pass(
    cluster: LocalKube, kube: Kube, directory: Path, runs: int, seed: int, progress: Progress, *, disturbed: bool
) -> tuple[dict[str, Any], int]:
    release = StagedRelease(cluster, API_URL, directory)
    await asyncio.to_thread(release.install)
    namespace = f"{release.namespace}-team"
    user = ScriptedUser(kube, namespace, seed)
    await user.prepare()
    release.operator.start()
    killer = Killer(release, seed)
    try:
        for number, steps in enumerate(script(runs, seed)):
            running = asyncio.create_task(user.run(steps))
            if disturbed:
                await killer.kill_twice()
            await running
            progress(f"operator: {'disturbed' if disturbed else 'undisturbed'} run {number + 1} of {runs}")
        await _settle(kube, release.namespace, namespace, progress)
        state = await end_state(kube, release.namespace, namespace)
        remains = await left_behind(kube, release.namespace, namespace)
        await _clear(kube, namespace)
        return state | {f"left:{name}": True for name in remains}, killer.kills
    finally:
        await asyncio.to_thread(release.stop)


async def _settle(kube: Kube, release_namespace: str, namespace: str, progress: Progress) -> None:
    """Wait until nothing is unsettled; what still is after the limit is printed, and shows in the comparison."""

    async def settled() -> bool:
        return not await unsettled(kube, release_namespace, namespace)

    try:
        await until("all resources settled", settled, timeout_s=SETTLED_S)
    except TimeoutError as error:
        progress(f"operator: {error}: {await unsettled(kube, release_namespace, namespace)}")


async def _clear(kube: Kube, namespace: str) -> None:
    """Remove the pass's resources, so that the next release finds none of them."""
    for resource in await kube.list(GROUP, namespace, PLURAL):
        await kube.delete(GROUP, namespace, PLURAL, resource["metadata"]["name"])


class Killer:
    """Kills the operator at random moments and starts it again."""

    def __init__(self, release: StagedRelease, seed: int) -> None:
        self._release = release
        self._random = random.Random(seed + 1)
        self.kills = 0

    async def kill_twice(self) -> None:
        """Kill, restart, and do it once more."""
        for _ in range(2):
            await asyncio.sleep(self._random.uniform(*KILL_AFTER_S))
            self._release.operator.kill()
            self.kills += 1
            await asyncio.sleep(self._random.uniform(*RESTART_PAUSES_S))
            self._release.operator.start()
