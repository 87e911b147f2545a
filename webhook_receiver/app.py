"""The public application: what the internet may reach."""

from starlette.applications import Starlette

from webhook_receiver.asgi import Receive, Scope, Send
from webhook_receiver.deps import Deps
from webhook_receiver.routes.events import EVENTS_PATH, EventsRoute
from webhook_receiver.routes.pagerduty import PREFIX, WebhookRoute


class PublicApp:
    """Hands the two hot routes to plain ASGI functions, and the rest to Starlette."""

    def __init__(self, deps: Deps) -> None:
        self._webhooks = WebhookRoute(deps)
        self._events = EventsRoute(deps)
        self._rest = Starlette()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope.get("path", "")
        if scope["type"] != "http":
            await self._rest(scope, receive, send)
        elif path.startswith(PREFIX):
            await self._webhooks(scope, receive, send)
        elif path == EVENTS_PATH:
            await self._events(scope, receive, send)
        else:
            await self._rest(scope, receive, send)


def create_app(deps: Deps) -> PublicApp:
    """Build the public application."""
    return PublicApp(deps)
