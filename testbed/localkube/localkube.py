"""etcd, kube-apiserver and kube-controller-manager as child processes of ours."""

import base64
import secrets
import ssl
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from hack.lib.certificates import write_pki
from testbed.localkube import components, tokens
from testbed.localkube.binaries import Binaries, find_binaries
from testbed.localkube.cluster import Cluster
from testbed.localkube.errors import AlreadyRunningError, PortTakenError
from testbed.localkube.home import STOP_ORDER, ClusterHome, clear_remains, registry
from testbed.localkube.kubeconfig import certificate_user, write_kubeconfig
from testbed.localkube.launcher import Launcher
from testbed.polling import eventually

# While its clients stay connected the API server would drain for a minute; what it has accepted is done by then.
_APISERVER_GRACE_S = 1.0
_REQUEST_TIMEOUT_S = 5.0
_NAMES = r'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}'
_NAMESPACES = r'jsonpath={range .items[*]}{.metadata.namespace}{"\n"}{end}'
_PORT_ATTEMPTS = 3  # a port found free may be taken by somebody else before the component listens on it
_DEFAULT_SERVICE_ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default"


class LocalKube(Cluster):
    """A control plane of our own; as a context manager it ends with the block, and with the process if that is killed.

    `crds` are installed before the controller-manager starts, which otherwise takes up to a minute to collect the
    children of a new kind.
    """

    def __init__(
        self,
        directory: Path | None = None,
        *,
        crds: Sequence[Path] = (),
        apiserver_flags: Sequence[str] = (),
        etcd_flags: Sequence[str] = (),
        controller_manager_flags: Sequence[str] = (),
        binaries: Binaries | None = None,
        detached: bool = False,
    ) -> None:
        binaries = find_binaries() if binaries is None else binaries
        self._home = ClusterHome(directory or registry() / f"cluster-{secrets.token_hex(6)}")
        super().__init__(self._home.directory, binaries.path("kubectl"))
        self._crds = crds
        self._detached = detached
        extra_flags = {
            "kube-apiserver": apiserver_flags,
            "etcd": etcd_flags,
            "kube-controller-manager": controller_manager_flags,
        }
        self._launcher = Launcher(self._home, binaries, extra_flags, detached=detached)
        self._ports = components.free_ports()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return components.server_url(self._ports)

    def start(self) -> None:
        """Bring everything up and return when the API server is ready and the default ServiceAccount exists.

        Raises LocalKubeError with the last lines of the log of a component that does not come up.
        """
        clear_remains()
        self._home.lock()
        if self._home.is_left_running():
            self._home.unlock()
            raise AlreadyRunningError(f"A cluster runs in {self.dir}; stop it with `down` or name another directory")
        try:
            self._start_on_free_ports()
        except BaseException:
            self.stop()
            raise
        if self._detached:
            self._home.leave_running()
            self._home.unlock()

    def stop(self) -> None:
        """End everything, the API server first, and remove the directory."""
        try:
            self._home.clear()
        finally:
            self._home.unlock()
            self._launcher.close()

    def start_apiserver(self) -> None:
        """Start the API server at its old address and wait until it is ready; see `Launcher.bring_up`."""
        flags = components.api_server_flags(self._home.layout, self._ports)
        self._launcher.bring_up("kube-apiserver", flags, lambda: self._answers("/readyz"))

    def stop_apiserver(self, *, grace_s: float = _APISERVER_GRACE_S) -> None:
        """End the API server; with a grace of 0 it is killed at once.

        What a deleted namespace holds of our kinds goes first: a namespace that is looked at while a new API server
        does not list them yet is taken for empty, and they would outlive it.
        """
        eventually("a deleted namespace holds no custom resource", lambda: not self._leaving_resources())
        self._home.stop("kube-apiserver", grace_s=grace_s)

    def restart_apiserver(self) -> None:
        """End the API server and start it again, its watch cache forgotten."""
        self.stop_apiserver()
        self.start_apiserver()

    def revive(self) -> None:
        """Start what has ended, for whatever reason, with all that was stored; costs three reads when nothing has.

        Raises LocalKubeError as `start`.
        """
        alive = self._home.alive()
        for component in reversed(STOP_ORDER):
            if not alive[component]:
                self._launcher.tell(self._launcher.trouble(component, "had ended"))
        if not alive["etcd"]:
            self._start_etcd()
        if not alive["kube-apiserver"]:
            self.start_apiserver()
        if not alive["kube-controller-manager"]:
            self._start_controller_manager()

    def take_told(self) -> list[str]:
        """Return what happened to components since the last call: each that ended, with the last lines of its log."""
        return self._launcher.take_told()

    def compact_etcd(self) -> int:
        """Forget all history in etcd up to now; returns the revision.

        The API server's watch cache still serves watches from before: restart the API server for them to get 410.
        """
        with self._etcd() as etcd:
            everything = {"key": base64.b64encode(b"\0").decode(), "count_only": True}
            revision = int(etcd.post("/v3/kv/range", json=everything).raise_for_status().json()["header"]["revision"])
            compaction = {"revision": str(revision), "physical": True}
            etcd.post("/v3/kv/compaction", json=compaction).raise_for_status()
        return revision

    def mint_token(
        self, namespace: str, service_account: str, *, lifetime_s: float = 3600, uid: str | None = None
    ) -> str:
        """A token signed with the cluster's own key, with any lifetime; see `tokens.sign_token` for its end."""
        return tokens.sign_token(
            self._home.layout.pki / "service-accounts.key",
            namespace=namespace,
            service_account=service_account,
            uid=uid or self.service_account_uid(namespace, service_account),
            lifetime_s=lifetime_s,
        )

    def _start_on_free_ports(self) -> None:
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            self._home.clear()
            self._home.create()
            self._ports = components.free_ports()
            try:
                self._start_components()
            except PortTakenError:
                if attempt == _PORT_ATTEMPTS:
                    raise
            else:
                return

    def _start_components(self) -> None:
        layout = self._home.layout
        write_pki(layout.pki)
        self._write_kubeconfigs()
        self._start_etcd()
        self.start_apiserver()
        self.install_crds(*self._crds)
        self._start_controller_manager()

    def _start_etcd(self) -> None:
        flags = components.etcd_flags(self._home.layout, self._ports)
        self._launcher.bring_up("etcd", flags, self._etcd_is_healthy)

    def _start_controller_manager(self) -> None:
        kubeconfig = self.dir / "controller-manager.kubeconfig"
        flags = components.controller_manager_flags(self._home.layout, kubeconfig)
        self._launcher.bring_up("kube-controller-manager", flags, lambda: self._answers(_DEFAULT_SERVICE_ACCOUNT))

    def _write_kubeconfigs(self) -> None:
        pki = self._home.layout.pki
        for path, stem in (
            (self.kubeconfig, pki / "admin"),
            (self.dir / "controller-manager.kubeconfig", pki / "controller-manager"),
        ):
            write_kubeconfig(path, server=self.server, ca_file=self.ca_file, user=certificate_user(stem))

    def _answers(self, path: str) -> bool:
        with self._client(self.server, "ca.crt", "admin") as client:
            return _is_ok(client, path)

    def _leaving_resources(self) -> set[str]:
        """Return the namespaces that are being deleted and hold a custom resource still."""
        leaving = self.kubectl("get", "namespaces", "--field-selector=status.phase=Terminating", f"-o={_NAMES}")
        kinds = self.kubectl("get", "customresourcedefinitions", f"-o={_NAMES}").split()
        holding = self.kubectl("get", ",".join(kinds), "-A", f"-o={_NAMESPACES}") if kinds else ""
        return set(leaving.split()) & set(holding.split())

    def _etcd_is_healthy(self) -> bool:
        with self._etcd() as etcd:
            return _is_ok(etcd, "/health")

    def _etcd(self) -> httpx.Client:
        return self._client(components.etcd_url(self._ports), "etcd-ca.crt", "etcd-client")

    def _client(self, url: str, authority: str, identity: str) -> httpx.Client:
        pki = self._home.layout.pki
        context = ssl.create_default_context(cafile=str(pki / authority))
        context.load_cert_chain(pki / f"{identity}.crt", pki / f"{identity}.key")
        return httpx.Client(base_url=url, verify=context, timeout=_REQUEST_TIMEOUT_S, trust_env=False)


def _is_ok(client: httpx.Client, path: str) -> bool:
    try:
        return client.get(path).is_success
    except httpx.TransportError:
        return False
