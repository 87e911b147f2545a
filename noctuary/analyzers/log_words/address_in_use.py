"""A port that another process has already."""

import re

from noctuary.analyzers.log_words.base import ADDRESS, PORT, Crashed, Words


class AddressInUse(Crashed):
    """Two containers of a pod, two pods on the network of one node, or an old process that has not ended."""

    kind = "address_in_use"
    why = "the port that it listens on is taken"
    said = "address already in use"
    follows_change_of = ("port", "args", "command", "env")
    follows_dependency = False
    advice = "another container of its pod, or a pod on the network of its node, listens on that port already"
    words = Words(
        signs=("in use", "addrinuse", "only one usage of each socket", "being used", "already allocated"),
        patterns=(
            re.compile(
                r"(?i)address (?:is )?(?:already )?in use|EADDRINUSE|\bAddrInUse\b|only one usage of each socket"
            ),
            re.compile(
                r"(?i)\bport(?: number)? ?:?\d{1,5}\)? (?:is |was )?(?:already )?(?:in use|being used|allocated)"
            ),
        ),
        unless=(
            re.compile(
                r"(?i)trying (?:another|port|next)|using (?:port )?\d{1,5} instead|picking (?:a|another)|falling back"
            ),
        ),
        names=(ADDRESS, re.compile(r"(?i)\bport(?: number)?[ :=]{0,2}(?P<port>\d{2,5})\b(?=.{0,20}in use)"), PORT),
    )
