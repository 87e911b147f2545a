"""Starts the components of one cluster, and starts one again that ends while it starts."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from hack.lib import processes
from testbed.localkube.binaries import Binaries
from testbed.localkube.errors import LocalKubeError, PortTakenError
from testbed.localkube.home import ClusterHome

READY_TIMEOUT_S = 60.0  # four seconds are usual; a machine busy with other work gets its time
_READY_POLL_S = 0.05
STARTS = 3  # the port may be taken for a moment, and on a busy machine a hook of the API server may end it
_PAUSE_S = 1.0  # before the next start: whoever took the port for a moment gives it back
_LOG_LINES = 12
_PORT_TAKEN = "address already in use"
# PATH is all the components need; an ETCD_* or proxy variable of the user must not change what they do.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


class Launcher:
    """Starts components and waits until they are ready; keeps what is to be told of starts that failed."""

    def __init__(
        self, home: ClusterHome, binaries: Binaries, extra_flags: Mapping[str, Sequence[str]], *, detached: bool
    ) -> None:
        self._home = home
        self._binaries = binaries
        self._extra_flags = extra_flags
        self._detached = detached
        self._told: list[str] = []
        # The kernel ties a child to the thread that started it, so one thread that lives as long as we do starts all.
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="localkube")

    def close(self) -> None:
        """End the thread that starts components; those that are not detached end with it."""
        self._starter.shutdown()

    def bring_up(self, component: str, flags: Sequence[str], is_ready: Callable[[], bool]) -> None:
        """Start a component and wait until it is ready; one that ends while it starts is started again.

        Raises LocalKubeError with the last lines of its log: PortTakenError when they say so.
        """
        for start in range(1, STARTS + 1):
            log_size = self._log_size(component)
            self._start(component, flags)
            if self._becomes_ready(component, is_ready):
                return
            trouble = self.trouble(component, "ended while starting", since=log_size)
            if start == STARTS:
                raise PortTakenError(trouble) if _PORT_TAKEN in trouble else LocalKubeError(trouble)
            self.tell(trouble)
            time.sleep(_PAUSE_S)

    def tell(self, trouble: str) -> None:
        """Keep what somebody who looks at the cluster later is to know."""
        self._told.append(trouble)

    def take_told(self) -> list[str]:
        """Return what was told since the last call."""
        told, self._told = self._told, []
        return told

    def trouble(self, component: str, what: str, *, since: int = 0) -> str:
        """Say what happened to a component, with the last lines that it logged after its first `since` bytes."""
        with self._home.layout.log(component).open("rb") as log:
            log.seek(since)
            lines = log.read().decode("utf-8", errors="replace").splitlines()
        return "\n".join([f"{component} {what}; the last lines of its log:", *lines[-_LOG_LINES:]])

    def _log_size(self, component: str) -> int:
        log = self._home.layout.log(component)
        return log.stat().st_size if log.exists() else 0

    def _start(self, component: str, flags: Sequence[str]) -> None:
        self._starter.submit(
            processes.start,
            [str(self._binaries.path(component)), *flags, *self._extra_flags[component]],
            log=self._home.layout.log(component),
            record=self._home.layout.record(component),
            environment=_ENVIRONMENT,
            die_with_us=not self._detached,
        ).result()

    def _becomes_ready(self, component: str, is_ready: Callable[[], bool]) -> bool:
        """Wait; False when the component ended. Raises LocalKubeError when it is neither in time."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not is_ready():
            if self._has_ended(component):
                return False
            if time.monotonic() > deadline:
                raise LocalKubeError(self.trouble(component, f"is not ready after {READY_TIMEOUT_S:.0f} s"))
            time.sleep(_READY_POLL_S)
        return True

    def _has_ended(self, component: str) -> bool:
        record = processes.read_record(self._home.layout.record(component))
        return record is not None and not processes.is_alive(record)
