"""A part of the program itself that its image does not hold."""

import re

from noctuary.analyzers.log_words.base import Crashed, Words


class MissingModule(Crashed):
    """A library, a module, a class or a command: the image was built without it."""

    kind = "missing_module"
    why = "its image lacks a part of the program"
    said = "module not found"
    follows_change_of = ("image", "command", "args")
    follows_dependency = False
    prior = 0.3
    advice = "its image was built without it, go back to an image that holds it, or build it anew"
    words = Words(
        signs=(
            "module",
            "classnotfound",
            "noclassdef",
            "main class",
            "cannot load such file",
            "shared librar",
            "shared object",
            "command not found",
            "importerror",
            "symbol",
            ": not found",
            "main manifest",
        ),
        patterns=(
            re.compile(r"ModuleNotFoundError|No module named|Cannot find (?:module|package)|ERR_MODULE_NOT_FOUND"),
            re.compile(
                r"ClassNotFoundException|NoClassDefFoundError|(?i:could not find or load main class)|no main manifest"
            ),
            re.compile(r"cannot load such file|error while loading shared libraries|cannot open shared object file"),
            re.compile(
                r"(?:^|: )[\w./-]{1,100}: (?:command )?not found$|ImportError: cannot import|undefined symbol"
                r"|symbol lookup error"
            ),
        ),
        names=(
            re.compile(r"No module named [\"'`]?([\w.]{1,80})"),
            re.compile(r"Cannot find (?:module|package) [\"'`]([@\w./-]{1,80})[\"'`]"),
            re.compile(r"(?:ClassNotFoundException|NoClassDefFoundError|main class):? ([\w$./]{1,120})"),
            re.compile(r"cannot load such file -- ([\w./-]{1,80})"),
            re.compile(r"shared libraries: ([\w.+-]{1,80})"),
            re.compile(r"(?:^|: )([\w./-]{1,60}): (?:command )?not found$"),
            re.compile(r"cannot import name [\"'`]([\w.]{1,60})"),
        ),
    )
