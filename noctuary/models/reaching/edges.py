"""Who calls whom, as far as what was read tells."""

from typing import NamedTuple

from noctuary.models.diagnosis import Subject

BY_ADDRESS, BY_ROUTE, BY_SELECTOR = "address", "route", "selector"


class Edge(NamedTuple):
    """One step of a call: from a workload or a route to a Service, or from a Service to a workload.

    `how` is `address`, `route` or `selector`; `port` as the caller names it (0: not told).
    """

    caller: Subject
    called: Subject
    how: str
    port: int | str = 0
