"""A file that is not there."""

import re

from noctuary.analyzers.log_words.base import DENIED_PATH, PATH, Crashed, Words, describe_workload
from noctuary.models.diagnosis import Fault

_QUOTED_FILE = re.compile(r"[\"'`]([\w-]{1,60}(?:\.[\w-]{1,20}){1,4})[\"'`]")
_BARE_FILE = re.compile(r"(?i)(?:open|file|jarfile|stat|read) ([\w-]{1,60}(?:\.[\w-]{1,20}){1,4})(?=$|:| )")


class FileNotFound(Crashed):
    """A mount that is missing, a path that a new version has elsewhere, a key of a ConfigMap that was renamed."""

    kind = "file_not_found"
    why = "a file that it needs is not there"
    said = "file not found"
    follows_change_of = ("volume", "command", "args", "env")
    follows_dependency = False
    advice = "compare the path with its mounts, the keys of its ConfigMaps, and what its image holds"
    words = Words(
        signs=(
            "no such file",
            "enoent",
            "filenotfound",
            "nosuchfile",
            "file not found",
            "cannot open",
            "can't open",
            "does not exist",
            "jarfile",
            "not found",
        ),
        patterns=(
            re.compile(
                r"(?i)no such file(?: or directory)?|\bENOENT\b|FileNotFound(?:Exception|Error)|NoSuchFileException"
            ),
            re.compile(
                r"(?i)\b(?:config(?:uration)? )?file [\"'`]?[\w./-]{0,200}[\"'`]? ?(?:was |is )?(?:not found"
                r"|does not exist"
                r"|missing)"
            ),
            re.compile(
                r"(?i)(?:can(?:no|')t|could not|unable to|failed to) (?:open|find|read|load"
                r"|access) (?:the )?(?:config(?:uration)? |jar)?file\b(?!.{0,200}(?:denied|permitted))"
            ),
            re.compile(r"(?i)(?<!\w)/[\w./-]{2,200}[\"'`]? (?:was |is )?(?:not found|does not exist)"),
            re.compile(r"(?i)file not found"),
        ),
        unless=(re.compile(r"(?i)shared librar|cannot open shared object"),),
        names=(DENIED_PATH, PATH, _QUOTED_FILE, _BARE_FILE),
    )

    def look(self, fault: Fault) -> str:
        """Return the command that shows its mounts."""
        return describe_workload(fault)
