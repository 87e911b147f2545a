"""How the process is set, so that its event loop is not kept waiting by its own threads and its garbage collector."""

import gc
import sys

SWITCH_INTERVAL_S = 0.0002
"""Each socket that is read takes the interpreter's lock, and so does each row that is written. Python's own 5 ms would
be waited for once a socket while the store's thread works, which made half a second of a turn of 80 ms, and once a row
while the event loop does, whose commit of 32 rows took 80 ms even with 0.5 ms."""

YOUNG_COLLECTIONS = (700, 10)
"""Python's own."""
FULL_COLLECTION_AFTER = 100
"""Python's own is 10: a thousand connections made three full collections of 20 ms and more within some seconds. What
requests leave is freed without any."""


def favour_event_loop() -> None:
    """Hand the interpreter over more often, and spare what was built from every collection; call it after building."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.set_threshold(*YOUNG_COLLECTIONS, FULL_COLLECTION_AFTER)
    gc.collect()
    gc.freeze()
