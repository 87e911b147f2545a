"""A file, a port or an action that it may not use."""

import re

from noctuary.analyzers.log_words.base import ADDRESS, DENIED_PATH, PATH, Crashed, Words, describe_workload
from noctuary.models.diagnosis import Fault


class PermissionDenied(Crashed):
    """Another user or group, a file system that is read-only, a capability or a Role that is missing."""

    kind = "permission_denied"
    why = "it may not use what it needs"
    said = "permission denied"
    follows_change_of = (
        "securityContext",
        "security context",
        "volume",
        "command",
        "serviceAccount",
        "service account",
    )
    follows_dependency = False
    advice = "see the user and group that it runs as, the rights of its volumes, and those of its ServiceAccount"
    words = Words(
        signs=(
            "permission",
            "permitted",
            "eacces",
            "eperm",
            "access denied",
            "accessdenied",
            "access is denied",
            "read-only",
            "erofs",
            "forbidden",
            "not authorized",
        ),
        patterns=(
            re.compile(
                r"(?i)permission denied|\bEACCES\b|\bEPERM\b|operation not permitted|PermissionError|PermissionDenied"
            ),
            re.compile(r"(?i)read-only file ?system|\bEROFS\b|\baccess (?:is )?denied\b|AccessDenied(?:Exception)?\b"),
            re.compile(r"(?i)is forbidden: user|insufficient permissions?|not authorized to perform"),
        ),
        names=(
            DENIED_PATH,
            re.compile(
                r"(?:open|mkdir|mkdirat|unlink|scandir|stat|chdir|create|read|write|access"
                r"|rename)[: ]{1,2}[\"'`]?(\.{0,2}/[\w./@+=-]{1,200})"
            ),
            re.compile(r"bind\(\) to ([\d.]{7,15}:\d{1,5}|\[[\da-f:]{2,40}\]:\d{1,5})"),
            PATH,
            re.compile(
                r"permission denied for (?:table|relation|schema|sequence|database|function) [\"'`]?([\w.]{1,63})"
            ),
            re.compile(r"is forbidden: .{1,200} resource \"([\w./-]{1,63})\""),
            ADDRESS,
        ),
    )

    def look(self, fault: Fault) -> str:
        """Return the command that shows its user, its mounts and its ServiceAccount."""
        return describe_workload(fault)
