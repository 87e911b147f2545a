"""The main job step by step: install, declare, subscribe, roll out, break, page, read the note."""

import asyncio

from hack.lib.cache import Progress
from testbed.demo.names import Names
from testbed.localkube import Cluster
from testbed.polling import until
from testbed.stage.kubelet import Kubelet, crashing
from testbed.stage.stage import Stage

SETTLE_S = 1.0
"""Between rollout, failure and page, as in life; the note's seconds count from the incident."""
ALL_DELIVERED_S = 15.0
FAILING = ("CrashLoopBackOff", "ErrImagePull", "ImagePullBackOff")
"""What a kubelet says of a container that it cannot start."""


class Walkthrough:
    """One run of the main job with random names."""

    def __init__(self, stage: Stage, names: Names, progress: Progress, *, has_nodes: bool = False) -> None:
        """Without nodes what a kubelet reports is written here."""
        self.names = names
        self._has_nodes = has_nodes
        self.pagerduty = stage.pagerduty
        self._stage = stage
        self._kube = stage.kube
        self._user = stage.user
        self._progress = progress
        self._kubelets: list[asyncio.Task[None]] = []

    async def run(self) -> str:
        """Do all of it and return the incident's id."""
        names = self.names
        self._progress(
            f"operator and receiver run in namespace {self._stage.release.namespace}, each with its own Roles"
        )
        await self._kube.make_namespace(names.innocent_namespace)
        service_id = await self._stage.declare(names.namespace, names.service)
        self._progress(f"PagerDutyIntegration {names.namespace}/{names.service} is Ready")
        await self._break()
        return await self._page(service_id)

    async def _break(self) -> None:
        names = self.names
        self._report_pods(names.namespace, names.bad_image)
        self._report_pods(names.innocent_namespace, None)
        await self._user.roll_out(names.namespace, names.service, names.good_image)
        await self._user.roll_out(names.innocent_namespace, names.innocent, names.innocent_images[0], version="1")
        await self._user.wait_available(names.namespace, names.service)
        await self._user.wait_available(names.innocent_namespace, names.innocent)
        self._progress(f"Deployment {names.service} runs {names.good_image}")
        await asyncio.sleep(SETTLE_S)
        await self._user.roll_out(names.namespace, names.service, names.bad_image)
        fate = "there is no such image" if self._has_nodes else "its pods crash on start"
        self._progress(f"rolled out {names.bad_image}; {fate}")
        await self._wait_failing()
        await self._user.roll_out(names.innocent_namespace, names.innocent, names.innocent_images[1], version="2")
        await self._user.wait_available(names.innocent_namespace, names.innocent)
        self._progress(f"meanwhile, innocently, {names.innocent} was rolled out elsewhere")
        await asyncio.sleep(SETTLE_S)

    def _report_pods(self, namespace: str, bad_image: str | None) -> None:
        if self._has_nodes:
            return
        kubelet = Kubelet(self._kube, namespace)
        if bad_image is not None:
            kubelet.let(bad_image, crashing)
        self._kubelets.append(asyncio.create_task(kubelet.run()))

    async def _wait_failing(self) -> None:
        async def waits() -> bool:
            pods = await self._kube.list("/api/v1", self.names.namespace, "pods")
            states = [pod.get("status", {}).get("containerStatuses", [{}])[0].get("state", {}) for pod in pods]
            return any(state.get("waiting", {}).get("reason") in FAILING for state in states)

        await until("a pod of the new version fails", waits)

    async def _page(self, service_id: str) -> str:
        incident = self.pagerduty.trigger(
            service_id,
            f"{self.names.service}: error rate above 5 %",
            custom_details={"firing": f"Labels:\n - alertname = HighErrorRate\n - service = {self.names.service}\n"},
        )
        self._progress(f"PagerDuty incident {incident.id} fired; its webhook goes to the receiver")

        async def noted() -> bool:
            return bool(self.pagerduty.notes(incident.id))

        await until("the incident has a note", noted)
        timing = self.pagerduty.timings[incident.id]
        self._progress("the incident's note, as PagerDuty holds it:")
        print(frame(self.pagerduty.notes(incident.id)[0].content), flush=True)
        self._progress(f"{timing.seconds_to_first_note:.2f} s from the first byte of the webhook to the note")
        return incident.id

    def what_next(self, incident: str, cluster: Cluster) -> str:
        """Return what a newcomer may try now."""
        kubectl = f"{cluster.kubectl_path} --kubeconfig {cluster.kubeconfig}"
        simulator = f".venv/bin/python -m testbed.pagerduty --url {self.pagerduty.url}"
        names = self.names
        return "\n".join(
            [
                "",
                "Everything stays up. Try next:",
                f"  {kubectl} -n {names.namespace} get pdi,deploy,pods",
                f"  {kubectl} -n {names.namespace} describe pdi {names.service}",
                f"  {kubectl} -n {names.namespace} rollout undo deploy/{names.service} --to-revision=1",
                f"  {simulator} resolve {incident}",
                f"  {simulator} show {incident}",
                f"  {simulator} trigger {names.service} 'another page'",
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


async def check_note(walkthrough: Walkthrough, incident: str) -> list[str]:
    """Return what is wrong with the notes of the incident once all webhooks are delivered."""
    await walkthrough.pagerduty.drained(timeout_s=ALL_DELIVERED_S)
    notes = [note.content for note in walkthrough.pagerduty.notes(incident)]
    names = walkthrough.names
    if len(notes) != 1:
        return [f"{len(notes)} notes instead of one"]
    named = {"the new image": names.bad_image, "the previous image": names.good_image}
    faults = [f"it does not name {what} ({image})" for what, image in named.items() if image not in notes[0]]
    if "rollout undo" in notes[0] and "--to-revision=1\n" not in notes[0]:
        faults.append("it undoes a rollout without saying to which revision")
    return faults + [
        f"it names the innocent {word}"
        for word in {names.innocent, *names.innocent_images} - {names.good_image}
        if word in notes[0]
    ]
