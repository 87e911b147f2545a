"""What a controller does with the Ingresses and HTTPRoutes of a namespace, in this process: host and path decide."""

from collections.abc import Callable, Mapping
from typing import Any, Self

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from testbed.pagerduty.server import LoopbackServer
from testbed.stage.kube import Kube

NETWORKING = "/apis/networking.k8s.io/v1"
GATEWAY = "/apis/gateway.networking.k8s.io/v1"
PASSED_ON = ("content-type", "user-agent", "x-pagerduty-signature", "x-webhook-id", "x-webhook-subscription")
NO_ROUTE, NO_BACKEND = 404, 502

Rule = tuple[str, str, str]
"""(host, path, Service)"""


class RouteController:
    """Leads each request where a route of the namespace says at that moment, and answers 404 where none does."""

    def __init__(self, kube: Kube, namespace: str, services: Mapping[str, str], port: int) -> None:
        """Take the address behind each Service's name: no kube-proxy runs here."""
        self._port = port
        self._kube = kube
        self._namespace = namespace
        self._services = services
        self._server: LoopbackServer | None = None

    async def __aenter__(self) -> Self:
        self._client = httpx.AsyncClient(trust_env=False)
        self._server = LoopbackServer(self._answer, self._port)
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            await self._server.stop()
        await self._client.aclose()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        service = await self._service(request.url.hostname or "", request.url.path)
        answer = Response(status_code=NO_ROUTE) if service is None else await self._pass_on(request, body, service)
        await answer(scope, receive, send)

    async def _service(self, host: str, path: str) -> str | None:
        rules = [
            rule
            for plural, (api, rules_of) in KINDS.items()
            for route in await self._kube.list(api, self._namespace, plural)
            for rule in rules_of(route)
        ]
        return next((name for of, prefix, name in rules if of == host and f"{path}/".startswith(f"{prefix}/")), None)

    async def _pass_on(self, request: Request, body: bytes, service: str) -> Response:
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        try:
            answer = await self._client.request(
                request.method, self._services[service] + request.url.path, content=body, headers=headers
            )
        except httpx.TransportError:
            return Response(status_code=NO_BACKEND)
        return Response(answer.content, answer.status_code)


def _rules_of_ingress(ingress: dict[str, Any]) -> list[Rule]:
    return [
        (rule["host"], path["path"], path["backend"]["service"]["name"])
        for rule in ingress["spec"]["rules"]
        for path in rule["http"]["paths"]
    ]


def _rules_of_http_route(route: dict[str, Any]) -> list[Rule]:
    return [
        (host, match["path"]["value"], rule["backendRefs"][0]["name"])
        for host in route["spec"]["hostnames"]
        for rule in route["spec"]["rules"]
        for match in rule["matches"]
    ]


KINDS: Mapping[str, tuple[str, Callable[[dict[str, Any]], list[Rule]]]] = {
    "ingresses": (NETWORKING, _rules_of_ingress),
    "httproutes": (GATEWAY, _rules_of_http_route),
}
"""By the plural of the kind: its API, and the rules of one object."""
