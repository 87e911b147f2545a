"""Webhook to stored note: an open loop of incidents, PagerDuty answering in 300 ms a call with its rate limit on."""

import asyncio
import secrets
import statistics
import tempfile
import time
from pathlib import Path

import httpx

from testbed.localkube import LocalKube
from testbed.pagerduty import PagerDutySimulator
from testbed.polling import until
from testbed.stage.release import CRDS
from testbed.stage.stage import Stage, start_stage
from testbed.stage.user import FROM

LATENCY_S = 0.3
REQUESTS_PER_MINUTE = 960
PER_SECOND = 2.0
REFERENCE_ROUNDS = 15
FINISH_S = 60.0


async def measure_notes(count: int) -> None:
    """Trigger `count` incidents at two a second and print the quantiles beside two bare calls."""
    with tempfile.TemporaryDirectory(prefix="noctuary-bench-") as directory:
        cluster = await asyncio.to_thread(LocalKube, crds=CRDS)
        with cluster:
            async with (
                PagerDutySimulator(requests_per_minute=REQUESTS_PER_MINUTE) as pagerduty,
                start_stage(cluster, pagerduty, Path(directory)) as stage,
            ):
                await _measure(stage, count)


async def _measure(stage: Stage, count: int) -> None:
    pagerduty, receiver = stage.pagerduty, stage.release.receiver
    service = await stage.declare(f"team-{secrets.token_hex(3)}", "bench")
    pagerduty.latency_s = LATENCY_S
    bare = await _two_bare_calls(pagerduty)
    cpu_before = receiver.cpu_seconds()
    incidents = await _open_loop(pagerduty, service, count)
    await until("all incidents have a note", lambda: _all_noted(pagerduty, incidents), timeout_s=FINISH_S)
    cpu = receiver.cpu_seconds() - cpu_before
    seconds = sorted(pagerduty.timings[incident].seconds_to_first_note or 0.0 for incident in incidents)
    notes = [len(pagerduty.notes(incident)) for incident in incidents]
    print(
        f"notes: {count} incidents, {PER_SECOND:g}/s open loop, PagerDuty {LATENCY_S * 1000:.0f} ms a call, "
        f"{REQUESTS_PER_MINUTE}/min\n"
        f"  first webhook byte -> applied note: p50 {_quantile(seconds, 0.5):.3f} s, "
        f"p99 {_quantile(seconds, 0.99):.3f} s, max {seconds[-1]:.3f} s\n"
        f"  reference, two bare calls one after the other (read alerts, post note): p50 {bare:.3f} s; "
        f"ratio p50 {_quantile(seconds, 0.5) / bare:.2f}, p99 {_quantile(seconds, 0.99) / bare:.2f}\n"
        f"  receiver: {cpu / count * 1000:.1f} ms CPU an incident, {receiver.rss_megabytes():.0f} MB RSS; "
        f"incidents with exactly one note: {notes.count(1)} of {count}"
    )


async def _two_bare_calls(pagerduty: PagerDutySimulator) -> float:
    service = pagerduty.add_service("reference")
    headers = {"Authorization": f"Token token={pagerduty.add_token()}", "From": FROM}
    seconds = []
    async with httpx.AsyncClient(base_url=pagerduty.url, headers=headers, timeout=10) as client:
        for _ in range(REFERENCE_ROUNDS):
            incident = pagerduty.trigger(service, "reference", deliver=False)
            started = time.monotonic()
            await client.get(f"/incidents/{incident.id}/alerts")
            answer = await client.post(f"/incidents/{incident.id}/notes", json={"note": {"content": "reference"}})
            answer.raise_for_status()
            seconds.append(time.monotonic() - started)
    return statistics.median(seconds)


async def _open_loop(pagerduty: PagerDutySimulator, service: str, count: int) -> list[str]:
    incidents: list[str] = []
    started = time.monotonic()
    for number in range(count):
        await asyncio.sleep(max(0.0, started + number / PER_SECOND - time.monotonic()))
        incidents.append(pagerduty.trigger(service, f"Page {number}").id)
    return incidents


async def _all_noted(pagerduty: PagerDutySimulator, incidents: list[str]) -> bool:
    return all(pagerduty.notes(incident) for incident in incidents)


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
