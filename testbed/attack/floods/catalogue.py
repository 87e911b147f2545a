"""The floods by name: how big each is, and what makes it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Flood:
    """One flood; `before` names what is done to the attacker's own integration first."""

    name: str
    size: str
    seconds: float = 20.0
    before: str = ""
    own_sender: bool = True
    is_internal: bool = False
    """Whether it is sent to the internal port, by somebody in the cluster."""


FLOODS = [
    Flood("duplicate-keys", "bodies of 1,056 KB on 2 connections"),
    Flood("slow-bodies", "140 connections, 0.9 MB each held, one token"),
    Flood("endless-headers", "200 MB of header lines, 4 connections"),
    Flood("half-heads", "2,000 heads that never end"),
    Flood("idle-connections", "6,000 connections that send nothing"),
    Flood("big-events", "36,000 events of 32 KB", 60.0),
    Flood("many-senders", "1,000 connections that post event after event"),
    Flood("scrapes", "40 connections that ask for metrics again and again", is_internal=True),
    Flood("service-names", "300,000 names of services", 45.0),
    Flood("forged-webhooks", "2,000 webhooks of 223 KB", 40.0),
    Flood("forged-of-many", "20,000 webhooks of a service with 90,000 vendors", 45.0),
    Flood("held-webhooks", "20,000 webhooks of a suspended integration", 40.0, before="suspend"),
    Flood("stuck-notes", "1,000 notes that PagerDuty never answers", 30.0, before="hang-notes", own_sender=False),
    Flood("token-not-ascii", "50 incidents of an integration with such a token", 15.0, "token", own_sender=False),
]
