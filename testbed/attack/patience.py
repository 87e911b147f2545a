"""Waiting that ends: what an attack prevents never comes, and the others' turn does."""

from collections.abc import Callable

from testbed.polling import until


async def wait(is_so: Callable[[], bool], patience_s: float) -> bool:
    """Wait until something is so or the patience is over; return which."""
    try:
        await until("it is so", is_so, timeout_s=patience_s)
    except TimeoutError:
        return False
    return True
