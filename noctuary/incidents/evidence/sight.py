"""What can be seen of the cluster when an incident comes, and what of it is not to be looked at."""

from typing import NamedTuple

from noctuary.models.live_view import (
    Limits,
    LiveReader,
    LogReader,
    MetricsReader,
    NodeReader,
    RevisionReader,
    no_limits,
)

IGNORED_REASONS = (
    "PolicyViolation",
    "DNSConfigForming",
    "CheckLimitsForResolvConf",
    "ProbeWarning",
    "FailedToUpdateEndpoint",
    "FailedToUpdateEndpointSlices",
    "CalculateExpectedPodCountFailed",
    "InvalidDiskCapacity",
    "AlreadyMountedVolume",
)
"""Warnings that change nothing for a pod: audits of policies, cut search lists, conflicts that a controller retries.

What can be a cause is not here although it goes on for days in some clusters (FailedToRetrieveImagePullSecret,
FailedGetResourceMetric): whether its rate changed at the onset tells the two apart.
"""


class Sight(NamedTuple):
    """How the cluster is read; `None`: that is not read."""

    live: LiveReader | None = None
    revisions: RevisionReader | None = None
    limits: Limits = no_limits
    ignored_reasons: tuple[str, ...] = ()
    nodes: NodeReader | None = None
    metrics: MetricsReader | None = None
    logs: LogReader | None = None


NO_SIGHT = Sight()
