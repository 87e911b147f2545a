"""Incidents for which nothing in the cluster is to blame: traffic, vendors, networks, alerts that are too tight."""

from typing import NamedTuple

from testbed.evaluation.families.common import ERRORS, SLOW, Play, alert, louder
from testbed.evaluation.recording.ailments import saying, unready, well
from testbed.evaluation.recording.place import Place
from testbed.evaluation.recording.telling import Shape, ramp, steady, step
from testbed.evaluation.scenario import Scenario, nothing


class Graph(NamedTuple):
    """What a workload's requests look like."""

    errors: Shape = steady(0.1)
    seconds: Shape = steady(0.12)
    rate: Shape = steady(100.0)


def outside(
    role: str, title: str, log: str = "", graph: Graph | None = None, *, release: str = "", ailing: bool = False
) -> Play:
    """Something outside goes wrong.

    `release` is an innocent one: of a neighbour (`side`), or its own before or after the graph moved.
    """

    async def play(place: Place) -> None:
        name = getattr(place, role)
        if release == "own-before":
            await place.at(-3300)
            await place.roll(name, "16.0.0", by="helm")
        await place.at(-700)
        await place.fail(name, saying(log, unready("HTTP probe failed with statuscode: 503") if ailing else well))
        if release == "own-after":
            await place.at(-240)
            await place.roll(name, "16.1.0", by="argocd-controller")
        if release == "side":
            await louder(place, -150)
        if graph is not None:
            place.red(name, errors=graph.errors, seconds=graph.seconds, rate=graph.rate)
        alert(place, role, title)

    return play


TEN = -600.0
VENDOR = "ERROR POST https://api.payments.example/v1/charges: 503 Service Unavailable\n" * 25
TIMEOUT = "ERROR GET https://geo.vendor.example/lookup: context deadline exceeded\n" * 25
SERVFAIL = "WARN lookup api.partner.example: server misbehaving (SERVFAIL)\n" * 20
LIMITED = "WARN smtp.mail.example answered 429 Too Many Requests, retrying\n" * 25
EXPIRED = "ERROR tls: partner.example: certificate has expired\n" * 20
DENIED = "WARN 401 login failed for user from 198.51.100.23\n" * 40
SPIKE = Graph(rate=step(100, 640, TEN), seconds=step(0.12, 2.4, TEN), errors=step(0.1, 4, TEN))
FAILS = Graph(errors=step(0.1, 32, TEN))
SLOWS = Graph(seconds=step(0.12, 6.0, TEN))
MEASURED, BLIND, LOUD = nothing("metrics"), nothing(), nothing("metrics", "louder")
BLIND_LOUD = nothing("louder")
SCENARIOS = [
    Scenario("outside/traffic-spike", MEASURED, outside("front", SLOW, graph=SPIKE)),
    Scenario("outside/traffic-spike-beside-a-loud-release", LOUD, outside("front", SLOW, graph=SPIKE, release="side")),
    Scenario("outside/traffic-spike-before-a-release", LOUD, outside("api", SLOW, graph=SPIKE, release="own-after")),
    Scenario("outside/payment-vendor-down", MEASURED, outside("pay", ERRORS, VENDOR, graph=FAILS)),
    Scenario(
        "outside/payment-vendor-down-long-after-a-release",
        LOUD,
        outside("pay", ERRORS, VENDOR, graph=FAILS, release="own-before"),
    ),
    Scenario(
        "outside/payment-vendor-down-before-a-release",
        LOUD,
        outside("pay", ERRORS, VENDOR, graph=FAILS, release="own-after"),
    ),
    Scenario("outside/geo-vendor-slow", MEASURED, outside("api", SLOW, TIMEOUT, graph=SLOWS)),
    Scenario(
        "outside/geo-vendor-slow-beside-a-loud-release",
        LOUD,
        outside("api", SLOW, TIMEOUT, graph=SLOWS, release="side"),
    ),
    Scenario("outside/geo-vendor-slow-blind", BLIND, outside("api", SLOW, TIMEOUT)),
    Scenario("outside/dns-provider", MEASURED, outside("worker", ERRORS, SERVFAIL, graph=FAILS)),
    Scenario("outside/dns-provider-blind", BLIND, outside("worker", ERRORS, SERVFAIL)),
    Scenario(
        "outside/mail-vendor-limits",
        MEASURED,
        outside("worker", "{name}: queue age above 20 min", LIMITED, graph=Graph(errors=step(0.1, 6, TEN))),
    ),
    Scenario("outside/partner-certificate", MEASURED, outside("pay", ERRORS, EXPIRED, graph=FAILS)),
    Scenario(
        "outside/partner-certificate-beside-a-loud-release",
        LOUD,
        outside("pay", ERRORS, EXPIRED, graph=FAILS, release="side"),
    ),
    Scenario(
        "outside/threshold-too-tight", MEASURED, outside("front", "{name}: p99 latency above 100 ms", graph=Graph())
    ),
    Scenario(
        "outside/threshold-too-tight-long-after-a-release",
        LOUD,
        outside("front", "{name}: p99 latency above 100 ms", graph=Graph(), release="own-before"),
    ),
    Scenario(
        "outside/one-slow-request", MEASURED, outside("api", SLOW, graph=Graph(seconds=step(0.12, 2.8, -90, -30)))
    ),
    Scenario(
        "outside/over-by-itself", MEASURED, outside("front", ERRORS, graph=Graph(errors=step(0.1, 20, -300, -180)))
    ),
    Scenario(
        "outside/probe-of-one-region",
        BLIND,
        outside("front", "Synthetic check of www.example.com fails from eu-west"),
    ),
    Scenario(
        "outside/probe-of-one-region-beside-a-loud-release",
        BLIND_LOUD,
        outside("front", "Synthetic check of www.example.com fails from ap-south", release="side"),
    ),
    Scenario(
        "outside/content-network",
        BLIND,
        outside("front", "www.example.com: origin unreachable says the CDN"),
    ),
    Scenario("outside/no-data", BLIND, outside("api", "No data for http_requests_total of {name}")),
    Scenario(
        "outside/password-guessing",
        MEASURED,
        outside("front", "{name}: 4xx rate above 20 %", DENIED, graph=Graph(rate=step(100, 310, TEN))),
    ),
    Scenario(
        "outside/scraper",
        MEASURED,
        outside("api", SLOW, graph=Graph(rate=ramp(100, 380, -1500), seconds=ramp(0.1, 2.2, -1500))),
    ),
    Scenario("outside/packet-loss", MEASURED, outside("api", SLOW, graph=Graph(seconds=ramp(0.1, 2.9, -1800)))),
    Scenario(
        "outside/packet-loss-before-a-release",
        LOUD,
        outside("api", SLOW, graph=Graph(seconds=ramp(0.1, 2.9, -1800)), release="own-after"),
    ),
    Scenario(
        "outside/cloud-region",
        BLIND,
        outside("pay", ERRORS, "ERROR RequestError: 503 SlowDown from object store\n" * 25, ailing=True),
    ),
    Scenario(
        "outside/large-import",
        MEASURED,
        outside(
            "worker",
            "{name}: queue length above 5000",
            "INFO importing order 40000 of 120000\n" * 5,
            graph=Graph(rate=step(20, 300, TEN)),
        ),
    ),
]
