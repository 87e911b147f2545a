"""`noctuary operator`, `receiver` and `cleanup`, whose settings are NOCTUARY_* variables; `store`, `replay`, `demo`."""

import argparse
import errno
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple, TypeVar

from noctuary.common.errors import InvalidInput
from noctuary.common.settings.base import Settings
from noctuary.common.settings.process import DONE, FAILED, INTERRUPTED, run_process
from noctuary_cli.settings_help import CommandParser

T = TypeVar("T")
EXIT_CODES = """\
exit codes: 0 done, 1 it did not work or was not confirmed, 2 an argument, a setting or what it leads to is wrong,
130 interrupted before it was at work. Settings are environment variables: `noctuary COMMAND --help` lists those of a
command.
"""


def operator_settings() -> type[Settings]:
    """Import the settings of the operator."""
    from noctuary_operator.settings import OperatorSettings

    return OperatorSettings


def receiver_settings() -> type[Settings]:
    """Import the settings of the receiver."""
    from webhook_receiver.settings import ReceiverSettings

    return ReceiverSettings


def cleanup_settings() -> type[Settings]:
    """Import the settings of the clean-up."""
    from noctuary_operator.cleanup.settings import CleanupSettings

    return CleanupSettings


def run_operator(_: argparse.Namespace) -> int:
    """Run the operator until SIGTERM or SIGINT."""
    from noctuary_operator.main import run
    from noctuary_operator.settings import OperatorSettings

    return run_process(OperatorSettings, run)


def run_receiver(_: argparse.Namespace) -> int:
    """Run the receiver until SIGTERM or SIGINT."""
    from webhook_receiver.main import run
    from webhook_receiver.settings import ReceiverSettings

    return run_process(ReceiverSettings, run)


def run_cleanup(options: argparse.Namespace) -> int:
    """Remove what the operator made in the release's namespace, before or after the release goes."""
    from noctuary_operator.cleanup.run import run
    from noctuary_operator.cleanup.settings import CleanupSettings

    cleanup = partial(run, dry_run=options.dry_run, yes=options.yes)
    return run_process(CleanupSettings, cleanup, is_for_people=True)


class Command(NamedTuple):
    """One process: what runs it, and where its settings are read. Each is only imported when it is needed."""

    run: Callable[[argparse.Namespace], int]
    settings: Callable[[], type[Settings]]


COMMANDS = {
    "operator": Command(run_operator, operator_settings),
    "receiver": Command(run_receiver, receiver_settings),
    "cleanup": Command(run_cleanup, cleanup_settings),
}


UNUSABLE = 2
"""The exit code where an argument is wrong."""
SERVING = ("operator", "receiver")
"""Commands that answer nothing on standard output."""
OUTPUT_LOST = (errno.EPIPE, errno.ENOSPC, errno.EIO)
"""What writing to standard output meets where nobody reads it any more, or its disk is full."""


def check_store(options: argparse.Namespace) -> int:
    """Print what is in a store that no receiver uses now, and what is wrong with it."""
    from noctuary.store.check import check_store as check

    try:
        found, wrong = check(options.data_dir)
    except InvalidInput as error:
        print(f"{error.problem}; {error.fix}", file=sys.stderr)
        return FAILED
    print("\n".join([*found, *(f"WRONG {line}" for line in wrong), "something is wrong" if wrong else "ok"]))
    return FAILED if wrong else DONE


def run_replay(options: argparse.Namespace) -> int:
    """Print the note that a recorded incident gets, without a cluster and without PagerDuty; or record one."""
    if options.capture:
        if options.bundle or options.cases:
            print("--capture NAMESPACE records, BUNDLE and --cases play: not both", file=sys.stderr)
            return UNUSABLE
        return _run_capture(options)
    from noctuary_cli.replay.command import replay_bundles

    return replay_bundles(options.bundle, options.cases, as_json=options.json)


def _run_capture(options: argparse.Namespace) -> int:
    from noctuary_cli.capture.capture import Asked
    from noctuary_cli.capture.command import capture_bundle

    asked = Asked(
        namespaces=options.capture,
        service=options.service,
        title=options.title,
        triggered_at=options.triggered_at,
        is_pseudonymised=options.pseudonymise,
        secret_names=options.secret_name,
    )
    return capture_bundle(asked, options.output)


def run_demo(_: argparse.Namespace) -> int:
    """Play three recorded incidents and print their notes, without a cluster and without a network."""
    from noctuary_cli.demo.command import play_demo

    return play_demo()


def installed_version() -> str:
    """Return the version of the package that runs."""
    try:
        return version("noctuary")
    except PackageNotFoundError:
        return "of a source tree that is not installed"


def parser() -> argparse.ArgumentParser:
    """Return what is understood on the command line."""
    top = CommandParser(
        prog="noctuary",
        description="Context for PagerDuty incidents, from the cluster.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"noctuary {installed_version()}")
    commands = top.add_subparsers(dest="command", required=True, parser_class=CommandParser)
    for name, (function, settings) in COMMANDS.items():
        command = commands.add_parser(name, help=function.__doc__, description=function.__doc__)
        command.settings = settings
        command.set_defaults(run=function)
        if name == "cleanup":
            command.add_argument("--dry-run", action="store_true", help="show what would go, and change nothing")
            command.add_argument("--yes", action="store_true", help="go on without a question, as the chart's Job does")
    _add_replay(commands.add_parser("replay", help=run_replay.__doc__, description=run_replay.__doc__))
    demo = commands.add_parser("demo", help=run_demo.__doc__, description=run_demo.__doc__)
    demo.set_defaults(run=run_demo)
    store = commands.add_parser("store", help="Look into a store.").add_subparsers(dest="action", required=True)
    check = store.add_parser("check", help=check_store.__doc__, description=check_store.__doc__)
    check.add_argument("--data-dir", type=Path, required=True, help="the directory of the store")
    check.set_defaults(run=check_store)
    return top


def _add_replay(command: argparse.ArgumentParser) -> None:
    command.add_argument("bundle", nargs="?", type=Path, help="a bundle: its directory, or one JSON file")
    command.add_argument("--cases", type=Path, metavar="FILE.jsonl", help="many bundles, each a line of JSON")
    command.add_argument("--json", action="store_true", help="print a line of JSON for each bundle, no text")
    command.set_defaults(run=run_replay)
    record = command.add_argument_group("recording", "a bundle of a live cluster, without its secrets")
    record.add_argument("--capture", nargs="+", metavar="NAMESPACE", help="record these namespaces, and play nothing")
    record.add_argument("--output", type=Path, metavar="DIR", help="a new directory for the bundle")
    record.add_argument("--pseudonymise", action="store_true", help="give everything that people named another name")
    record.add_argument("--service", default="", metavar="NAME", help="the service that the incident is of")
    record.add_argument("--title", default="", help="the title of the incident")
    record.add_argument("--triggered-at", type=_time, metavar="TIME", help="when it was triggered; default: now")
    record.add_argument(
        "--secret-name",
        action="append",
        default=[],
        metavar="TEXT",
        help="a text that makes the name of a variable or flag secret-like, besides the documented ones; repeatable",
    )


def _time(text: str) -> float:
    """Read a time of the command line; argparse tells where it is none."""
    from noctuary.common.clock import parse_time

    try:
        return parse_time(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write it as 2026-01-31T14:02:11Z") from None


def answer(run: Callable[[], T]) -> T | int:
    """Run what answers on standard output, which somebody may have closed or filled: then return FAILED."""
    try:
        given = run()
        if sys.stdout is not None:  # a command that serves needs none
            sys.stdout.flush()
    except OSError as error:
        if error.errno not in OUTPUT_LOST:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the interpreter's last flush fails, too
        return _output_lost(os.strerror(error.errno))
    return given


def _output_lost(problem: str) -> int:
    print(f"The answer cannot be written to standard output ({problem}), so nothing else is done.", file=sys.stderr)
    return FAILED


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = answer(lambda: parser().parse_args(arguments))
    if isinstance(options, int):
        return options
    if sys.stdout is None and options.command not in SERVING:
        return _output_lost("it is closed")
    try:
        code: int = options.run(options) if options.command in SERVING else answer(lambda: options.run(options))
    except KeyboardInterrupt:
        return INTERRUPTED
    return code
