"""What is called fails, and its callers are paged."""

from testbed.evaluation.families.common import (
    API,
    CACHE,
    DB,
    ERRORS,
    FAILED_503,
    PAY,
    SLOW,
    Play,
    alert,
    failing_requests,
    fine_requests,
    louder,
)
from testbed.evaluation.recording.ailments import Ailment, crash, out_of_memory, saying, unready, well
from testbed.evaluation.recording.place import Place
from testbed.evaluation.scenario import Scenario, change, fault

REFUSED = "ERROR upstream connect error: connection refused\n" * 10


def released_below(role: str, caller: str, ailment: Ailment, *, before: float = 420, loud: bool = False) -> Play:
    """A dependency is released and fails; only its caller pages."""

    async def play(place: Place) -> None:
        name, above = getattr(place, role), getattr(place, caller)
        await place.at(-before)
        await place.fail(name, ailment, new=True)
        await place.roll(name, "16.2.0", by="helm")
        await place.at(-before + 60)
        await place.fail(above, saying(REFUSED, unready(FAILED_503)))
        failing_requests(place, above, -before + 30)
        if loud:
            await louder(place, role="front" if caller != "front" else "side")
        alert(place, caller, ERRORS)

    return play


def broken_below(role: str, caller: str, ailment: Ailment, *, loud: bool = False) -> Play:
    """A dependency that nobody touched fails; only its caller pages."""

    async def play(place: Place) -> None:
        await place.at(-240)
        await place.fail(getattr(place, role), ailment)
        await place.at(-190)
        await place.fail(getattr(place, caller), saying(REFUSED, unready(FAILED_503)))
        if loud:
            await louder(place, role=caller if caller == "front" else "side")
        alert(place, caller, ERRORS)

    return play


def slow_below(role: str, caller: str) -> Play:
    """A dependency's release is slow, all are ready: metrics tell who is."""

    async def play(place: Place) -> None:
        name, above = getattr(place, role), getattr(place, caller)
        await place.at(-660)
        await place.roll(name, "4.8.0", by="argocd-controller")
        await place.fail(name, saying("WARN sequential scan on orders took 4180 ms\n" * 20, well))
        failing_requests(place, name, -640, errors=2.0, seconds=4.2)
        failing_requests(place, above, -620, errors=4.0, seconds=4.6)
        fine_requests(place, "side")
        alert(place, caller, SLOW)

    return play


SCENARIOS = [
    Scenario(
        "dependencies/database-upgrade-fails",
        change(DB, "rollout", "crash_loop"),
        released_below("db", "api", crash("FATAL: database files are incompatible with server\n", lives=1)),
    ),
    Scenario(
        "dependencies/database-upgrade-fails-under-a-loud-caller",
        change(DB, "rollout", "crash_loop", slices="louder"),
        released_below("db", "api", crash("FATAL: database files are incompatible with server\n", lives=1), loud=True),
    ),
    Scenario(
        "dependencies/cache-release-runs-out-of-memory",
        change(CACHE, "rollout", "out_of_memory"),
        released_below("cache", "api", out_of_memory(lives=20)),
    ),
    Scenario(
        "dependencies/backend-release-never-ready",
        change(PAY, "rollout", "probe"),
        released_below("pay", "front", unready(FAILED_503)),
    ),
    Scenario(
        "dependencies/cache-out-of-memory",
        fault(CACHE, "out_of_memory"),
        broken_below("cache", "api", out_of_memory(lives=30)),
    ),
    Scenario(
        "dependencies/cache-out-of-memory-beside-a-loud-release",
        fault(CACHE, "out_of_memory", slices="louder"),
        broken_below("cache", "api", out_of_memory(lives=30), loud=True),
    ),
    Scenario(
        "dependencies/database-crashes",
        fault(DB, "crash_loop", slices="logs"),
        broken_below("db", "pay", crash("PANIC: could not locate a valid checkpoint record\n", 134, lives=2)),
    ),
    Scenario(
        "dependencies/backend-crashes-beside-a-loud-front",
        fault(API, "crash_loop", slices="louder"),
        broken_below("api", "front", crash("fatal error: concurrent map writes\n", 2, lives=50), loud=True),
    ),
    Scenario(
        "dependencies/backend-release-is-slow", change(API, "rollout", slices="metrics"), slow_below("api", "front")
    ),
    Scenario(
        "dependencies/payments-release-is-slow", change(PAY, "rollout", slices="metrics"), slow_below("pay", "front")
    ),
]
