"""Plain requests to the API server on the official client's connection: bytes in, bytes out."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from kubernetes.aio.client import ApiClient, Configuration

from noctuary.common.errors import NO_LOGIN, InvalidInput, KubernetesError, KubernetesUnavailable
from noctuary.kube.login import HOW_TO_LOG_IN, UNUSABLE, Login, problem_of

JSON = "application/json"
METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"
"""Asks for metadata only: answers to writes are a tenth of the size, and Secret values stay where they are."""
METADATA_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
REQUEST_TIMEOUT_S = 30.0
"""Longer than the API server's own slow paths, shorter than a person's patience."""
MAX_CONNECTIONS = 48
"""Requests at once: enough to keep a 2-core API server busy."""
UNAVAILABLE = frozenset({408, 429, 500, 502, 503, 504})

Query = Mapping[str, str | int]


class ApiStatus(msgspec.Struct):
    """The API server's error body (meta/v1 Status)."""

    reason: str = ""
    message: str = ""
    code: int = 0


class KubeClient:
    """Requests with fresh credentials and typed errors; close it when done."""

    def __init__(self, api: ApiClient, login: Login) -> None:
        self._api = api
        self.login = login
        self._host: str = api.configuration.host.rstrip("/")
        if api.rest_client.pool_manager is None:
            api.rest_client.pool_manager = api.rest_client._create_pool_manager()  # noqa: SLF001 - made lazily by the client
        self._session: aiohttp.ClientSession = api.rest_client.pool_manager

    @classmethod
    async def connect(cls, kubeconfig: Path | None = None) -> "KubeClient":
        """Log in by kubeconfig, else by the pod's account, else by KUBECONFIG or ~/.kube/config.

        Raises InvalidInput where none of them says how the API server is reached.
        """
        login = Login(kubeconfig)
        try:
            return cls(ApiClient(await cls._configuration(login)), login)
        except UNUSABLE as error:
            raise InvalidInput("NOCTUARY_KUBECONFIG", problem_of(error), HOW_TO_LOG_IN) from error

    @staticmethod
    async def _configuration(login: Login) -> Configuration:
        configuration = await login.configuration()
        configuration.connection_pool_maxsize = MAX_CONNECTIONS
        # Else the transport reads ~/.netrc in a thread of its own before every single request.
        configuration.client_session_kwargs = {"trust_env": False}
        return configuration

    @property
    def server(self) -> str:
        """The address of the API server, for people."""
        return self._host

    async def close(self) -> None:
        """Close all connections."""
        await self._api.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: bytes | None = None,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> bytes:
        """Send one request and return the body; raise KubernetesError or KubernetesUnavailable."""
        timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S)
        async with self.stream(
            method, path, query=query, body=body, content_type=content_type, accept=accept, timeout=timeout
        ) as response:
            return await response.read()

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - handed to the transport, which enforces it
        query: Query | None = None,
        body: bytes | None = None,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Open one response, whose status is a success, and close it at the end."""
        try:
            for attempt in (1, 2):
                headers = await self._headers(accept, content_type if body is not None else None)
                async with self._session.request(
                    method, self._host + path, params=query, data=body, headers=headers, timeout=timeout
                ) as response:
                    if response.status == 401 and attempt == 1:
                        self.login.expire()
                        continue
                    await _raise_for_status(response)
                    yield response
                    return
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise KubernetesUnavailable(0, type(error).__name__, f"{method} {path} got no answer") from error

    async def _headers(self, accept: str, content_type: str | None) -> dict[str, str]:
        headers = {"Accept": accept}
        if content_type is not None:
            headers["Content-Type"] = content_type
        try:
            authorization = await self.login.authorization()
        except UNUSABLE as error:  # its file is being replaced, or is gone for now
            raise KubernetesUnavailable(0, NO_LOGIN, problem_of(error)) from error
        if authorization is not None:
            headers["Authorization"] = authorization
        return headers

    async def get(self, path: str, *, query: Query | None = None, accept: str = JSON) -> bytes:
        """Get one object or list as bytes."""
        return await self.request("GET", path, query=query, accept=accept)

    async def get_within(
        self, path: str, max_bytes: int, *, query: Query | None = None, accept: str = JSON
    ) -> bytes | None:
        """Get a list as bytes; None, without having kept more than that, when it is longer than `max_bytes`."""
        timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S)
        chunks, length = [], 0
        async with self.stream("GET", path, query=query, accept=accept, timeout=timeout) as response:
            async for chunk in response.content.iter_any():
                length += len(chunk)
                if length > max_bytes:
                    return None
                chunks.append(chunk)
        return b"".join(chunks)

    async def apply(self, path: str, manifest: Mapping[str, Any], *, manager: str, force: bool = True) -> bytes:
        """Apply a manifest server-side; return the new metadata.

        Fields that others changed are taken over, without `force` they are a conflict: 409, and nothing is written.
        """
        query = {"fieldManager": manager, "force": str(force).lower()}
        body = msgspec.json.encode(manifest)
        return await self.request("PATCH", path, query=query, body=body, content_type=APPLY, accept=METADATA)

    async def create(self, path: str, manifest: Mapping[str, Any]) -> bytes:
        """Create an object."""
        return await self.request("POST", path, body=msgspec.json.encode(manifest))

    async def replace(self, path: str, manifest: Mapping[str, Any]) -> bytes:
        """Replace an object; the resourceVersion in the manifest is checked."""
        return await self.request("PUT", path, body=msgspec.json.encode(manifest))

    async def delete(self, path: str, *, uid: str | None = None) -> None:
        """Delete an object, only that of the given uid; one that is gone already is no error."""
        options: dict[str, Any] = {"propagationPolicy": "Background"}
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        try:
            await self.request("DELETE", path, body=msgspec.json.encode(options), accept=METADATA)
        except KubernetesError as error:
            if not error.not_found:
                raise


async def _raise_for_status(response: aiohttp.ClientResponse) -> None:
    if response.status < 400:
        return
    raw = await response.read()
    try:
        status = msgspec.json.decode(raw, type=ApiStatus)
    except msgspec.DecodeError:
        status = ApiStatus(message=raw[:200].decode(errors="replace"))
    kind = KubernetesUnavailable if response.status in UNAVAILABLE else KubernetesError
    raise kind(response.status, status.reason or response.reason or "", status.message)
