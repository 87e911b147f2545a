"""The settings of a command as part of its help, made from the model that reads them."""

import argparse
import sys
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from noctuary.common.settings.base import Settings, described

_WIDTH = 100
_INDENT = "      "


class CommandParser(argparse.ArgumentParser):
    """A parser whose help ends with settings; the model is only imported when somebody asks for help.

    Where its answer cannot be written it raises OSError, which argparse hides.
    """

    settings: Callable[[], type[Settings]] | None = None

    def _print_message(self, message: str, file: Any = None) -> None:
        out = file or sys.stderr
        out.write(message)
        out.flush()

    def format_help(self) -> str:
        """Return the help, with all settings of the command."""
        own = super().format_help()
        return own if self.settings is None else f"{own}\n{settings_help(self.settings())}"


def settings_help(settings: type[Settings]) -> str:
    """Return all settings with what they take, their default and their meaning."""
    lines = ["settings, as environment variables; lists are separated by commas or written as JSON:"]
    for each in described(settings):
        lines += _entry(each.variable, each.takes, each.default, each.meaning)
    return "\n".join(lines) + "\n"


def _entry(variable: str, takes: str, default: str | None, meaning: str) -> Iterator[str]:
    rule = "must be given" if default is None else f"default: {default}" if default else "no default"
    yield from textwrap.wrap(f"{variable} ({takes}; {rule})", _WIDTH, initial_indent="  ", subsequent_indent=_INDENT)
    yield from textwrap.wrap(meaning, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)
