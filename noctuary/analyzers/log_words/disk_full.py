"""A disk without room."""

import re

from noctuary.analyzers.log_words.base import PATH, Crashed, Words


class DiskFull(Crashed):
    """A volume that is full, or a quota of one."""

    kind = "disk_full"
    why = "its disk is full"
    said = "no space left on its disk"
    follows_dependency = False
    prior = 0.3
    advice = "make room on its volume or enlarge its claim"
    words = Words(
        signs=("no space left", "enospc", "disk quota exceeded", "disk full", "disk is full"),
        patterns=(re.compile(r"(?i)no space left on device|\bENOSPC\b|disk quota exceeded|disk (?:is )?full\b"),),
        names=(PATH,),
    )
