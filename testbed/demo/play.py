"""The play: install, declare, subscribe, roll out, break, page, read the note."""

import asyncio
from collections.abc import Callable

from testbed.demo.scene import Scene
from testbed.localkube import LocalKube
from testbed.polling import until
from testbed.stage.kubelet import Kubelet, crashing
from testbed.stage.stage import Stage

SETTLE_S = 1.0
"""Between rollout, failure and page, as life has it; the note's seconds count from the incident."""
ALL_DELIVERED_S = 15.0

Say = Callable[[str], None]


class Play:
    """One run of the main job with the names of one scene."""

    def __init__(self, stage: Stage, scene: Scene, say: Say) -> None:
        self.scene = scene
        self.pagerduty = stage.pagerduty
        self._stage = stage
        self._kube = stage.kube
        self._person = stage.person
        self._say = say
        self._kubelets: list[asyncio.Task[None]] = []

    async def perform(self) -> str:
        """Play all of it and return the incident's id."""
        scene = self.scene
        self._say(f"operator and receiver run in namespace {self._stage.release.namespace}, each with its own Roles")
        await self._kube.make_namespace(scene.innocent_namespace)
        service_id = await self._stage.declare(scene.namespace, scene.service)
        self._say(f"PagerDutyIntegration {scene.namespace}/{scene.service} is Ready")
        await self._break()
        return await self._page(service_id)

    async def _break(self) -> None:
        scene = self.scene
        self._report_pods(scene.namespace, scene.bad_image)
        self._report_pods(scene.innocent_namespace, None)
        await self._person.roll_out(scene.namespace, scene.service, scene.good_image)
        await self._person.roll_out(scene.innocent_namespace, scene.innocent, scene.innocent_images[0])
        await self._person.wait_available(scene.namespace, scene.service)
        await self._person.wait_available(scene.innocent_namespace, scene.innocent)
        self._say(f"Deployment {scene.service} runs {scene.good_image}")
        await asyncio.sleep(SETTLE_S)
        await self._person.roll_out(scene.namespace, scene.service, scene.bad_image)
        self._say(f"rolled out {scene.bad_image}; its pods crash on start")
        await self._wait_crashing()
        await self._person.roll_out(scene.innocent_namespace, scene.innocent, scene.innocent_images[1])
        await self._person.wait_available(scene.innocent_namespace, scene.innocent)
        self._say(f"meanwhile, innocently, {scene.innocent} was rolled out elsewhere")
        await asyncio.sleep(SETTLE_S)

    def _report_pods(self, namespace: str, bad_image: str | None) -> None:
        kubelet = Kubelet(self._kube, namespace)
        if bad_image is not None:
            kubelet.let(bad_image, crashing)
        self._kubelets.append(asyncio.create_task(kubelet.run()))

    async def _wait_crashing(self) -> None:
        async def waits() -> bool:
            pods = await self._kube.list("/api/v1", self.scene.namespace, "pods")
            states = [pod.get("status", {}).get("containerStatuses", [{}])[0].get("state", {}) for pod in pods]
            return any(state.get("waiting", {}).get("reason") == "CrashLoopBackOff" for state in states)

        await until("a pod is in CrashLoopBackOff", waits)

    async def _page(self, service_id: str) -> str:
        incident = self.pagerduty.trigger(
            service_id,
            f"{self.scene.service}: error rate above 5 %",
            custom_details={"firing": f"Labels:\n - alertname = HighErrorRate\n - service = {self.scene.service}\n"},
        )
        self._say(f"PagerDuty incident {incident.id} fired; its webhook goes to the receiver")

        async def noted() -> bool:
            return bool(self.pagerduty.notes(incident.id))

        await until("the incident has a note", noted)
        timing = self.pagerduty.timings[incident.id]
        self._say("the note stands in the incident, as PagerDuty holds it:")
        print(frame(self.pagerduty.notes(incident.id)[0].content), flush=True)
        self._say(f"{timing.seconds_to_first_note:.2f} s from the first byte of the webhook to the note")
        return incident.id

    def what_next(self, incident: str, cluster: LocalKube) -> str:
        """Say what a newcomer may try now."""
        kubectl = f"{cluster.kubectl_path} --kubeconfig {cluster.kubeconfig}"
        simulator = f".venv/bin/python -m testbed.pagerduty --url {self.pagerduty.url}"
        scene = self.scene
        return "\n".join(
            [
                "",
                "Everything stays up. Try next:",
                f"  {kubectl} -n {scene.namespace} get pdi,deploy,pods",
                f"  {kubectl} -n {scene.namespace} describe pdi {scene.service}",
                f"  {kubectl} -n {scene.namespace} rollout undo deploy/{scene.service}",
                f"  {simulator} resolve {incident}",
                f"  {simulator} show {incident}",
                f"  {simulator} trigger {scene.service} 'another page'",
                "Ctrl-C removes all of it.",
                "",
            ]
        )

    async def end(self) -> None:
        """End the pretended kubelets."""
        for task in self._kubelets:
            task.cancel()
        await asyncio.gather(*self._kubelets, return_exceptions=True)


def frame(text: str) -> str:
    """Set a note off from progress lines."""
    return "\n".join(["", *(f"  | {line}" for line in text.splitlines()), ""])


async def check_note(play: Play, incident: str) -> list[str]:
    """Return what is wrong with the notes of the incident once all webhooks are delivered."""
    await play.pagerduty.drained(timeout_s=ALL_DELIVERED_S)
    notes = [note.content for note in play.pagerduty.notes(incident)]
    scene = play.scene
    if len(notes) != 1:
        return [f"{len(notes)} notes instead of one"]
    named = {"the new image": scene.bad_image, "the previous image": scene.good_image}
    faults = [f"it does not name {what} ({image})" for what, image in named.items() if image not in notes[0]]
    return faults + [
        f"it names the innocent {word}" for word in (scene.innocent, *scene.innocent_images) if word in notes[0]
    ]
