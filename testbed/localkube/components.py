"""What each component is told on its command line."""

from dataclasses import dataclass
from pathlib import Path

from testbed import ports as loopback

LOOPBACK = loopback.LOOPBACK
# Published as the address of the Service `kubernetes`. It may not be a loopback address, and since the API server
# listens on loopback only nobody can follow it: an address reserved for documentation (RFC 5737) says so.
_ADVERTISED = "198.51.100.1"
_SERVICE_RANGE = "10.0.0.0/24"
_ISSUER = "https://kubernetes.default.svc.cluster.local"
_MEMBER = "localkube"


@dataclass(frozen=True)
class Ports:
    """The loopback ports of one cluster."""

    api_server: int
    etcd_client: int
    etcd_peer: int


@dataclass(frozen=True)
class Layout:
    """Where everything of one cluster lies, under one directory."""

    directory: Path

    @property
    def pki(self) -> Path:
        """Certificates and keys."""
        return self.directory / "pki"

    @property
    def logs(self) -> Path:
        """One log per component."""
        return self.directory / "logs"

    @property
    def records(self) -> Path:
        """One process record per component."""
        return self.directory / "run"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.directory / "kubeconfig"

    def log(self, component: str) -> Path:
        """The log of one component."""
        return self.logs / f"{component}.log"

    def record(self, component: str) -> Path:
        """The process record of one component."""
        return self.records / component

    def create(self) -> None:
        """Make the directories."""
        for directory in (self.pki, self.logs, self.records):
            directory.mkdir(mode=0o700)


def issuer() -> str:
    """The issuer of ServiceAccount tokens, which is their audience too."""
    return _ISSUER


def free_ports() -> Ports:
    """Three different ports that nobody listens on now."""
    api_server, etcd_client, etcd_peer = loopback.free_ports(3)
    return Ports(api_server=api_server, etcd_client=etcd_client, etcd_peer=etcd_peer)


def etcd_url(ports: Ports) -> str:
    """Where etcd answers its clients."""
    return f"https://{LOOPBACK}:{ports.etcd_client}"


def server_url(ports: Ports) -> str:
    """Where the API server answers."""
    return f"https://{LOOPBACK}:{ports.api_server}"


def etcd_flags(layout: Layout, ports: Ports) -> list[str]:
    """One member that trusts only certificates of its own authority and, holding test data, does not wait for disks."""
    peer = f"https://{LOOPBACK}:{ports.etcd_peer}"
    pki = layout.pki
    return [
        f"--name={_MEMBER}",
        f"--data-dir={layout.directory / 'etcd'}",
        f"--listen-client-urls={etcd_url(ports)}",
        f"--advertise-client-urls={etcd_url(ports)}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster={_MEMBER}={peer}",
        "--client-cert-auth",
        f"--trusted-ca-file={pki / 'etcd-ca.crt'}",
        f"--cert-file={pki / 'etcd.crt'}",
        f"--key-file={pki / 'etcd.key'}",
        "--peer-client-cert-auth",
        f"--peer-trusted-ca-file={pki / 'etcd-ca.crt'}",
        f"--peer-cert-file={pki / 'etcd.crt'}",
        f"--peer-key-file={pki / 'etcd.key'}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def api_server_flags(layout: Layout, ports: Ports) -> list[str]:
    """RBAC and the default admission plugins on, every identity from our own authorities."""
    pki = layout.pki
    return [
        f"--bind-address={LOOPBACK}",
        f"--secure-port={ports.api_server}",
        f"--advertise-address={_ADVERTISED}",
        f"--service-cluster-ip-range={_SERVICE_RANGE}",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--etcd-servers={etcd_url(ports)}",
        f"--etcd-cafile={pki / 'etcd-ca.crt'}",
        f"--etcd-certfile={pki / 'etcd-client.crt'}",
        f"--etcd-keyfile={pki / 'etcd-client.key'}",
        f"--service-account-issuer={_ISSUER}",
        f"--service-account-key-file={pki / 'service-accounts.pub'}",
        f"--service-account-signing-key-file={pki / 'service-accounts.key'}",
        f"--requestheader-client-ca-file={pki / 'front-proxy-ca.crt'}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={pki / 'front-proxy.crt'}",
        f"--proxy-client-key-file={pki / 'front-proxy.key'}",
    ]


def controller_manager_flags(layout: Layout, kubeconfig: Path) -> list[str]:
    """All controllers that need no node; its usual 20 requests a second would cost seconds at the start."""
    pki = layout.pki
    return [
        f"--kubeconfig={kubeconfig}",
        "--secure-port=0",
        "--leader-elect=false",
        "--kube-api-qps=1000",
        "--kube-api-burst=1000",
        "--allocate-node-cidrs=false",
        "--controllers=*,-nodeipam",
        "--use-service-account-credentials=true",
        f"--root-ca-file={pki / 'ca.crt'}",
        f"--service-account-private-key-file={pki / 'service-accounts.key'}",
    ]
