"""`python -m benchmarks.ranking`: CPU time of one diagnosis at 5,000 events, 2,000 pods and 50 services.

Four worlds: a busy but ordinary one, one in flames where every pod fails, one of changes only, and a quiet one.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial

from noctuary.correlation.correlate import candidates_in, correlate
from noctuary.correlation.observations import gather_observations
from noctuary.correlation.probability.model import weigh
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.models.diagnosis import IncidentContext, PodView, Relation, ServiceView
from testbed.correlation_world import ONSET, fault, pod, posted, rollout

SERVICES = 50
PODS = 2_000
EVENTS = 5_000
ROUNDS = 100
NAMES = [f"svc-{number}" for number in range(SERVICES)]


def _services() -> list[ServiceView]:
    kinds = [Relation.OWN] * 25 + [Relation.DEPENDENCY] * 25
    return [ServiceView(name, kind, "team", ["payments"]) for name, kind in zip(NAMES, kinds, strict=True)]


def _pods(*, ready: bool) -> list[PodView]:
    return [pod("new", number // SERVICES, workload=NAMES[number % SERVICES], ready=ready) for number in range(PODS)]


def _rollouts(count: int) -> Iterator[ContextEvent]:
    for number in range(count):
        yield rollout(30 + 3500.0 * number / count, f"t{number}", NAMES[number % SERVICES])


def _faults(count: int, reasons: tuple[str, ...]) -> Iterator[ContextEvent]:
    for number in range(count):
        name, reason = NAMES[number % SERVICES], reasons[number % len(reasons)]
        at = 3000.0 * number / count
        yield fault(at, reason, "new", number // SERVICES, workload=name, last=min(at, 20))


def _flags(count: int) -> Iterator[ContextEvent]:
    for number in range(count):
        at = 20 + 3500.0 * number / count
        yield posted(EventType.FLAG_CHANGE, at, NAMES[number % SERVICES], entity=f"flag-{number}")


REASONS = ("CrashLoopBackOff", "OOMKilled", "Unhealthy", "ImagePullBackOff")
WORLDS: dict[str, Callable[[], tuple[list[ContextEvent], list[PodView]]]] = {
    "ordinary": lambda: ([*_rollouts(100), *_faults(EVENTS - 100, ("Unhealthy",))], _pods(ready=True)),
    "in flames": lambda: ([*_rollouts(500), *_faults(EVENTS - 500, REASONS)], _pods(ready=False)),
    "changes only": lambda: ([*_rollouts(EVENTS // 2), *_flags(EVENTS // 2)], _pods(ready=True)),
    "quiet": lambda: ([], _pods(ready=True)),
}


def measure(rounds: int) -> None:
    """Print for each world the quantiles of a whole diagnosis, and of its ranking alone."""
    for name, make in WORLDS.items():
        events, pods = make()
        context = IncidentContext(_services(), ONSET, 3600.0, events, pods)
        observed = gather_observations(context)
        candidates = candidates_in(observed)
        whole = _times(rounds, partial(correlate, context))
        ranking = _times(rounds, partial(weigh, observed, candidates))
        print(f"{name}: {len(events)} events, {len(pods)} pods, {SERVICES} services")
        print(f"  diagnosis {_told(whole)}; ranking of {len(candidates)} candidates {_told(ranking)}")


def _times(rounds: int, run: Callable[[], object]) -> list[float]:
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        run()
        taken.append((time.process_time() - began) * 1000)
    return sorted(taken)


def _told(taken: list[float]) -> str:
    p99 = taken[min(len(taken) - 1, int(0.99 * len(taken)))]
    return f"p50 {taken[len(taken) // 2]:.1f} ms, p99 {p99:.1f} ms CPU"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=ROUNDS, help="rounds of each world")
    measure(parser.parse_args().count)
