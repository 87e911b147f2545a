"""Floods of well-formed requests: bodies that are dear to read, many, or long."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence

from testbed.attack.floods.target import Target, incident_body
from testbed.attack.floods.wire import send_all

DUPLICATE_KEY_BYTES = 2 * 528 * 1024
EVENT_BYTES = 32 * 1024
EVENTS = 36_000
EVENTS_A_REQUEST = 30
"""30 of 32 KB stay below the 1 MiB that one body may have."""
SERVICES = 300_000
SERVICES_A_REQUEST = 1000
SENDERS = 1_000
FORGED = 2_000
FORGED_BYTES = 223 * 1024
FORGED_OF_MANY, VENDORS = 20_000, 90_000
"""Nearly as many vendors as a tenant's posts may have events."""
HELD = 20_000

_FIELDS = '"service_name":"%s","vendor":"flood","entity":"%s","event_type":"deploy","confidence":0.9,"ttl_seconds":3600'


async def duplicate_keys(target: Target) -> Counter[str]:
    """Bodies whose keys are all different, all alike, or spelt with an escape: a quadratic search takes minutes."""
    forms = [['"k{n}":0', '"k{n}\\u0065":0'], ['"v\\u0065ndor":"x"'], ['"vendor":"x"'], ['"k{n}":{"a":0,"a":0}']]
    requests = [target.events_head(len(body)) + body for body in map(_object_of, forms)]
    return await send_all(target, itertools.cycle(requests), connections=2)


def _object_of(forms: Sequence[str]) -> bytes:
    """Fill one JSON object with keys of these forms up to the size."""
    parts, size, number = [_FIELDS % ("cart", "cart")], 0, 0
    while size < DUPLICATE_KEY_BYTES:
        part = forms[number % len(forms)].replace("{n}", str(number))
        parts.append(part)
        size += len(part) + 1
        number += 1
    return ("{" + ",".join(parts) + "}").encode()


async def big_events(target: Target) -> Counter[str]:
    """36,000 different events of 32 KB each, in batches."""
    return await send_all(target, _event_batches(target), connections=8)


def _event_batches(target: Target) -> Iterator[bytes]:
    value = "y" * 8000
    for first in range(0, EVENTS, EVENTS_A_REQUEST):
        items = [
            "{" + _FIELDS % ("flood", f"entity-{n}") + f',"old_value":"{value}","new_value":"{value}","actor":"{value}"'
            f',"sha":"{value}"}}'
            for n in range(first, first + EVENTS_A_REQUEST)
        ]
        body = ("[" + ",".join(items) + "]").encode()
        yield target.events_head(len(body)) + body


async def many_senders(target: Target) -> Counter[str]:
    """One event after the other on each of 1,000 kept connections, as fast as they are answered."""
    body = ("{" + _FIELDS % ("flood", "flood") + "}").encode()
    return await send_all(target, itertools.repeat(target.events_head(len(body)) + body), connections=SENDERS)


async def service_names(target: Target) -> Counter[str]:
    """300,000 different names of services."""
    return await send_all(target, _service_batches(target), connections=8)


def _service_batches(target: Target) -> Iterator[bytes]:
    for first in range(0, SERVICES, SERVICES_A_REQUEST):
        names = range(first, first + SERVICES_A_REQUEST)
        body = ("[" + ",".join("{" + _FIELDS % (f"s-{n}", f"s-{n}") + "}" for n in names) + "]").encode()
        yield target.events_head(len(body)) + body


async def forged_webhooks(target: Target) -> Counter[str]:
    """2,000 webhooks of 223 KB about incidents that do not exist."""
    return await send_all(target, _forged(target, FORGED, FORGED_BYTES), connections=8)


async def forged_of_many(target: Target) -> Counter[str]:
    """Posts of ever new vendors about one service, and then 20,000 webhooks that each have all of them looked at."""
    posted = await send_all(target, _vendor_batches(target), connections=1)
    return posted + await send_all(target, _forged(target, FORGED_OF_MANY, 0), connections=8)


def _vendor_batches(target: Target) -> Iterator[bytes]:
    item = "{" + _FIELDS.replace('"flood"', '"vendor-%s"') + "}"
    for first in range(0, VENDORS, SERVICES_A_REQUEST):
        vendors = range(first, first + SERVICES_A_REQUEST)
        body = ("[" + ",".join(item % ("flood", n, n) for n in vendors) + "]").encode()
        yield target.events_head(len(body)) + body


async def held_webhooks(target: Target) -> Counter[str]:
    """20,000 webhooks of an integration that is suspended."""
    return await send_all(target, _forged(target, HELD, 0), connections=16)


def _forged(target: Target, count: int, filler: int) -> Iterator[bytes]:
    for number in range(count):
        yield target.webhook(incident_body(target.service_id, number, filler=filler), f"forged-{number}")
