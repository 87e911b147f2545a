"""Whether the receiver is alive and ready, and the gauges that are read at every scrape."""

import contextlib

from noctuary.common import clock
from noctuary.common.errors import StoreUnavailable
from webhook_receiver.deps import Deps

ROUTING_RESOURCE = "secrets"


def liveness_problems(deps: Deps) -> list[str]:
    """Return what only a restart fixes; that there is an answer at all shows that the loop runs."""
    return [] if deps.store.healthy() else ["The store has failed: see the log"]


async def readiness_problems(deps: Deps) -> list[str]:
    """Return why webhooks would not be accepted now."""
    problems = liveness_problems(deps)
    if not deps.routing_is_fresh:
        problems.append("Routing records are not loaded or too old")
    try:
        await deps.store.probe()  # a real commit: it also notices that a full disk has space again
    except StoreUnavailable as error:
        problems.append(f"The store cannot commit: {error}")
    return problems


async def refresh_gauges(deps: Deps) -> None:
    """Set the gauges to what is true now."""
    metrics = deps.metrics
    for resource, health in {ROUTING_RESOURCE: deps.routing.health, **deps.watches()}.items():
        if not health.is_absent:
            metrics.watch_age_seconds.labels(resource).set(health.age_s())
    metrics.queue_depth.labels("store_writes").set(deps.store.waiting_writes())
    with contextlib.suppress(StoreUnavailable):  # the metrics of a failing store must stay readable
        depths = await deps.store.depths(clock.now())
        metrics.queue_depth.labels("inbox").set(depths.inbox)
        metrics.queue_depth.labels("notes").set(depths.notes)
        metrics.oldest_webhook_seconds.set(depths.oldest_inbox_s)
