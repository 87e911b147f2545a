"""What a series measures, told by its name and labels: errors, latency, saturation, restarts, traffic, readiness."""

import re
from itertools import pairwise

from noctuary.models.signals import SignalKind
from noctuary.sources.metrics.answers import Series

ERROR_STATUS = re.compile(r"5\d\d|5xx|error|fail(ed|ure)?|false", re.IGNORECASE)
"""What a label says of a request that failed for the server's reason."""
STATUS_LABELS = ("code", "status", "status_code", "http_status", "http_status_code", "response_code", "grpc_status")
_GRPC_WELL = frozenset({"0", "ok"})
_WORDS: tuple[tuple[SignalKind, re.Pattern[str]], ...] = (
    (SignalKind.RESTARTS, re.compile(r"restart", re.IGNORECASE)),
    (SignalKind.ERRORS, re.compile(r"error|fail|5xx|exception|panic|reject|dropped|timeouts?(_|$)", re.IGNORECASE)),
    (
        SignalKind.LATENCY,
        re.compile(r"latency|duration|response_time|quantile|(^|_)p(50|90|95|99)|elapsed|(?<!f)lag", re.IGNORECASE),
    ),
    (SignalKind.READINESS, re.compile(r"(^|_)up$|ready|available|healthy|probe_success|endpoint", re.IGNORECASE)),
    (
        SignalKind.SATURATION,
        re.compile(
            r"cpu|memory|mem_|heap|rss|working_set|throttl|utili[sz]ation|saturation|disk|filesystem|volume|inode"
            r"|queue|backlog|pending|pool|connections|in_?use|threads|goroutines|open_fds|load[0-9]*$|iowait",
            re.IGNORECASE,
        ),
    ),
    (SignalKind.TRAFFIC, re.compile(r"request|traffic|rps|qps|throughput|hits|messages|bytes", re.IGNORECASE)),
)
"""The first that the name holds decides: `http_request_errors` is of errors, not of traffic."""
_COUNTER = re.compile(r"(_total|_count|_sum)$|^[a-z_]*restarts[a-z_]*$", re.IGNORECASE)
_RATED = re.compile(r"rate|increase|irate|ratio|percent", re.IGNORECASE)
MAX_NAME_CHARS = 400


def kind_of(series: Series) -> SignalKind | None:
    """Return what a series measures; None where its name says nothing known."""
    name = f"{series.labels.get('__name__', '')} {series.query}"[:MAX_NAME_CHARS].strip()
    if _counts_failures(series):
        return SignalKind.ERRORS
    return next((kind for kind, words in _WORDS if words.search(name)), None)


def is_counter(series: Series) -> bool:
    """Tell whether a series only ever grows between restarts of its process, so that its rate is what counts."""
    name = series.labels.get("__name__", "") or series.query
    if _RATED.search(series.query) or not _COUNTER.search(name[:MAX_NAME_CHARS]):
        return False
    values = [value for _, value in series.points]
    falls = sum(later < earlier for earlier, later in pairwise(values))
    return falls * 10 <= len(values)


def _counts_failures(series: Series) -> bool:
    for label in STATUS_LABELS:
        told = series.labels.get(label, "")
        if label == "grpc_status" and told:
            return told.lower() not in _GRPC_WELL
        if told and ERROR_STATUS.fullmatch(told):
            return True
    return False
