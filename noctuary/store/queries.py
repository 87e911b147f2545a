"""What is asked of the events that the store keeps, and of how much waits."""

import msgspec

from noctuary.models.context_event import ContextEvent

LONG_AGO = 0.0
"""A service was seen, but nobody knows any more when: all that is left of it has reasons that are ignored."""


class EventQuery(msgspec.Struct, frozen=True):
    """Which events a state window holds: of these tenants, between these times, not expired at `now`.

    Of all services (`services` None), or of those named, of workloads so named, and of objects with all these labels.
    What was posted counts by its service's name only, and of tenant `posts_of` only unless that is None. What has one
    of `without_reasons` is neither returned nor counted. Changes and all else (faults, mostly) have limits of their
    own; within one, what was posted leaves the cluster's own events half, and every subject gets its turn. Windows that
    wait are read in turns of the tenants that they are `asked_by`.
    """

    tenants: list[str]
    services: list[str] | None
    since: float
    until: float
    now: float
    limit: int = 500
    change_limit: int = 200
    workloads: list[str] = []
    match_labels: dict[str, str] = {}
    without_reasons: list[str] = []
    posts_of: str | None = None
    asked_by: str = ""


class Window(msgspec.Struct, frozen=True):
    """The events of a state window, most recently seen first, and how many more there were, posted ones included.

    With `more_changes` or `more_others` there were more than that: only some thousands are counted. `texts_cut` counts
    those events whose texts were shortened, because all in full would be too much.
    """

    events: list[ContextEvent]
    changes_cut: int = 0
    others_cut: int = 0
    posted_changes_cut: int = 0
    posted_others_cut: int = 0
    more_changes: bool = False
    more_others: bool = False
    texts_cut: int = 0


class Depths(msgspec.Struct, frozen=True):
    """How much waits: for the worker, for PagerDuty, for the disk; `oldest_*` in seconds of age."""

    inbox: int
    notes: int
    writes: int
    oldest_inbox_s: float
