"""What a stranger in the cluster can hold of the operator's health port: heads that never end."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

from hack.lib.cache import Progress
from testbed.attack.floods.limits import limit_megabytes
from testbed.attack.floods.operator_memory import weigh_operator
from testbed.attack.place import Place
from testbed.attack.table import Row

NAME = "health-port"
CONNECTIONS = 400
LINE = b"x: " + b"a" * 7_995 + b"\r\n"
LINES = 110
"""880 KB of one head, in lines that pass for headers."""
TIMEOUT_S = 10.0
ASKED = 20
ASKED_EVERY_S = 0.5


@contextlib.contextmanager
def half_heads(port: int, lines: int = LINES) -> Iterator[None]:
    """Hold connections whose heads have so many lines and no end; one that is cut meanwhile is no error."""
    with contextlib.ExitStack() as stack:
        for _ in range(CONNECTIONS):
            held = stack.enter_context(socket.create_connection(("127.0.0.1", port), TIMEOUT_S))
            with contextlib.suppress(ConnectionError):
                held.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n" + LINE * lines)
        yield


async def flood_health_port(place: Place, report: Progress) -> Row:
    """Hold such heads, and ask for health meanwhile."""
    row = Row(NAME, f"{CONNECTIONS} heads of {LINES * len(LINE) // 1000} KB", rss_limit_mb=limit_megabytes("operator"))
    report(f"{NAME}: {row.size} that never end, at the operator")
    with contextlib.ExitStack() as stack:
        await asyncio.to_thread(stack.enter_context, half_heads(place.release.operator_port))
        sick = 0
        for _ in range(ASKED):
            sick += not await place.is_alive()
            await asyncio.sleep(ASKED_EVERY_S)
    if sick:
        row.effects.append(f"health failed {sick} of {ASKED} times")
    weigh_operator(place, row)
    return row
