"""An API server for tests that knows nothing but LISTs: what it holds is laid out by path."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from noctuary.kube.client import KubeClient
from testbed.pagerduty.server import LoopbackServer

VERSION = "7"


class ListedObjects:
    """Answers in pages of the size that is asked for; a path that nothing was laid out for is an empty list."""

    def __init__(self) -> None:
        self.by_path: dict[str, list[dict[str, Any]]] = {}  # raw JSON
        self.queries: list[Mapping[str, str]] = []
        self.silent: set[str] = set()
        """Paths that never answer."""
        self.refused: set[str] = set()
        """Paths that this client may not list."""
        self.expired_from: int | None = None
        """From this object on, pages have expired."""

    async def answer(self, request: Request) -> Response:
        """Answer one LIST."""
        query = request.query_params
        self.queries.append(dict(query))
        if request.url.path in self.refused:
            return JSONResponse({"reason": "Forbidden", "message": "not for you", "code": 403}, 403)
        if "watch" in query:  # nothing ever changes
            await asyncio.Event().wait()
        begin, limit = int(query.get("continue", "0")), int(query["limit"])
        if self.expired_from is not None and begin >= self.expired_from:
            return JSONResponse({"reason": "Expired", "message": "too old", "code": 410}, 410)
        if request.url.path in self.silent:
            await asyncio.Event().wait()
        found = [each for each in self.by_path.get(request.url.path, []) if _is_selected(each, query)]
        rest = {"continue": str(begin + limit)} if len(found) > begin + limit else {}
        items = found[begin : begin + limit] or None  # as lists of metadata are
        return JSONResponse({"items": items, "metadata": {"resourceVersion": VERSION, **rest}})

    @asynccontextmanager
    async def serving(self, directory: Path) -> AsyncIterator[KubeClient]:
        """Serve on a loopback port; hand out a client."""
        server = LoopbackServer(Starlette(routes=[Route("/{path:path}", self.answer)]), 0)
        await server.start()
        client = await KubeClient.connect(_write_kubeconfig(directory, server.url))
        try:
            yield client
        finally:
            await client.close()
            await server.stop()


def _is_selected(obj: dict[str, Any], query: Mapping[str, str]) -> bool:
    """Tell whether a selector finds an object; one without labels is always found."""
    labels = obj["metadata"].get("labels") if isinstance(obj["metadata"], dict) else None
    selector = query.get("labelSelector", "")
    if labels is None or not selector:
        return True
    name, is_set, values = selector.partition(" in (")
    if is_set:
        return str(labels.get(name)) in values.rstrip(")").split(",")
    return bool(dict(each.split("=") for each in selector.split(",")).items() <= labels.items())


def _write_kubeconfig(directory: Path, url: str) -> Path:
    path = directory / "kubeconfig"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lists", "cluster": {"server": url}}],
        "contexts": [{"name": "lists", "context": {"cluster": "lists", "user": "nobody"}}],
        "users": [{"name": "nobody", "user": {}}],
        "current-context": "lists",
    }
    path.write_text(yaml.safe_dump(config))
    return path
