"""What a Warning tells: under which key and code word it counts, and the facts in its message."""

import re
from functools import lru_cache

import msgspec

from noctuary.common.redaction import without_secrets
from noctuary.models import details
from noctuary.sources.kubernetes.draft import shorten
from noctuary.sources.kubernetes.fault_words import (
    CONFIGURATION_KEY,
    CRASH_KEY,
    CRASH_LOOP,
    IMAGE_KEY,
    START_KEY,
    UNSCHEDULABLE,
    constraint,
    evicted_container,
    missing_object,
    pressure,
)
from noctuary.sources.kubernetes.words import facts
from noctuary.sources.kubernetes.words.messages import both_ends, plain

KEPT_READINGS = 1024
"""A Warning is told again with every count, in the same words: 1 MB of usual ones, at most 20 MB of the longest."""
UNHEALTHY = "Unhealthy"
PULL_SECRET_REASON = "FailedToRetrieveImagePullSecret"  # noqa: S105 - the name of a reason
_ABOUT_IMAGE = re.compile(
    r"(?i)\b(?:pull|pulling|inspect) image|default image tag|\bErrImage|\bImagePull|\bImageInspect|\bInvalidImageName"
    r"|\bRegistryUnavailable|\bSignatureValidation"
)
"""The word alone means nothing: containers and pods are named for images, too."""
_FIELD_PATH = re.compile(r"spec\.(?:initContainers|containers)\{([-a-z0-9]{1,63})\}")
_REPEATS_THE_REASON = re.compile(r"Error: \w+|Back-off restarting failed container.*", re.DOTALL)
_REASON_OF_FAILED = {IMAGE_KEY: "ErrImagePull", CONFIGURATION_KEY: "CreateContainerConfigError"}
_PROBE_BEGINNING = r"(?:Liveness|Readiness|Startup) probe (?:failed|errored|warning)[a-z ]{0,40}: "
_COMMAND_ANSWER = re.compile(_PROBE_BEGINNING + r"(?:rpc error: |command (?:\"[^\"]{0,4000}\" )?timed out)")
_PROBE_ANSWER = re.compile(
    _PROBE_BEGINNING
    + r"(?:Get \"|HTTP probe failed|Probe terminated redirects|dial |read tcp|write tcp|service unhealthy|timeout: "
    r"|error: this server|rpc error: |command (?:\"[^\"]{0,4000}\" )?timed out)"
)
"""What the kubelet itself says of a probe. Anything else is what a command printed: a log, which no note may hold."""
_BODY = re.compile(r",? ?\bResponse body:.*", re.DOTALL)
_TIMED_OUT = re.compile(r"command (?:\"[^\"]{0,4000}\" )?timed out.*", re.DOTALL)
_STORAGE_KINDS = frozenset({"PersistentVolumeClaim", "PersistentVolume"})


class Told(msgspec.Struct, frozen=True):
    """What a Warning tells of its object."""

    key: str
    reason: str
    old_value: str
    facts: dict[str, str]


@lru_cache(maxsize=KEPT_READINGS)
def read_warning(reason: str, message: str, kind: str, name: str, field_path: str) -> Told:
    """Read a Warning about an object of this kind and name."""
    found = _FIELD_PATH.fullmatch(field_path)
    container = found[1] if found else ""
    probe = facts.probe(message) if reason == UNHEALTHY else ""
    told = {
        details.CONTAINER: container or (evicted_container(message) if reason == "Evicted" else ""),
        details.PROBE: probe,
        details.MESSAGE: _message(reason, message),
        **missing_object(message),
        **facts.exit_code(message),
        **_facts_of(reason, message, kind, name),
    }
    return Told(_key(reason, message, container, probe), _reason(reason, message), _old_value(reason, message), told)


def _facts_of(reason: str, message: str, kind: str, name: str) -> dict[str, str]:
    if reason == "FailedCreate":
        return facts.refusal(message)
    if kind == "HorizontalPodAutoscaler":
        return facts.metric(message)
    if kind in _STORAGE_KINDS or reason in ("FailedMount", "FailedAttachVolume", UNSCHEDULABLE):
        return facts.claim(kind, name, message)
    return {}


def _key(reason: str, message: str, container: str, probe: str) -> str:
    if reason == UNSCHEDULABLE:
        return UNSCHEDULABLE
    fault_key = _fault_key(reason, message)
    return "/".join(part for part in ((container, fault_key) if fault_key else (reason, container, probe)) if part)


def _fault_key(reason: str, message: str) -> str:
    """Return the key of the fault that the container's status shows as well, or an empty text."""
    is_image = bool(_ABOUT_IMAGE.search(message))
    if reason == "BackOff":
        return IMAGE_KEY if is_image else CRASH_KEY
    if reason in ("InspectFailed", "ErrImageNeverPull"):
        return IMAGE_KEY
    if reason != "Failed":
        return ""
    if missing_object(message):
        return CONFIGURATION_KEY
    return IMAGE_KEY if is_image else START_KEY


def _reason(reason: str, message: str) -> str:
    """Return the code word that a container's status has for the same fault, else the Event's own."""
    fault_key = _fault_key(reason, message)
    if reason == "BackOff":
        return "ImagePullBackOff" if fault_key == IMAGE_KEY else CRASH_LOOP
    if reason == "Failed":
        return _REASON_OF_FAILED.get(fault_key, reason)
    return reason


def _message(reason: str, message: str) -> str:
    """Return the message, or an empty text when it only repeats the reason: it must not replace one that says more."""
    if _REPEATS_THE_REASON.fullmatch(message):
        return ""
    if reason == UNHEALTHY:
        return _probe_message(message)
    if reason == UNSCHEDULABLE:  # it ends with what was not preempted
        return shorten(without_secrets(message))
    return both_ends(message) if reason == "FailedCreate" else plain(message)


def _probe_message(message: str) -> str:
    """Return what the kubelet says of a probe, without what the probe's command is or printed."""
    if _PROBE_ANSWER.match(message):
        return both_ends(_TIMED_OUT.sub("command timed out", _BODY.sub("", message)))
    return message.partition(":")[0] if facts.probe(message[:40]) else ""


def of_command(told: str) -> str:
    """Return what is told of a probe that is known to run a command: what such a one prints may look like anything."""
    return told if _COMMAND_ANSWER.match(told) else told.partition(":")[0]


def _old_value(reason: str, message: str) -> str:
    match reason:
        case "Unhealthy":
            return facts.probe(message)
        case "FailedScheduling":
            return constraint(message)
        case "Evicted":
            return pressure(message)
        case _:
            return ""
