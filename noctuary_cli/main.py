"""`noctuary operator`, `receiver` and `cleanup`: settings come from NOCTUARY_* variables; `noctuary store check`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from noctuary.common import log
from noctuary.common.errors import InvalidInput


def run_operator() -> None:
    """Run the operator until SIGTERM or SIGINT."""
    from noctuary_operator.main import run
    from noctuary_operator.settings import OperatorSettings

    settings = OperatorSettings()
    log.configure(settings.log_level)
    run(settings)


def run_receiver() -> None:
    """Run the receiver until SIGTERM or SIGINT."""
    from webhook_receiver.main import run
    from webhook_receiver.settings import ReceiverSettings

    settings = ReceiverSettings()
    log.configure(settings.log_level)
    run(settings)


def run_cleanup() -> None:
    """Remove what the operator made in the release's namespace, before or after the release goes."""
    from noctuary_operator.cleanup.run import run
    from noctuary_operator.cleanup.settings import CleanupSettings

    settings = CleanupSettings()
    log.configure(settings.log_level)
    run(settings)


COMMANDS = {"operator": run_operator, "receiver": run_receiver, "cleanup": run_cleanup}
"""Each command imports its process only when called: the receiver never pays for Kopf."""


def check_store(directory: Path) -> int:
    """Print what is in a store that no receiver uses now, and what is wrong with it."""
    from noctuary.store.check import check_store as check

    try:
        found, wrong = check(directory)
    except InvalidInput as error:
        print(f"{error.problem}; {error.fix}", file=sys.stderr)
        return 1
    print("\n".join([*found, *(f"WRONG {line}" for line in wrong), "something is wrong" if wrong else "ok"]))
    return 1 if wrong else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    parser = argparse.ArgumentParser(prog="noctuary", description="Context for PagerDuty incidents, from the cluster.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, function in COMMANDS.items():
        commands.add_parser(name, help=function.__doc__)
    store = commands.add_parser("store", help="Look into a store.").add_subparsers(dest="action", required=True)
    check = store.add_parser("check", help=check_store.__doc__)
    check.add_argument("--data-dir", type=Path, required=True, help="the directory of the store")
    options = parser.parse_args(arguments)
    if options.command == "store":
        return check_store(options.data_dir)
    try:
        COMMANDS[options.command]()
    except ValidationError as error:
        print(explain(error), file=sys.stderr)
        return 2
    return 0


def explain(error: ValidationError) -> str:
    """Say which variable is wrong and why, one line each."""
    lines = [f"NOCTUARY_{'_'.join(str(part) for part in e['loc']).upper()}: {e['msg']}" for e in error.errors()]
    return "\n".join(["The settings are not complete:", *lines])
