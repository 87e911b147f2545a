"""Ctrl-C before a process is at work: it ends at once, without a traceback of what it was importing."""

import signal


def end_at_once() -> None:
    """Let Ctrl-C end this process as the system does, unless it is ignored; for programs, before their imports."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def end_in_order() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again: what was begun is to be ended."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
