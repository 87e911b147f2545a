"""The facts in an Event's message: which probe, quota, claim, secret or metric it is about."""

import re

from noctuary.models import details

_PROBE = re.compile(r"(?i)\b(liveness|readiness|startup) probe")
_QUOTA = re.compile(r"exceeded quota: ([-\w.]{1,253})")
_LIMITED = re.compile(r"limited: ([^,\s]{1,200})")
_USED = re.compile(r"\bused: ([^,\s]{1,200})")
_DEMANDED = re.compile(r"failed quota: ([-\w.]{1,253}): must specify ([-\w./]{1,100})")
_ACCOUNT = re.compile(r"serviceaccounts? \"([-\w.]{1,253})\" not found", re.IGNORECASE)
_EXIT_CODE = re.compile(r"exit code (\d{1,4})")
_KILLED_BY = re.compile(r"failed (liveness|startup) probe")
_CLAIM = re.compile(r"persistentvolumeclaims? \"([-\w./]{1,320})\"", re.IGNORECASE)
_CLASS = re.compile(r"storageclass(?:\.storage\.k8s\.io)? \"([-\w.]{1,253})\"", re.IGNORECASE)
_SIZE = re.compile(r"\b(?:requested|requires|request(?:ed)? size:?) (\d{1,15}(?:\.\d{1,6})?[KMGTP]i?)\b")
_SECRETS = re.compile(r"image pull secrets \(([-\w./, ]{1,400})\)")
_METRIC = re.compile(
    r"(?:failed to get|unable to get|metrics? for resource|pods metric|external metric|object metric"
    r"|container resource) (cpu|memory|[-\w./]{1,100})(?: resource metric| utilization| usage| metric|:| of)"
)
_EXTERNAL = re.compile(r"external metric [^/\s]{1,63}/([^/\s]{1,100})/")
_GENERIC = frozenset({"metrics", "metric", "pods", "object", "external", "container", "resource", "the", "target"})


def exit_code(message: str) -> dict[str, str]:
    """Return the exit code that a message names."""
    return {details.EXIT_CODE: found[1]} if (found := _EXIT_CODE.search(message)) else {}


def probe(message: str) -> str:
    """Return which probe a kubelet's message is about: it begins with that, and may end with another's path."""
    found = _PROBE.search(message)
    return found[1].lower() if found else ""


def killing_probe(message: str) -> str:
    """Return which probe made the kubelet end a container, or an empty text when something else did."""
    return found[1] if (found := _KILLED_BY.search(message)) else ""


def quota(message: str) -> dict[str, str]:
    """Return the quota that a pod would exceed, and what of it."""
    named = _first(_QUOTA, message)
    return {details.QUOTA: named, details.QUOTA_LIMIT: _first(_LIMITED, message)} if named else {}


def refusal(message: str) -> dict[str, str]:
    """Return what of a refused pod's message can be named: a quota, what it demands, a service account."""
    demanded = _DEMANDED.search(message)
    told = {details.QUOTA: demanded[1], details.QUOTA_DEMANDS: demanded[2]} if demanded else quota(message)
    resource, _, used = _first(_USED, message).partition("=")
    if resource == told.get(details.QUOTA_LIMIT, "").partition("=")[0]:
        told[details.QUOTA_USED] = used
    return told | ({details.ACCOUNT: account} if (account := _first(_ACCOUNT, message)) else {})


def claim(kind: str, name: str, message: str) -> dict[str, str]:
    """Return the claim that an Event is about or names, with class and size where it tells them."""
    told = name if kind == "PersistentVolumeClaim" else _first(_CLAIM, message).rpartition("/")[2]
    return {
        details.CLAIM: told,
        details.STORAGE_CLASS: _first(_CLASS, message),
        details.CLAIM_SIZE: _first(_SIZE, message),
    }


def pull_secrets(message: str) -> str:
    """Return the pull secrets that the kubelet did not find."""
    return _first(_SECRETS, message)


def metric(message: str) -> dict[str, str]:
    """Return which metric an autoscaler did not get."""
    found = _first(_EXTERNAL, message) or next(filter(_is_metric, _METRIC.findall(message)), "")
    return {details.METRIC: "CPU" if found == "cpu" else found}


def _is_metric(word: str) -> bool:
    return word not in _GENERIC


def _first(pattern: re.Pattern[str], message: str) -> str:
    found = pattern.search(message)
    return str(found[1]) if found else ""
