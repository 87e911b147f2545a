"""A port that nobody listens on."""

import re

from noctuary.analyzers.log_words.base import ADDRESS, PORT, Crashed, Words

PEER = re.compile(
    r"(?i)(?:server at|host|connect(?:ion)? to|connecting to|dial tcp|server on|broker|upstream|node) "
    r"[\"'`]?([A-Za-z0-9_][A-Za-z0-9_.-]{1,98})[\"'`]?(?: \(|,|:? |$)"
)
"""Who was called, where no port stands behind the name."""
SERVER_AT = re.compile(r"server at [\"`]([\w.-]{1,98})[\"`]")
NAMES = (
    SERVER_AT,
    re.compile(r"for [\"']([\w.-]{1,98})[\"'] port \d"),
    re.compile(r"host: ?[\"'`]?([\w.-]{1,98})[\"'`]?, ?port"),
    ADDRESS,
    PEER,
    PORT,
)


class ConnectionRefused(Crashed):
    """What it calls is down, or listens elsewhere: mostly a symptom of that."""

    kind = "connection_refused"
    why = "what it calls does not take connections"
    said = "connection refused"
    follows_change_of = ("env", "args", "command")
    tells_cause = False
    prior = 0.2
    advice = "what it calls is down, or listens on another port"
    words = Words(
        signs=("refused", "could not connect", "can't connect", "communications link failure"),
        patterns=(
            re.compile(
                r"(?i)connection (?:was )?refused|ECONNREFUSED|ConnectionRefused|actively refused|connect refused"
            ),
            re.compile(r"Communications link failure|(?i:can't connect to (?:local )?(?:mysql |\w{1,20} )?server)"),
            re.compile(r"(?i)could not connect to (?:server|redis|\w{1,30} at)\b"),
        ),
        unless=(re.compile(r"(?i)timed out|no route to host|unreachable"),),
        names=NAMES,
    )
