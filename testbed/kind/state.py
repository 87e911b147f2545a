"""What one run has put up, written down before it is put up, so that whoever comes next can take it down."""

import os
import tempfile
from pathlib import Path

import msgspec

from testbed.kind.errors import KindError
from testbed.kind.machine.host import HostState


class State(msgspec.Struct):
    """The remains there may be: a daemon of our own, a cluster, changes of the machine."""

    cluster: str
    docker: str
    docker_host: str | None = None
    own_daemon: bool = False
    had_network: bool = False
    kind: str | None = None
    before: HostState | None = None
    kept: bool = False


class ClusterRecord(msgspec.Struct, frozen=True):
    """What tests are told about the cluster they run against."""

    kubeconfig: str
    kubectl: str
    helm: str
    helm4: str
    image: str
    """Ours, in the node or where it can be pulled; empty where whoever uses the cluster brings it."""
    image_archive: str | None
    authority: str
    certificate: str
    certificate_key: str
    host: str
    https_port: int
    http_port: int
    gateway: str
    """The machine's address as pods see it; empty when the cluster is not ours."""
    docker: str
    docker_host: str | None
    kind: str
    cluster: str
    seconds: dict[str, float]


class RunDirectory:
    """The files of a run; one at a time per user, because a machine bears only one Docker daemon more."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or Path(tempfile.gettempdir()) / f"noctuary-kind-{os.getuid()}"

    @property
    def lock(self) -> Path:
        """Held as long as the run's cluster stands."""
        return self.path.with_suffix(".lock")

    @property
    def facts(self) -> Path:
        """Where tests read about the cluster."""
        return self.path / "facts.json"

    @property
    def daemon(self) -> Path:
        """The files of a Docker daemon of our own."""
        return self.path / "daemon"

    def create(self) -> None:
        """Make the directory, readable by its owner only."""
        self.path.mkdir(mode=0o700, exist_ok=True)
        if self.path.is_symlink() or self.path.stat().st_uid != os.getuid():
            raise KindError(f"{self.path} belongs to another user; name another place by TMPDIR")

    def write(self, state: State) -> None:
        """Write the state whole or not at all."""
        partial = self.path / "state.partial"
        partial.write_bytes(msgspec.json.encode(state))
        partial.replace(self.path / "state.json")

    def read(self) -> State | None:
        """Read the state; None when nothing was put up."""
        try:
            return msgspec.json.decode((self.path / "state.json").read_bytes(), type=State)
        except FileNotFoundError:
            return None

    def read_facts(self) -> ClusterRecord:
        """Read what tests are told. Raises FileNotFoundError when no cluster stands."""
        return msgspec.json.decode(self.facts.read_bytes(), type=ClusterRecord)
