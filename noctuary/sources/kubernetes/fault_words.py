"""The code words and phrases by which the kubelet and the scheduler name a fault, in a pod's status as in Events."""

import re

from noctuary.models import details

CRASH_LOOP = "CrashLoopBackOff"
OUT_OF_MEMORY = "OOMKilled"
IMAGE_REASONS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "ErrImageNeverPull",
        "InvalidImageName",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
"""All say that the image cannot be had; a pod goes back and forth between the first two."""
CONFIGURATION_REASONS = frozenset({"CreateContainerConfigError", "CreateContainerError"})
START_REASONS = frozenset(
    {
        "RunContainerError",
        "StartError",
        "ContainerCannotRun",
        "PreCreateHookError",
        "PreStartHookError",
        "PostStartHookError",
    }
)
SANDBOX_REASONS = frozenset({"CreatePodSandboxError", "ConfigPodSandboxError"})
LOST_REASONS = frozenset({"ContainerStatusUnknown", "Unknown"})
"""The kubelet or the runtime lost sight of a container, as when its node started anew: no exit of the program."""
UNSCHEDULABLE = "FailedScheduling"
ONGOING_REASONS = frozenset(
    {CRASH_LOOP, UNSCHEDULABLE, *IMAGE_REASONS, *CONFIGURATION_REASONS, *START_REASONS, *SANDBOX_REASONS}
)
"""What a pod waits for now; other reasons are of an end that may be long past."""
CRASH_KEY, IMAGE_KEY, CONFIGURATION_KEY, START_KEY = "crash", "image", "configuration", "start"
"""What the dedup keys of a container's faults end in, whether its status or an Event shows them."""
_MISSING_OBJECT = re.compile(r"(?i)\b(configmap|secret) \"([-\w./]{1,253})\" not found")
_MISSING_KEY = re.compile(
    r"(?i)couldn't find key ([-\w.]{1,253}) in (configmap|secret) (?:[-\w.]{1,253}/)?([-\w.]{1,253})"
)
_OWN_LIMIT = re.compile(r"Container ([-a-z0-9]{1,63}) exceeded")
_PRESSURES = (("memory", "memory_pressure"), ("disk", "disk_pressure"), ("ephemeral", "disk_pressure"))


def missing_object(message: str) -> dict[str, str]:
    """Read from the kubelet's words which ConfigMap or Secret, or which key of it, a container lacks."""
    if found := _MISSING_OBJECT.search(message):
        return {details.MISSING_KIND: _kind(found[1]), details.MISSING_NAME: found[2].rpartition("/")[2]}
    if found := _MISSING_KEY.search(message):
        return {
            details.MISSING_KIND: _kind(found[2]),
            details.MISSING_NAME: found[3].rstrip(".,;"),
            details.MISSING_KEY: found[1],
        }
    return {}


def _kind(word: str) -> str:
    return "ConfigMap" if word.lower() == "configmap" else "Secret"


def pressure(message: str) -> str:
    """Return what a node ran out of when it evicted, or an empty text, also for a pod that passed its own limit."""
    lowered = message.lower()
    if "exceed" in lowered and "limit" in lowered:
        return ""
    known = next((word for part, word in _PRESSURES if part in lowered), "")
    return known or ("pid_pressure" if re.search(r"\bpids?\b", lowered) else "")


def constraint(message: str) -> str:
    """Return what a scheduler did not find, or an empty text."""
    lowered = message.lower()
    return next((f"insufficient_{what}" for what in ("memory", "cpu") if f"insufficient {what}" in lowered), "")


def evicted_container(message: str) -> str:
    """Return which container passed its own limit when a pod was evicted, or an empty text."""
    found = _OWN_LIMIT.match(message)
    return found[1] if found else ""
