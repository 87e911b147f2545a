"""The API server of a played cluster: what is there, as reads ask for it. Loaded by older releases, too."""

import json
from collections.abc import Mapping
from urllib.parse import unquote

from noctuary.common.errors import KubernetesError
from noctuary.kube.reflector import ChangeType
from testbed.before_after.objects import Json

Query = Mapping[str, str | int]


class ApiServer:
    """Holds raw objects and answers lists and reads of one, as a connection to a real one does."""

    def __init__(self) -> None:
        self._objects: dict[tuple[str, str], Json] = {}

    def keep(self, raw: Json) -> ChangeType:
        """Keep an object and return what a watch says of it."""
        key = _key(raw)
        change: ChangeType = "MODIFIED" if key in self._objects else "ADDED"
        self._objects[key] = raw
        return change

    def drop(self, raw: Json) -> Json:
        """Forget an object and return its last state."""
        return self._objects.pop(_key(raw))

    async def get(self, path: str, query: Query | None = None, accept: str = "") -> bytes:  # noqa: ARG002
        """Answer a request for a list, or for one object by its name."""
        resource, name = _asked_for(path)
        found = [each for (kind, _), each in self._objects.items() if _plural(kind) == resource]
        if not name:
            items = [each for each in found if _is_asked_for(each["metadata"], query or {})]
            return json.dumps({"metadata": {"resourceVersion": "1"}, "items": items}).encode()
        named = next((each for each in found if each["metadata"]["name"] == name), None)
        if named is None:
            raise KubernetesError(404, "NotFound", f"{name} not found")
        return json.dumps(named).encode()

    async def get_within(
        self,
        path: str,
        max_bytes: int,  # noqa: ARG002
        *,
        query: Query | None = None,
        accept: str = "",
    ) -> bytes:
        """Answer a request for a list: what is played is never long."""
        return await self.get(path, query, accept)


def _asked_for(path: str) -> tuple[str, str]:
    """Return the plural of a kind and, where one object is asked for, its name; whatever namespace it is in."""
    parts = path.removeprefix("/apis/").removeprefix("/api/").split("/")
    rest = parts[2 if path.startswith("/apis/") else 1 :]
    if rest[0] == "namespaces":
        rest = rest[2:]
    return rest[0], unquote(rest[1]) if len(rest) > 1 else ""


def _plural(kind: str) -> str:
    """Return how a path names a kind; of one that nobody plays there is nothing."""
    word = kind.lower()
    if word.endswith("y"):
        return f"{word.removesuffix('y')}ies"
    return f"{word}es" if word.endswith("s") else f"{word}s"


def _key(raw: Json) -> tuple[str, str]:
    return raw["kind"], raw["metadata"]["uid"]


def _is_asked_for(metadata: Json, query: Query) -> bool:
    labels = [each.partition("=") for each in str(query.get("labelSelector", "")).split(",") if each]
    name = str(query.get("fieldSelector", "")).partition("=")[2]
    own = metadata.get("labels", {})
    return name in ("", metadata["name"]) and all(own.get(key) == value for key, _, value in labels)
