"""LISTs of one resource, page by page."""

from collections.abc import Mapping
from typing import Generic, TypeVar

import msgspec

from noctuary.kube.client import JSON, KubeClient
from noctuary.kube.decoding import PageDecoder

PAGE_SIZE = 500
"""Objects per LIST page: bounds the longest pause of the event loop."""
MAX_PAGE_BYTES = 16 * 1024 * 1024
"""A page that is longer is asked for again in smaller parts: 500 objects of 1 MB must not take 500 MB of memory.

Ordinary pages of 500 are of 1 to 10 MB.
"""
SMALLER = 8
"""By what a page's size is divided when it was too long: two attempts more lead from 500 objects to those of 1.5 MB."""
LARGER = 2
"""By what it grows again after a page that was less than half as long as allowed."""

T = TypeVar("T")


class Listing(msgspec.Struct, Generic[T]):
    """What a LIST found; `is_partial` when there are more objects than were asked for."""

    objects: list[T]
    resource_version: str
    is_partial: bool = False
    length: int = 0
    """Bytes of the answers that were kept."""


async def list_objects(
    client: KubeClient,
    path: str,
    kind: type[T],
    *,
    selectors: Mapping[str, str] | None = None,
    accept: str = JSON,
    from_cache: bool = False,
    max_objects: int | None = None,
    max_bytes: int | None = None,
) -> Listing[T]:
    """Return the objects under a path, the first `max_objects` at most; `from_cache` spares etcd a quorum read.

    Where they have more than `max_bytes` as JSON, the first ones are returned, about so many.

    Raises KubernetesError, of status 410 when the pages that are left have expired.
    """
    decoder = PageDecoder(kind)
    pages = _Pages(client, path, accept, min(PAGE_SIZE, max_objects or PAGE_SIZE), max_bytes)
    query: dict[str, str | int] = dict(selectors or {})
    if from_cache:
        query["resourceVersion"] = "0"
    objects: list[T] = []
    length = 0
    while True:
        answer = await pages.get(query)
        length += len(answer)
        page = decoder.decode(answer)
        objects += page.items or ()
        is_enough = max_objects is not None and len(objects) >= max_objects
        is_enough = is_enough or (max_bytes is not None and length >= max_bytes // LARGER)
        if is_enough or not page.metadata.continue_:
            kept = objects[:max_objects]
            is_partial = bool(page.metadata.continue_) or len(kept) < len(objects)
            return Listing(kept, page.metadata.resource_version, is_partial, length)
        query["continue"] = page.metadata.continue_
        query.pop("resourceVersion", None)  # a continued list has its version in the token


class _Pages:
    """Gets page after page, each of as many objects as fit into `MAX_PAGE_BYTES`, or into fewer where asked so."""

    def __init__(self, client: KubeClient, path: str, accept: str, most: int, max_bytes: int | None) -> None:
        self._client = client
        self._path = path
        self._accept = accept
        self._most = most
        self._max_bytes = MAX_PAGE_BYTES if max_bytes is None else min(max_bytes, MAX_PAGE_BYTES)
        self._limit = most

    async def get(self, query: Mapping[str, str | int]) -> bytes:
        """Return the page that a query without a limit leads to; a single object is taken however long it is."""
        while self._limit > 1:
            asked: dict[str, str | int] = {**query, "limit": self._limit}
            answer = await self._client.get_within(self._path, self._max_bytes, query=asked, accept=self._accept)
            if answer is not None:
                self._grow(len(answer))
                return answer
            self._limit = max(1, self._limit // SMALLER)
            query = {name: value for name, value in query.items() if name != "resourceVersion"}  # "0" ignores the limit
        answer = await self._client.get(self._path, query={**query, "limit": 1}, accept=self._accept)
        self._grow(len(answer))
        return answer

    def _grow(self, length: int) -> None:
        if length * LARGER < self._max_bytes:
            self._limit = min(self._most, self._limit * LARGER)
