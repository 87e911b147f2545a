"""Which values of variables and flags may be stored and shown, and how all others are compared.

A value is shown where it is a number, a boolean, a duration, a quantity, an image or the name of a host in the cluster,
and where the name that it stands behind does not look like that of a secret. All others are only known as changed, by a
hash whose key nobody else has.
"""

import hashlib
import re
from collections.abc import Iterable

MAX_VALUE_CHARS = 300
"""No image or host that people write is longer."""
SECRET_PARTS = (
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "credential",
    "apikey",
    "authorization",
    "connectionstring",
    "connstr",
    "private",
    "signature",
    "signing",
    "webhook",
    "licensekey",
)
"""Makes a name secret-like wherever it stands in it, its case and its `-`, `_` and `.` left aside: `DB_PASSWORD`."""
SECRET_WORDS = frozenset(
    {
        *("pass", "pwd", "pw", "pin", "otp", "totp", "mfa", "key", "keys", "cred", "creds", "cookie", "session", "sid"),
        *(
            "salt",
            "seed",
            "pepper",
            "nonce",
            "hmac",
            "sig",
            "jwt",
            "bearer",
            "oauth",
            "dsn",
            "cert",
            "pem",
            "pat",
            "sas",
        ),
        *("ssn", "iban", "card", "cvv", "license", "licence", "encryption", "crypt"),
    }
)
"""Makes a name secret-like as one of its words: `CACHE_KEY`, `dbPwd`, `--tls.cert`."""
SECRET_ENDS = ("pass", "pwd", "key")
"""Makes a name secret-like as the end of one of its words: `requirepass`, `sshkey`."""
LAST_SECRET_WORDS = frozenset({"auth", "code", "login"})
"""Makes a name secret-like as its last word: `REDIS_AUTH` holds a secret, `AUTH_SERVICE_HOST` a host."""
HOST_WORDS = frozenset(
    {
        *(
            "host",
            "hosts",
            "hostname",
            "addr",
            "address",
            "endpoint",
            "endpoints",
            "server",
            "servers",
            "service",
            "svc",
        ),
        *("url", "uri", "upstream", "backend", "broker", "brokers", "target", "dns", "proxy", "origin"),
    }
)
"""A word without dots may be anything: it is a host behind a name that says so in one of its words."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_PORT = r"(?::[0-9]{1,5})?"
_UNITS = r"(?:ns|us|µs|ms|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?|w|weeks?)"
_NUMBER = r"[+-]?[0-9]{1,12}(?:\.[0-9]{1,6})?"
"""More digits are a number of a card or an account."""
_PLAIN = (
    re.compile(_NUMBER),
    re.compile(r"(?i:true|false|yes|no|on|off|enabled|disabled)"),
    re.compile(rf"[0-9]{{1,9}}(?:\.[0-9]{{1,6}})? ?{_UNITS}|(?:[0-9]{{1,6}}(?:d|h|ms?|s)){{2,4}}"),
    re.compile(r"P(?:[0-9]{1,4}D)?(?:T(?:[0-9]{1,6}H)?(?:[0-9]{1,6}M)?(?:[0-9]{1,6}(?:\.[0-9]{1,3})?S)?)?(?<![PT])"),
    re.compile(rf"{_NUMBER}(?:e[0-9]{{1,2}}|[numkKMGTPE]i?B?|[kmgt]b?|%)"),
)
"""Numbers, booleans, durations as Go, people and ISO 8601 write them, quantities of Kubernetes and of JVMs."""
_COMPONENT = r"[a-z0-9]+(?:[._-]{1,2}[a-z0-9]+)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"
_DIGEST = r"@sha256:[0-9a-f]{64}"
_REGISTRY = r"(?:localhost|[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+)(?::[0-9]{1,5})?"
_IMAGE = (
    re.compile(rf"{_REGISTRY}(?:/{_COMPONENT}){{1,8}}(?::{_TAG}(?:{_DIGEST})?|{_DIGEST})"),
    re.compile(
        rf"(?:{_COMPONENT}/){{0,2}}{_COMPONENT}(?::v?[0-9]{{1,9}}(?:\.[0-9]{{1,9}}){{1,3}}(?:-[a-z0-9.]{{1,24}})?|{_DIGEST})"
    ),
)
"""With a registry any tag; without one only a version or a digest: `user:word` is a way to write a password."""
_SCHEME = r"(?:(?:https?|grpcs?|tcp|udp|wss?|rediss?|amqps?|mysql|postgres(?:ql)?|mongodb|kafka|nats)://)?"
_CLUSTER_HOST = re.compile(rf"{_SCHEME}{_LABEL}(?:\.{_LABEL}){{1,3}}\.svc(?:\.cluster\.local)?\.?{_PORT}/?")
_SHORT_HOST = re.compile(rf"{_SCHEME}{_LABEL}(?:\.{_LABEL})?{_PORT}/?")
"""`name` and `name.namespace`, as pods of the cluster find a Service."""
_HASH_BYTES = 16
_MAX_KEY_BYTES = hashlib.blake2b.MAX_KEY_SIZE


def showable(name: str, value: str, secret_names: Iterable[str] = ()) -> bool:
    """Tell whether the value of a variable or a flag may be stored and shown.

    `name` is that of the variable or flag, of at least two letters: what stands behind no name is not shown.
    `secret_names` are texts that make a name secret-like as well, in addition to the lists of this module.
    """
    if len(value) > MAX_VALUE_CHARS or is_secret_like(name, secret_names):
        return False
    return any(form.fullmatch(value) for form in (*_PLAIN, *_IMAGE)) or _is_host(name, value)


def is_measure(value: str) -> bool:
    """Tell whether a value is a number, a boolean, a duration or a quantity."""
    return len(value) <= MAX_VALUE_CHARS and any(form.fullmatch(value) for form in _PLAIN)


def is_secret_like(name: str, secret_names: Iterable[str] = ()) -> bool:
    """Tell whether a variable or flag is called as secrets are; one letter or another script counts as well."""
    words = [word.lower() for word in _WORD.findall(name)]
    joined = "".join(words)
    if (
        len(joined) < 2
        or not name.isascii()
        or words[-1] in LAST_SECRET_WORDS
        or any(part in joined for part in SECRET_PARTS)
    ):
        return True
    if any(word in SECRET_WORDS or word.endswith(SECRET_ENDS) for word in words):
        return True
    return any(_letters(each) and _letters(each) in joined for each in secret_names)


def keyed_hash(key: bytes, value: str) -> str:
    """Return what tells a value apart from others without telling it: 32 hexadecimal digits.

    Raise ValueError where the key is empty: whoever can guess a value could then find it.
    """
    if not key:
        raise ValueError("the key of a hash is empty: short values could be guessed")
    if len(key) > _MAX_KEY_BYTES:
        key = hashlib.blake2b(key).digest()
    return hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES, key=key).hexdigest()


def _is_host(name: str, value: str) -> bool:
    if _CLUSTER_HOST.fullmatch(value):
        return True
    words = {word.lower() for word in _WORD.findall(name)}
    return not words.isdisjoint(HOST_WORDS) and _SHORT_HOST.fullmatch(value) is not None


def _letters(name: str) -> str:
    return "".join(_WORD.findall(name)).lower()
