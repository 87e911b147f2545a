"""What the installed command `noctuary` runs: as little as possible before Ctrl-C ends it without a traceback."""

from noctuary.common.interrupts import end_at_once


def main() -> int:
    """Run one command; return the exit code."""
    end_at_once()
    from noctuary_cli.main import main as run

    return run()
