"""A peer that does not answer at all."""

import re

from noctuary.analyzers.log_words.base import Crashed, Words
from noctuary.analyzers.log_words.connection_refused import NAMES


class Unreachable(Crashed):
    """What it calls is gone, or a network policy, a firewall or a route is between them."""

    kind = "unreachable"
    why = "what it calls does not answer"
    said = "no answer from what it calls"
    follows_change_of = ("env", "args", "command")
    tells_cause = False
    prior = 0.2
    advice = "what it calls is gone, or a NetworkPolicy, a firewall or a route is between them"
    words = Words(
        signs=(
            "can't reach",
            "timed out",
            "timeout",
            "no route to host",
            "unreachable",
            "etimedout",
            "deadline exceeded",
        ),
        patterns=(
            re.compile(r"Can't reach database server"),
            re.compile(
                r"(?i)no route to host|EHOSTUNREACH|ENETUNREACH|network (?:is )?unreachable|host (?:is )?unreachable"
            ),
            re.compile(r"(?i)connect(?:ion|ing)?(?: attempt)? (?:timed out|timeout)|connect(?:ion)? timeout|ETIMEDOUT"),
            re.compile(
                r"(?i)dial tcp.{0,120}i/o timeout|dial tcp.{0,120}deadline exceeded|ConnectTimeout|timed out connecting"
            ),
            re.compile(
                r"(?i)(?:timeout|timed out) (?:expired )?(?:while )?(?:waiting for|connecting to|trying to connect)"
            ),
            re.compile(
                r"(?i)(?:failed|unable) to connect to .{1,120}(?:timed out|timeout)|server selection timed? ?out"
            ),
        ),
        names=(*NAMES, re.compile(r"(?i)waiting for (?:server |service |host )?([a-z0-9][a-z0-9.-]{1,98})(?=$| |,)")),
    )
