"""The cluster's own authorities, certificates and ServiceAccount keys; authority keys never touch the disk."""

import datetime
import ipaddress
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = datetime.timedelta(days=365)  # a cluster for a day's work, with room for one that is forgotten
_CLOCK_SKEW = datetime.timedelta(minutes=5)  # clients whose clock is a little behind still accept the certificates
_LOOPBACK = ["localhost", "127.0.0.1"]
# The names under which pods address the API server, and the first address of the Service range.
_API_SERVER_NAMES = [
    *_LOOPBACK,
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "10.0.0.1",
]


class Authority:
    """A certificate authority that lives as long as this object."""

    def __init__(self, common_name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        self._certificate = (
            _builder(self._name, self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(authority=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def write(self, path: Path) -> None:
        """Write the authority's certificate, in PEM."""
        path.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def issue(
        self, stem: Path, common_name: str, *, organization: str | None = None, names: Sequence[str] = ()
    ) -> None:
        """Write `<stem>.crt` and `<stem>.key`: a client certificate, and a server certificate when names are given."""
        key = ec.generate_private_key(ec.SECP256R1())
        attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
        if organization is not None:
            attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH] + ([ExtendedKeyUsageOID.SERVER_AUTH] if names else [])
        builder = (
            _builder(x509.Name(attributes), self._name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False
            )
        certificate = builder.sign(self._key, hashes.SHA256())
        stem.with_suffix(".crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        _write_private_key(key, stem.with_suffix(".key"))


def write_pki(directory: Path) -> None:
    """Write everything the components need to know each other into an empty directory."""
    cluster, front_proxy, etcd = Authority("localkube"), Authority("localkube-front-proxy"), Authority("localkube-etcd")
    cluster.write(directory / "ca.crt")
    cluster.issue(directory / "apiserver", "kube-apiserver", names=_API_SERVER_NAMES)
    cluster.issue(directory / "admin", "localkube-admin", organization="system:masters")
    cluster.issue(directory / "controller-manager", "system:kube-controller-manager")
    front_proxy.write(directory / "front-proxy-ca.crt")
    front_proxy.issue(directory / "front-proxy", "front-proxy-client")
    etcd.write(directory / "etcd-ca.crt")
    etcd.issue(directory / "etcd", "etcd", names=_LOOPBACK)
    etcd.issue(directory / "etcd-client", "kube-apiserver")
    _write_service_account_keys(directory)


def _write_service_account_keys(directory: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    _write_private_key(key, directory / "service-accounts.key")
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (directory / "service-accounts.pub").write_bytes(public)


def _builder(subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _LIFETIME)
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_private_key(key: ec.EllipticCurvePrivateKey, path: Path) -> None:
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
