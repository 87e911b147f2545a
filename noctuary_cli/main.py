"""`noctuary operator`, `receiver` and `cleanup`: settings come from NOCTUARY_* variables."""

import argparse
import sys
from collections.abc import Sequence

from pydantic import ValidationError

from noctuary.common import log


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    parser = argparse.ArgumentParser(prog="noctuary", description="Context for PagerDuty incidents, from the cluster.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, function in COMMANDS.items():
        commands.add_parser(name, help=function.__doc__)
    command = COMMANDS[parser.parse_args(arguments).command]
    try:
        command()
    except ValidationError as error:
        print(explain(error), file=sys.stderr)
        return 2
    return 0


def explain(error: ValidationError) -> str:
    """Say which variable is wrong and why, one line each."""
    lines = [f"NOCTUARY_{'_'.join(str(part) for part in e['loc']).upper()}: {e['msg']}" for e in error.errors()]
    return "\n".join(["The settings are not complete:", *lines])
