"""Messages that a tenant wrote to be searched for long: what they hold counts, and not how often."""

import pytest

from noctuary.analyzers.base import Analyzer
from noctuary.analyzers.cluster.sandbox import Sandbox
from noctuary.analyzers.cluster.storage import Storage
from noctuary.analyzers.image_pull import ImagePull
from noctuary.analyzers.refused import EXPIRED, FAILING, SILENT, UNTRUSTED, Refused
from noctuary.analyzers.unschedulable import Unschedulable
from testbed.fault_cases import Case, fault_of

LENGTH = 8192
"""Characters; the source keeps 300 of any message (`draft.py`)."""
CALL = "failed calling webhook "
LATER = "current time 2026-09-22T13:56:41Z is before 2026-09-23T00:00:00Z"


def hint(analyzer: Analyzer, message: str) -> str:
    return analyzer.hint(fault_of(Case({"message": message}, "", "", ""), analyzer.kind)).strip(" ()")


def full_of(part: str) -> str:
    return (part * LENGTH)[:LENGTH]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (full_of(CALL), FAILING),
        (full_of(CALL) + " x509", UNTRUSTED),
        (full_of(CALL) + " no route", SILENT),
        (full_of(CALL + "certificate has expired "), EXPIRED),
        (full_of(CALL + "certificate has expired ") + LATER, UNTRUSTED),
        (full_of(CALL + "service a "), FAILING),
        ("failed to call " + full_of("a/webhook/"), FAILING),
        ("failed to call " + full_of("a"), ""),
        ("x509 " + CALL, FAILING),
        (full_of("failure calling "), ""),
    ],
    ids=lambda text: text[-30:],
)
def test_the_first_call_of_a_webhook_and_what_is_said_behind_it_count(message: str, told: str) -> None:
    assert hint(Refused(), message) == told


@pytest.mark.parametrize(
    ("analyzer", "message", "told"),
    [
        (Sandbox(), full_of("range "), ""),
        (Sandbox(), full_of("range ") + "range set is full", "no IP address is left"),
        (Storage(), full_of('storageclass"'), ""),
        (Storage(), full_of("storageclass"), ""),
        (ImagePull(), full_of("certificate has expired "), "the registry's certificate has expired"),
        (ImagePull(), full_of("certificate has expired ") + LATER, "the registry's certificate is not trusted"),
        (Unschedulable(), full_of("\n"), ""),
        (Unschedulable(), full_of("1 Insufficient cpu, "), "insufficient CPU"),
    ],
    ids=lambda each: each.kind if isinstance(each, Analyzer) else each[-20:].strip(),
)
def test_what_is_said_a_thousand_times_is_told_once(analyzer: Analyzer, message: str, told: str) -> None:
    assert hint(analyzer, message) == told
