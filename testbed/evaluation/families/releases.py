"""Canaries, several releases in flight, and a busy hour of forty changes: one of them is to blame."""

from collections.abc import Callable, Iterable
from typing import Any

from testbed.evaluation.families.common import (
    API,
    ERRORS,
    FRONT,
    PAY,
    SLOW,
    Play,
    alert,
    failing_requests,
    fine_requests,
)
from testbed.evaluation.recording import shop
from testbed.evaluation.recording.ailments import Ailment, crash, out_of_memory, saying, unready, well
from testbed.evaluation.recording.place import Place
from testbed.evaluation.scenario import Scenario, change

NIL = "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV]\n"
REJECTED = 'ERROR handler failed: column "discount" does not exist\n' * 25
CRASH = ("rollout", "crash_loop")


def several(
    roles: Iterable[str], guilty: str, ailment: Ailment, paged: str, *, measured: bool = True, gap: float = 70
) -> Play:
    """Several releases run within minutes; one of them fails, in its pods or only in its answers."""

    async def play(place: Place) -> None:
        order = list(roles)
        for index, role in enumerate(order):
            await place.at(-gap * (len(order) - index) - 60)
            name = getattr(place, role)
            if role == guilty:
                await place.fail(name, ailment, new=True)
                failing_requests(place, name, place.script.now + 12, errors=25.0)
            await place.roll(name, f"10.{index}.0", by=("helm", "argocd-controller", "kubectl-set")[index % 3])
        if measured:
            fine_requests(place, *(role for role in order if role != guilty))
        else:
            place.metrics.clear()
        alert(place, paged, ERRORS)

    return play


def canary(ailment: Ailment, title: str = ERRORS, *, measured: bool, before: float = 300, weight: int = 1) -> Play:
    """A second Deployment with the new version is put behind the Service of the first one."""

    async def play(place: Place) -> None:
        await place.at(-before)
        made = shop.workload("Deployment", f"{place.api}-canary", "11.0.0-canary.1", 8081, {"TRACK": "canary"}, weight)
        labels = {"app": place.api, "app.kubernetes.io/name": f"{place.api}-canary", "track": "canary"}
        made["metadata"]["labels"] = labels
        made["spec"]["selector"] = {"matchLabels": {"app": place.api, "track": "canary"}}
        made["spec"]["template"]["metadata"]["labels"] = labels
        made["spec"]["template"]["spec"]["containers"][0]["image"] = f"{shop.REGISTRY}/{place.api}:11.0.0-canary.1"
        await place.fail(f"{place.api}-canary", ailment)
        await place.write(made, "argocd-controller")
        if measured:
            failing_requests(place, f"{place.api}-canary", -before + 15, errors=20.0)
            fine_requests(place, "api")
        alert(place, "api", title)

    return play


def canary_of_old(ailment: Ailment, *, before: float) -> Play:
    """A canary takes the place of the stable version step by step: the one goes up as the other comes down."""

    async def play(place: Place) -> None:
        await canary(ailment, measured=True, before=before, weight=2)(place)
        await place.at(-before + 120)
        await place.scale(place.api, 1, by="argocd-controller")

    return play


def forty(role: str, ailment: Ailment, title: str) -> Play:
    """About forty changes within the hour; thirty seconds after one of them the graph moves."""

    async def play(place: Place) -> None:
        others = [each for each in ("front", "api", "pay", "worker", "side", "extra") if each != role]
        for turn in range(9):
            at = -3300.0 + turn * 300
            await place.at(at)
            name = getattr(place, others[turn % len(others)])
            await place.roll(name, f"12.{turn}.0", by=("helm", "argocd-controller")[turn % 2])
            setting = getattr(place, ("front", "api", "pay")[turn % 3])
            text = f"timeout: 2s\nretries: {turn}\n"
            await place.edit("ConfigMap", f"{setting}-settings", _set(text), "argocd-controller")
            for index in range(2):
                entity = f"{place.names.ns}-tool-{turn}-{index}"
                place.post(entity, at + 40 * index, "deploy", "github-actions", entity, new_value=f"1.{turn}.{index}")
        await place.at(-240)
        guilty = getattr(place, role)
        await place.fail(guilty, ailment, new=True)
        await place.roll(guilty, "13.0.0", by="helm")
        failing_requests(place, guilty, -210, errors=35.0)
        fine_requests(place, *others[:3])
        alert(place, role, title)

    return play


def _set(text: str) -> Callable[[dict[str, Any]], None]:
    return lambda made: made["data"].update({"settings.yaml": text})


CANARY = f"{API}-canary"
BOTH = (API,)
ALL = ("front", "api", "pay", "worker", "side")
SCENARIOS = [
    Scenario(
        "releases/three-the-first-crashes",
        change(API, *CRASH, slices="several"),
        several(("api", "pay", "side"), "api", crash(NIL, 2, lives=20), "api", measured=False),
    ),
    Scenario(
        "releases/three-the-middle-answers-with-errors",
        change(PAY, "rollout", slices="several metrics"),
        several(("api", "pay", "front"), "pay", saying(REJECTED, well), "front"),
    ),
    Scenario(
        "releases/five-the-second-answers-with-errors",
        change(API, "rollout", slices="several metrics"),
        several(ALL, "api", saying(REJECTED, well), "front"),
    ),
    Scenario(
        "releases/five-the-last-is-innocent",
        change(PAY, "rollout", slices="several metrics louder"),
        several(("worker", "pay", "api", "extra", "side"), "pay", saying(REJECTED, well), "pay"),
    ),
    Scenario(
        "releases/two-one-runs-out-of-memory",
        change(FRONT, "rollout", "out_of_memory", slices="several"),
        several(("front", "api"), "front", out_of_memory(lives=30), "front", measured=False, gap=150),
    ),
    Scenario(
        "releases/four-one-is-never-ready",
        change(PAY, "rollout", "probe", slices="several"),
        several(
            ("side", "pay", "front", "extra"),
            "pay",
            unready("HTTP probe failed with statuscode: 500"),
            "front",
            measured=False,
        ),
    ),
    Scenario(
        "releases/four-one-is-slow",
        change(API, "rollout", slices="several metrics"),
        several(
            ("extra", "side", "api", "worker"), "api", saying("WARN query took 3900 ms\n" * 20, well), "api", gap=110
        ),
    ),
    Scenario(
        "releases/canary-crashes",
        change(CANARY, *CRASH, slices="canary", also=BOTH),
        canary(crash(NIL, 2, lives=8), measured=False),
    ),
    Scenario(
        "releases/canary-answers-with-errors",
        change(CANARY, "rollout", slices="canary metrics", also=BOTH),
        canary(saying(REJECTED, well), measured=True),
    ),
    Scenario(
        "releases/canary-runs-out-of-memory",
        change(CANARY, "rollout", "out_of_memory", slices="canary", also=BOTH),
        canary(out_of_memory(lives=40), measured=False, before=900),
    ),
    Scenario(
        "releases/canary-is-never-ready",
        change(CANARY, "rollout", "probe", slices="canary", also=BOTH),
        canary(unready("HTTP probe failed with statuscode: 500"), measured=False, before=500),
    ),
    Scenario(
        "releases/canary-of-an-hour",
        change(CANARY, "rollout", slices="canary metrics", also=BOTH),
        canary(saying(REJECTED, well), SLOW, measured=True, before=2700),
    ),
    Scenario(
        "releases/canary-takes-over-and-fails",
        change(CANARY, "rollout", slices="canary metrics", also=BOTH),
        canary_of_old(saying(REJECTED, well), before=600),
    ),
    Scenario(
        "releases/canary-takes-over-and-crashes",
        change(CANARY, *CRASH, slices="canary metrics", also=BOTH),
        canary_of_old(crash(NIL, 2, lives=45), before=420),
    ),
    Scenario(
        "releases/forty-the-backend-crashes",
        change(API, *CRASH, slices="forty several metrics"),
        forty("api", crash(NIL, 2, lives=9), ERRORS),
    ),
    Scenario(
        "releases/forty-the-backend-errs",
        change(API, "rollout", slices="forty several metrics"),
        forty("api", saying(REJECTED, well), ERRORS),
    ),
    Scenario(
        "releases/forty-payments-err",
        change(PAY, "rollout", slices="forty several metrics"),
        forty("pay", saying(REJECTED, well), ERRORS),
    ),
    Scenario(
        "releases/forty-the-front-is-never-ready",
        change(FRONT, "rollout", "probe", slices="forty several metrics"),
        forty("front", unready("HTTP probe failed with statuscode: 502"), ERRORS),
    ),
    Scenario(
        "releases/forty-payments-run-out-of-memory",
        change(PAY, "rollout", "out_of_memory", slices="forty several metrics"),
        forty("pay", out_of_memory(lives=30), SLOW),
    ),
]
