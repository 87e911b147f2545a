"""The one fact in a platform's long message that a reader needs first, in two or three words of ours."""

import re

from noctuary.models import details
from noctuary.models.diagnosis import Fault, FaultKind

_PULL = [
    (re.compile(r"(?i)toomanyrequests|429|rate limit"), "rate limit of the registry"),
    (re.compile(r"(?i)unauthorized|denied|forbidden|authentication required"), "access denied"),
    (re.compile(r"(?i)not ?found|manifest unknown"), "not found"),
    (re.compile(r"(?i)no such host|timeout|timed out|connection refused|unreachable"), "registry not reached"),
    (re.compile(r"(?i)invalid reference|couldn't parse"), "not a valid name"),
]
_SCHEDULING = [
    (re.compile(r"(?i)insufficient memory"), "insufficient memory"),
    (re.compile(r"(?i)insufficient cpu"), "insufficient CPU"),
    (re.compile(r"(?i)insufficient"), "insufficient resources"),
    (re.compile(r"(?i)taint"), "untolerated taints"),
    (re.compile(r"(?i)affinity|selector|topology spread"), "no node matches its rules"),
    (re.compile(r"(?i)volume|persistent"), "its volume"),
]
_EVICTION = [
    (re.compile(r"(?i)memory"), "its node ran low on memory"),
    (re.compile(r"(?i)disk|storage|inodes"), "its node ran low on disk"),
    (re.compile(r"(?i)\bpids?\b"), "its node ran low on process ids"),
]
_REFUSAL = [
    (re.compile(r"(?i)violates podsecurity"), "Pod Security forbids them"),
    (
        re.compile(r"(?i)error looking up service account|serviceaccount \S+ not found"),
        "their service account is missing",
    ),
    (re.compile(r"(?i)admission webhook|validatingadmissionpolicy"), "an admission policy denies them"),
    (re.compile(r"(?i)\b(maximum|minimum) \S+ usage per"), "outside the limit range"),
]
_HINTS = {
    FaultKind.IMAGE_PULL: _PULL,
    FaultKind.UNSCHEDULABLE: _SCHEDULING,
    FaultKind.EVICTED: _EVICTION,
    FaultKind.REFUSED: _REFUSAL,
}


def hint(fault: Fault) -> str:
    """Return ` (why)` as the platform's message tells, or an empty text."""
    message = fault.details.get(details.MESSAGE, "")
    return next((f" ({words})" for found, words in _HINTS.get(fault.kind, []) if found.search(message)), "")
