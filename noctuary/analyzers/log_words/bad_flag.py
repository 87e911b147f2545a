"""A command line that a program does not understand."""

import re

from noctuary.analyzers.log_words.base import Crashed, Words, describe_workload
from noctuary.models.diagnosis import Fault

_FLAG = r"[\"'`]?(--?[A-Za-z0-9][\w.-]{0,60})"


class BadFlag(Crashed):
    """An option that this version does not know, or one that it lacks."""

    kind = "bad_flag"
    why = "its version does not take its command line"
    said = "wrong flag or argument"
    follows_change_of = ("command", "args", "image")
    follows_dependency = False
    prior = 0.3
    advice = "compare its command and args with what this version takes"
    words = Words(
        signs=("flag", "option", "argument", "shorthand", "usage:", "unknown command", "unrecognized", "vm option"),
        patterns=(
            re.compile(
                r"(?i)unknown (?:long |short |shorthand )?(?:flag|option|argument|command(?: line)?(?: option)?)\b"
                r"|flag provided but not defined"
            ),
            re.compile(
                r"(?i)unrecogni[sz]ed (?:command[- ]line )?(?:argument|option|flag|parameter|vm option)s?"
                r"|unexpected argument"
            ),
            re.compile(
                r"(?i)no such option|\bbad option\b|(?:illegal|invalid|unsupported) option\b|unknown or invalid option"
            ),
            re.compile(
                r"(?i)required (?:flag|option|argument)s?(?:\(s\))? .{1,100} (?:not set|not provided|missing)"
                r"|missing (?:required )?(?:flag|option|argument)s?\b"
            ),
            re.compile(
                r"(?i)the following (?:required )?arguments (?:are|were) (?:required|not provided)"
                r"|flag needs an argument"
            ),
            re.compile(
                r"(?i)invalid (?:argument|value) .{1,120} for (?:flag )?[\"'`]?-|argument .{1,60}: invalid .{1,60}value"
            ),
            re.compile(
                r"(?i)option .{1,60} (?:requires|needs) an? (?:argument|value)"
                r"|found argument .{1,80} which wasn't expected"
            ),
        ),
        unless=(re.compile(r"TypeError|positional argument|keyword argument|ArgumentError|IllegalArgument"),),
        names=(
            re.compile(
                rf"(?i)(?:flag|option|options|argument|arguments|defined|expected|required|for)s?(?:\(s\))?:? {_FLAG}"
            ),
            re.compile(r"unknown shorthand flag: [\"'`]\w[\"'`] in (-\w{1,60})"),
            re.compile(r"required flag\(s\) \"([\w-]{1,60})\""),
            re.compile(r"(?i)unknown command [\"'`]([\w-]{1,60})[\"'`]"),
            re.compile(r"(?i)vm option [\"'`]?([\w:+-]{1,60})"),
            re.compile(r"(?<![\w-])(--[A-Za-z0-9][\w.-]{0,60})"),
            re.compile(r"(?<![\w-])(-[A-Za-z][\w:.-]{0,40})(?=$| |=|'|\")"),
        ),
    )

    def look(self, fault: Fault) -> str:
        """Return the command that shows its command and args."""
        return describe_workload(fault)
