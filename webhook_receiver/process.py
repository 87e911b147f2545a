"""How the process is set, so that its event loop is not kept waiting by its own threads and its garbage collector."""

import gc
import sys

SWITCH_INTERVAL_S = 0.00002
"""A statement of the store's thread takes the interpreter's lock some three times, a commit of eight events some sixty
times, and each socket that is read takes it once: whoever has it keeps it for so long while the other waits. Such a
commit took 10-20 ms of which 3 were work while it was 0.2 ms. Python's own is 5 ms."""

YOUNG_COLLECTIONS = (20_000, 5)
"""Python's own first one is 700 more containers than were freed. Beside a thousand connections whose requests wait that
was met three times a second, with all that waited to look through: 5-12 ms each. What requests and ended connections
leave is freed without any; of a sender that leaves before its answer 37 containers wait for one."""
FULL_COLLECTION_AFTER = 5
"""After 720,000 containers: of Python's own 85,000 three full collections of 20 ms and more came within seconds."""


def favour_event_loop() -> None:
    """Hand the interpreter over more often, and spare what was built from every collection; call it after building."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.set_threshold(*YOUNG_COLLECTIONS, FULL_COLLECTION_AFTER)
    gc.collect()
    gc.freeze()
