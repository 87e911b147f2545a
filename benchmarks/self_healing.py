"""Children edited and deleted by hand: how long until each is right again, beside a bare write and read."""

import statistics
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from noctuary.models.routing_record import INTEGRATION_LABEL, RECORD_KEY, record_secret_name
from testbed.polling import until
from testbed.stage.kube import GROUP, PLURAL, Kube

CORE = "/api/v1"
NETWORKING = "/apis/networking.k8s.io/v1"
HEALED_S = 60.0
POLL_S = 0.02
FOREIGN = "c3RyYW5nZQ=="
"""Base64 of a text that the operator never writes."""
FOREIGN_HOST = "strange.example.com"

Object = dict[str, Any]
Place = tuple[str, str, str, str]


async def measure_self_healing(kube: Kube, release: str, namespace: str, count: int) -> str:
    """Edit and delete the children of `count` resources one after the other; return the lines of the table."""
    took: dict[str, list[float]] = defaultdict(list)
    for resource in (await kube.list(GROUP, namespace, PLURAL))[:count]:
        took["reference: write and read"].append(await _write_and_read(kube, namespace))
        for what, seconds in await _disturb(kube, release, resource):
            took[what].append(seconds)
    return "\n".join(
        f"  {what:<28} {statistics.median(each):6.3f} s median, {max(each):6.3f} s at most, of {len(each)}"
        for what, each in took.items()
    )


async def _write_and_read(kube: Kube, namespace: str) -> float:
    async def is_there() -> bool:
        return await kube.read_secret(namespace, "bench-own") is not None

    return await _timed(lambda: kube.put_secret(namespace, "bench-own", {"a": "b"}), is_there)


async def _disturb(kube: Kube, release: str, resource: Object) -> list[tuple[str, float]]:
    metadata, integration_id = resource["metadata"], resource["status"]["integrationID"]
    (route,) = await kube.list(NETWORKING, release, "ingresses", f"{INTEGRATION_LABEL}={integration_id}")
    record: Place = (CORE, release, "secrets", record_secret_name(integration_id))
    secret: Place = (CORE, metadata["namespace"], "secrets", f"{metadata['name']}-webhook")
    ingress: Place = (NETWORKING, release, "ingresses", route["metadata"]["name"])
    rules = [{**route["spec"]["rules"][0], "host": FOREIGN_HOST}]
    return [
        ("webhook Secret deleted", await _deleted(kube, secret)),
        ("routing record deleted", await _deleted(kube, record)),
        ("Ingress deleted", await _deleted(kube, ingress)),
        ("token edited", await _edited(kube, secret, {"data": {"token": FOREIGN}}, _value_of("token"))),
        ("routing record edited", await _edited(kube, record, {"data": {RECORD_KEY: FOREIGN}}, _value_of(RECORD_KEY))),
        ("Ingress edited", await _edited(kube, ingress, {"spec": {"rules": rules}}, _host_of)),
    ]


def _value_of(key: str) -> Callable[[Object], str]:
    return lambda found: str(found["data"].get(key, FOREIGN))


def _host_of(found: Object) -> str:
    return str(found["spec"]["rules"][0]["host"])


async def _deleted(kube: Kube, place: Place) -> float:
    before = await kube.get(*place)

    async def is_back() -> bool:
        found = await kube.get(*place)
        return found is not None and before is not None and found["metadata"]["uid"] != before["metadata"]["uid"]

    return await _timed(lambda: kube.delete(*place), is_back)


async def _edited(kube: Kube, place: Place, change: Object, look: Callable[[Object], str]) -> float:
    async def is_right() -> bool:
        found = await kube.get(*place)
        return found is not None and look(found) not in (FOREIGN, FOREIGN_HOST)

    return await _timed(lambda: kube.patch(*place, change), is_right)


async def _timed(act: Callable[[], Awaitable[None]], is_done: Callable[[], Awaitable[bool]]) -> float:
    began = time.monotonic()
    await act()
    await until("the child is right again", is_done, timeout_s=HEALED_S, poll_s=POLL_S)
    return time.monotonic() - began
