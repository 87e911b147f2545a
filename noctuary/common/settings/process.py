"""Run one process by its settings: what a person can fix is said in words, and the exit code tells whose turn it is."""

import sys
from collections.abc import Callable
from typing import TypeVar

import structlog
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError

from noctuary.common import log as logs
from noctuary.common.errors import InvalidInput, NoctuaryError
from noctuary.common.interrupts import end_in_order
from noctuary.common.settings.base import PREFIX, Settings

log = structlog.get_logger()

DONE = 0
FAILED = 1
"""It did not work, or not to the end: another attempt may."""
WRONG_SETTINGS = 2
"""It cannot work before a person changes a setting, an argument or what they lead to."""
INTERRUPTED = 130
"""What shells expect after Ctrl-C."""

S = TypeVar("S", bound=Settings)


def run_process(settings: type[S], run: Callable[[S], int | None], *, is_for_people: bool = False) -> int:
    """Run it with the settings of the environment and return the exit code, that of `run` where it returns one.

    `is_for_people`: what ends it is told in plain words also where no terminal is.
    Errors that are not ours go on with their traceback: they are faults of the program.
    """
    end_in_order()
    try:
        chosen = settings()
    except (ValidationError, SettingsError) as error:
        sys.stderr.write(f"{explain(error)}\n")
        return WRONG_SETTINGS
    logs.configure(chosen.log_level, json=not sys.stderr.isatty())
    try:
        return run(chosen) or DONE
    except InvalidInput as error:
        _report(is_for_people, error, "Cannot start", setting=error.field, error=error.problem, fix=error.fix)
        return WRONG_SETTINGS
    except NoctuaryError as error:
        _report(is_for_people, error, "Ended with an error", kind=type(error).__name__, error=str(error))
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _report(is_for_people: bool, cause: NoctuaryError, sentence: str, /, **values: str) -> None:
    """Tell a person, or whoever is at a terminal, in plain words, and everybody else in a line of the log."""
    if is_for_people or sys.stderr.isatty():
        sys.stderr.write(f"{logs.redact(str(cause))}\n")
    else:
        log.error(sentence, **values)


def explain(error: ValidationError | SettingsError) -> str:
    """Say which variable is wrong and why, one line each, without the value."""
    if isinstance(error, SettingsError):
        return f"The settings cannot be read: {error}"
    lines = [f"{_variable(each)}: {_problem(each)}" for each in error.errors(include_input=False)]
    return "\n".join(["The settings cannot be used; `noctuary COMMAND --help` lists all of them:", *lines])


def _variable(error: ErrorDetails) -> str:
    return PREFIX + "_".join(str(part) for part in error["loc"]).upper()


def _problem(error: ErrorDetails) -> str:
    if error["type"] == "missing":
        return "is missing, and must be given"
    return error["msg"].removeprefix("Value error, ").replace("Input should", "should")
