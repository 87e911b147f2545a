"""Lists of hosts in settings: one rule for whoever checks them, the operator in a condition and the egress guard."""

from collections.abc import Iterable


def host_listed(host: str, listed: Iterable[str], port: int | None = None) -> bool:
    """Whether a host is in a list of names, `*.domain` forms, or `*`, in any case of letters.

    With the `port` that it is reached by, an entry may end in one, and then means only that port; IPv6 addresses are
    written in brackets.
    """
    name = f"[{host}]" if ":" in host else host
    names = [name.lower()] if port is None else [name.lower(), f"{name.lower()}:{port}"]
    return any(_matches(each, entry.lower()) for entry in listed for each in names)


def _matches(name: str, entry: str) -> bool:
    return entry in ("*", name) or (entry.startswith("*.") and name.endswith(entry[1:]))
