"""A queue whose takers serve one namespace after the other."""

import asyncio
from collections import deque


class Turns:
    """Keys in the order of their namespaces' turns: the first of each, then the second of each that has one."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[str]] = {}
        self._filled = asyncio.Semaphore(0)

    def put(self, namespace: str, key: str) -> None:
        """Add a key at the end of its namespace's."""
        self._waiting.setdefault(namespace, deque()).append(key)
        self._filled.release()

    async def get(self) -> str:
        """Take the next key; the namespace it came from is at the end then."""
        await self._filled.acquire()
        namespace = next(iter(self._waiting))
        keys = self._waiting.pop(namespace)
        key = keys.popleft()
        if keys:
            self._waiting[namespace] = keys
        return key
