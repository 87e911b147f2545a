"""A setting that a program needs and does not get."""

import re

from noctuary.analyzers.log_words.base import Crashed, Words, describe_workload
from noctuary.models.diagnosis import Fault

_NAME = r"[\"'`]?\$?\{?([A-Z][A-Z0-9]{0,30}(?:_[A-Z0-9]{1,30}){0,6})\b"


class MissingVariable(Crashed):
    """An environment variable that was left out, renamed, or is new in this version."""

    kind = "missing_variable"
    why = "it lacks a variable that it needs"
    said = "variable not set"
    follows_change_of = ("env",)
    follows_dependency = False
    prior = 0.3
    advice = "compare its variables with what this version needs"
    words = Words(
        signs=(
            "must not be empty",
            "environment",
            "env",
            "not set",
            "keyerror",
            "is required",
            "must be set",
            "undefined variable",
            "unbound variable",
            "parameter not set",
            "placeholder",
        ),
        patterns=(
            re.compile(rf"{_NAME} setting must not be empty"),
            re.compile(
                rf"(?i:env(?:ironment)?(?: variable|\.? ?var)?s?)\b[^,;]{{0,40}}{_NAME}[^,;]{{0,20}}(?i:not set|missing"
                rf"|required|undefined|empty|not found|must be)"
            ),
            re.compile(
                rf"{_NAME}[\"'`}}]?(?i:(?: environment variable| env var| variable)?(?: is| was| must be| not"
                rf"| are)?(?: not)? ?(?:set|required|defined|missing|provided|unset|found)\b)"
            ),
            re.compile(
                rf"(?i:missing|required|undefined|unset|expected)(?i: required"
                rf"| mandatory)?(?i: env(?:ironment)?(?: variable"
                rf"|\.? ?var)?s?| config(?:uration)?| setting)?s?:? {_NAME}(?=$|[\s\"'`,.)}}])"
            ),
            re.compile(
                rf"KeyError: '{_NAME}'|{_NAME}: (?:unbound variable|parameter not set|parameter null or not set)"
            ),
            re.compile(rf"(?i:could not resolve placeholder) '[\w.-]{{1,80}}'|key not found: \"{_NAME}\""),
        ),
        names=(
            re.compile(r"placeholder '([\w.-]{1,80})'"),
            re.compile(r"[\"'`$({ ]([A-Z][A-Z0-9]{0,30}(?:_[A-Z0-9]{1,30}){1,6})\b"),
            re.compile(r"^([A-Z][A-Z0-9]{0,30}(?:_[A-Z0-9]{1,30}){1,6})\b"),
        ),
    )

    def look(self, fault: Fault) -> str:
        """Return the command that shows its variables."""
        return describe_workload(fault)
