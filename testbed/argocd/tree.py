"""Argo CD's resource trees, read where its web page reads them: in Redis."""

import json
import socket
from dataclasses import dataclass
from typing import Any

_TIMEOUT_S = 10.0
_KEY = "app|resources-tree|"


@dataclass(frozen=True)
class Node:
    """One object of an Application: what Git declares, or what belongs to such an object."""

    kind: str
    namespace: str
    name: str
    parents: tuple[str, ...]
    """The names of the objects it belongs to; empty for what Git declares."""
    health: str | None


def read_tree(redis: tuple[str, int], application: str) -> list[Node]:
    """Return the resource tree of an Application, empty until Argo CD has made one."""
    keys = _ask(redis, "KEYS", f"{_KEY}{application}|*")
    if not keys:
        return []
    stored = json.loads(_ask(redis, "GET", keys[0]))
    return [_node(each) for each in stored.get("nodes") or []]


def _node(raw: dict[str, Any]) -> Node:
    parents = tuple(parent["name"] for parent in raw.get("parentRefs") or [])
    return Node(raw["kind"], raw.get("namespace", ""), raw["name"], parents, (raw.get("health") or {}).get("status"))


def _ask(redis: tuple[str, int], *words: str) -> Any:
    """Send one command of the Redis protocol and return its answer."""
    parts = [f"*{len(words)}\r\n"]
    parts += [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
    with socket.create_connection(redis, timeout=_TIMEOUT_S) as connection, connection.makefile("rb") as answers:
        connection.sendall("".join(parts).encode())
        return _read(answers)


def _read(answers: Any) -> Any:
    line = answers.readline().decode().strip()
    mark, rest = line[:1], line[1:]
    if mark == "*":
        return [_read(answers) for _ in range(int(rest))]
    if mark == "$":
        return answers.read(int(rest) + 2)[:-2].decode() if int(rest) >= 0 else ""
    raise ValueError(f"Redis answered {line!r}, which is neither text nor a list")
