"""How the process is set, so that its event loop is not kept waiting by its own threads and its garbage collector."""

import gc
import sys

SWITCH_INTERVAL_S = 0.0005
"""Each socket that is read takes the interpreter's lock; Python's own 5 ms would be waited for once a socket while the
store's thread works, which made half a second of a turn of 80 ms."""


def favour_event_loop() -> None:
    """Hand the interpreter over more often, and spare what was built from every collection; call it after building."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
