"""What several families do alike."""

from collections.abc import Awaitable, Callable
from typing import Any

from testbed.evaluation.recording.ailments import Ailment, unready, warned, well
from testbed.evaluation.recording.place import Place
from testbed.evaluation.recording.telling import steady, step

Json = dict[str, Any]
FRONT, API, PAY, WORKER, SIDE, CACHE, EXTRA = (
    f"Deployment/{{ns}}/{{{role}}}" for role in ("front", "api", "pay", "worker", "side", "cache", "extra")
)
DB = "StatefulSet/{ns}/{db}"
Play = Callable[[Place], Awaitable[None]]
DOWN = "{name}: availability below 99 %"
ERRORS = "{name}: HTTP 5xx rate 38 % (was 0.1 %)"
SLOW = "{name}: p99 latency above 2 s"
REFUSED = 'Get "http://10.4.3.9:8080/healthz": dial tcp 10.4.3.9:8080: connect: connection refused'
FAILED_503 = "HTTP probe failed with statuscode: 503"


def released(
    role: str,
    tag: str,
    ailment: Ailment | None,
    before: float,
    by: str,
    title: str = DOWN,
    paged: str = "",
    **more: Any,
) -> Play:
    """Return a play in which a workload is rolled out so long before the alert, and its new pods ail."""

    async def play(place: Place) -> None:
        name = getattr(place, role)
        await place.at(-before)
        if ailment is not None:
            await place.fail(name, ailment, new=True)
        await place.roll(name, tag, by=by, **more)
        await quiet(place, -before + 40)
        alert(place, paged or role, title)

    return play


def alert(place: Place, role: str, title: str = DOWN, **labels: str) -> None:
    """Page about a workload."""
    name = getattr(place, role)
    place.page(name, title.format(name=name), **({"deployment": name} | labels))


async def quiet(place: Place, when: float) -> None:
    """Let what was done have its effect, where there is time left before the alert."""
    await place.settle()
    if when < 0:
        await place.at(when)


async def louder(place: Place, when: float = -80.0, role: str = "side") -> None:
    """Roll out an innocent workload just before the alert, with the Warnings that starting pods give."""
    name = getattr(place, role)
    await place.at(when)
    starting = warned(well, "Unhealthy", f"Readiness probe failed: {REFUSED}", ago=when + 3, until=when + 13, count=2)
    await place.fail(name, starting, new=True)
    await place.roll(name, "8.1.0", by="kubectl-set", env={"FEATURE_SET": "spring"})
    await place.settle()


def then(first: Play, *later: Callable[[Place], Awaitable[None]]) -> Play:
    """Return a play in which more happens after the first, which has said what the alert is."""

    async def play(place: Place) -> None:
        await first(place)
        for each in later:
            await each(place)

    return play


def failing_requests(place: Place, name: str, at: float, *, errors: float = 30.0, seconds: float = 0.2) -> None:
    """Have a workload answer with errors since a time, or more slowly."""
    place.red(
        name,
        errors=step(0.1, errors, at),
        seconds=step(0.12, seconds, at) if seconds > 0.2 else steady(0.12),
        rate=steady(110.0),
    )


def fine_requests(place: Place, *roles: str) -> None:
    """Have other workloads answer as always."""
    for role in roles:
        place.red(getattr(place, role), errors=steady(0.1), seconds=steady(0.08), rate=steady(90.0))


def callers_fail(message: str = FAILED_503) -> Ailment:
    """Return what callers of something broken suffer: their readiness fails."""
    return unready(message)
