"""A configuration that a program cannot read."""

import re

from noctuary.analyzers.log_words.base import PATH, Crashed, Words


class BadConfiguration(Crashed):
    """A file with a mistake in it, or a setting that this version does not know."""

    kind = "bad_configuration"
    why = "it cannot read its configuration"
    said = "invalid configuration"
    follows_change_of = ("env", "volume", "args")
    follows_dependency = False
    advice = "see what changed in its ConfigMaps and Secrets"
    words = Words(
        signs=("config", "yaml", "json", "toml", "directive", "unmarshal", "parse", "setting", "validation"),
        patterns=(
            re.compile(
                r"(?i)(?:invalid|bad|malformed|illegal|broken) (?:\w{1,20} )?config(?:uration)?\b"
                r"|config(?:uration)?(?: file)? (?:is invalid|error|has errors|test failed)"
                r"|configuration file .{1,200} contains errors"
            ),
            re.compile(
                r"(?i)(?:error|failed|unable|cannot|could not) (?:to )?(?:loading|load|parsing|parse|reading|read"
                r"|decoding"
                r"|decode|initializing|validate|unmarshal)(?:ing)? .{0,40}(?:config(?:uration)?|settings)\b"
            ),
            re.compile(
                r"(?i)yaml: (?:line \d|unmarshal|mapping|did not find|control)|yaml\.(?:scanner|parser)\."
                r"|error (?:converting|unmarshall?ing) (?:yaml|json)"
            ),
            re.compile(
                r"(?i)unknown directive|directive is not (?:allowed|terminated)|bad directive|fatal config file error"
                r"|unrecognized configuration parameter"
            ),
            re.compile(
                r"(?i)unknown (?:field|key|setting|configuration key) |(?:validation|config) errors? for (?:settings"
                r"|config)|JSONDecodeError|toml.{0,20}(?:parse|decode) error"
            ),
        ),
        names=(PATH, re.compile(r"(?i)(?:directive|parameter|field|key|setting) [\"'`]([\w.-]{1,60})[\"'`]")),
    )
