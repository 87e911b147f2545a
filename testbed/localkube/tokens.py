"""ServiceAccount tokens signed by ourselves, for lifetimes that the API server would not grant."""

import base64
import json
import time
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from testbed.localkube.components import issuer

LEEWAY_S = 60  # the API server accepts a token for this long after `exp` (go-jose's default leeway)
_COORDINATE_BYTES = 32  # of the curve P-256 (RFC 7518, section 3.4)


def sign_token(key_file: Path, *, namespace: str, service_account: str, uid: str, lifetime_s: float) -> str:
    """A token that the API server stops accepting after `lifetime_s`, its leeway taken into account.

    The API server remembers a token it has accepted for 10 s, so the end is seen up to 10 s late.
    """
    now_s = int(time.time())
    expires_s = int(time.time() + lifetime_s) - LEEWAY_S
    claims = {
        "iss": issuer(),
        "aud": [issuer()],
        "sub": f"system:serviceaccount:{namespace}:{service_account}",
        "iat": min(now_s, expires_s),
        "nbf": min(now_s, expires_s),
        "exp": expires_s,
        "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": service_account, "uid": uid}},
    }
    signed = f"{_part({'alg': 'ES256', 'typ': 'JWT'})}.{_part(claims)}"
    return f"{signed}.{_signature(key_file, signed.encode())}"


def _part(content: dict[str, object]) -> str:
    return _base64url(json.dumps(content, separators=(",", ":")).encode())


def _signature(key_file: Path, message: bytes) -> str:
    key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{key_file} holds no elliptic curve key")
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return _base64url(r.to_bytes(_COORDINATE_BYTES) + s.to_bytes(_COORDINATE_BYTES))


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
