"""The watched namespaces that we may not read, logged once when it begins and once when it is over."""

import structlog

log = structlog.get_logger()

UNKNOWN_OR_CLOSED = "it does not exist, or this release's Role or RoleBinding is missing there"
"""A Role lives in its namespace and goes with it: without one the API server does not say which it is."""


class Unreadable:
    """Remembers which namespaces are unreadable and why."""

    def __init__(self) -> None:
        self._problems: dict[str, str] = {}

    def note(self, namespace: str, problem: str | None) -> None:
        """Note what is wrong now (None: nothing); only a change is logged."""
        if problem == self._problems.get(namespace):
            return
        if problem is not None:
            self._problems[namespace] = problem
            log.warning("Watched namespace cannot be read, the others are served", namespace=namespace, error=problem)
        else:
            del self._problems[namespace]
            log.info("Watched namespace can be read again", namespace=namespace)

    def __contains__(self, namespace: str) -> bool:
        return namespace in self._problems

    def describe(self) -> list[str]:
        """Return a sentence for each."""
        return [f"namespace {name} cannot be read: {problem}" for name, problem in sorted(self._problems.items())]
