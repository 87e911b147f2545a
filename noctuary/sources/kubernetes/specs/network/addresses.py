"""Names of Services in the values of variables and arguments: only what can be one, and nothing else of a value."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from noctuary.sources.kubernetes.specs.pods import LiveContainer

MAX_CHARACTERS = 2000
"""Of one value that are searched: an address is shorter, a whole configuration is not read for some."""
MAX_VALUES = 500
"""Variables, and arguments, of one container that are searched: a template may have tens of thousands."""
MAX_PORT = 65535
MAX_ADDRESSES = 50
"""Of one container."""
_URL = re.compile(
    r"([a-z][a-z0-9+]{0,20})://(?:[^/@\s,]{0,200}@)?([a-z0-9][-a-z0-9.]{0,252})(?::([0-9]{1,5}))?(?![-a-z0-9.:$])"
)
_HOST = re.compile(r"([a-z0-9][-a-z0-9.]{0,252})(?::([0-9]{1,5}))?")
_BETWEEN = re.compile(r"[,;\s]+")
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+")
_FLAG = re.compile(r"--?([A-Za-z][-A-Za-z0-9._]{0,60})=(.+)", re.DOTALL)
_DEFAULT_PORTS = {"http": 80, "https": 443, "postgres": 5432, "postgresql": 5432, "mysql": 3306, "redis": 6379}
"""What is called where an address names no port."""
_CALLED = frozenset(
    {
        *("host", "hosts", "hostname", "addr", "addrs", "address", "addresses", "url", "urls", "uri", "dsn"),
        *("endpoint", "endpoints", "server", "servers", "broker", "brokers", "upstream", "upstreams", "service"),
        *("backend", "backends", "connection", "proxy", "remote", "bootstrap", "seeds", "peers", "target"),
    }
)
"""Words in the name of what holds an address that is called."""
_NOT_CALLED = frozenset(
    {"bind", "listen", "listener", "listening", "public", "external", "advertised", "virtual", "allowed", "own", "self"}
)
"""Words in the name of what holds an address of one's own."""
_OWN = frozenset({"HOST", "HOSTNAME", "SERVER_NAME"})
_HOST_ENDS = ("_HOST", "_HOSTNAME", "_ADDR", "_SERVER")
_CLUSTER_DOMAIN = ".cluster.local"


class Address(NamedTuple):
    """A Service that something calls: by `name`, in its own namespace or another; port 0 where none is told.

    `told` is the host, with its port where the value names one. `is_sure`: the value can only be an address.
    """

    service: str
    namespace: str
    port: int
    told: str
    is_sure: bool
    container: str = ""
    variable: str = ""
    """The variable that holds it; empty: an argument does."""


def addresses_of(container: LiveContainer, namespace: str, known: Collection[str]) -> list[Address]:
    """Return the Services that a container is told to call; `known` are the namespaces that can be told apart."""
    env = {each.name: each.value for each in container.env()[:MAX_VALUES] if each.value}
    found: dict[tuple[str, str, int], Address] = {}
    for name, value in env.items():
        port = _port_beside(name, env)
        for each in _in_value(name, value, namespace, known):
            told = each._replace(port=each.port or port, container=container.name, variable=name)
            found.setdefault((told.namespace, told.service, told.port), told)
    for word in container.words()[:MAX_VALUES]:
        flag = _FLAG.fullmatch(word[:MAX_CHARACTERS])
        name, value = (flag[1], flag[2]) if flag else ("", word)
        for each in _in_value(name, value, namespace, known):
            found.setdefault((each.namespace, each.service, each.port), each._replace(container=container.name))
    return list(found.values())[:MAX_ADDRESSES]


def _in_value(name: str, value: str, namespace: str, known: Collection[str]) -> Iterator[Address]:
    text = value[:MAX_CHARACTERS]
    is_url = "://" in text
    if is_url:
        for scheme, host, port in _URL.findall(text):
            number = int(port or 0) or _DEFAULT_PORTS.get(scheme, 0)
            yield from _placed(host, port, number, namespace, known, is_sure=True)
    words = {word.lower() for word in _WORD.findall(name)}
    is_called = not words.isdisjoint(_CALLED) and words.isdisjoint(_NOT_CALLED) and name not in _OWN
    for token in [] if is_url else _BETWEEN.split(text):
        found = _HOST.fullmatch(token)
        if found is None or not (is_called or ".svc" in found[1]):
            continue
        is_sure = bool(found[2]) or ".svc" in found[1]
        yield from _placed(found[1], found[2] or "", int(found[2] or 0), namespace, known, is_sure=is_sure)


def _placed(
    host: str, port: str, number: int, namespace: str, known: Collection[str], *, is_sure: bool
) -> Iterator[Address]:
    """Yield the Service that a host is: `name`, `name.ns`, or what ends in `.svc`; a pod's name before is skipped."""
    told = f"{host}:{port}" if port else host
    plain = host.removesuffix(_CLUSTER_DOMAIN)
    labels = plain.removesuffix(".svc").split(".")
    if not all(labels) or labels[-1].isdecimal() or number > MAX_PORT or labels == ["localhost"]:
        return
    if len(labels) == 1 and not plain.endswith(".svc"):
        yield Address(labels[0], namespace, number, told, is_sure)
    elif len(labels) in (2, 3) and (labels[-1] in known):
        yield Address(labels[-2], labels[-1], number, told, is_sure)


def _port_beside(name: str, env: Mapping[str, str | None]) -> int:
    """Return the port that a variable beside tells: DB_PORT beside DB_HOST."""
    stem = next(
        (name.removesuffix(end) for end in ("_HOST", "_HOSTNAME", "_ADDR", "_SERVER") if name.endswith(end)), ""
    )
    told = (env.get(f"{stem}_PORT") if stem else None) or ""
    return int(told) if told.isascii() and told.isdecimal() and len(told) <= len(str(MAX_PORT)) else 0
