"""The public application: what the internet may reach."""

from collections.abc import Awaitable

from webhook_receiver.asgi import Receive, Scope, Send, refuse, send_answer
from webhook_receiver.deps import Deps
from webhook_receiver.routes.events import EVENTS_PATH, EventsRoute
from webhook_receiver.routes.pagerduty import PREFIX, WebhookRoute

NOTHING_HERE = refuse(
    404, "unknown_path", f"Nothing is served here; webhooks go to {PREFIX}<id>/<token>, events to {EVENTS_PATH}"
).answer


class PublicApp:
    """Hands the two hot routes to plain ASGI functions, and answers the rest that there is nothing."""

    def __init__(self, deps: Deps) -> None:
        self._webhooks = WebhookRoute(deps)
        self._events = EventsRoute(deps)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request."""
        sent: str = scope["path"]
        path = scope["path"] = tidy(sent)
        if path.startswith(PREFIX) or sent.startswith(PREFIX):
            return self._webhooks(scope, receive, send)
        if path == EVENTS_PATH:
            return self._events(scope, receive, send)
        return send_answer(send, NOTHING_HERE)


def tidy(path: str) -> str:
    """Return a path without the slashes and spaces that copying a URL adds: for PagerDuty a 404 is for ever."""
    if "//" not in path and not path.endswith("/") and path == path.strip():
        return path
    return "/" + "/".join(part for part in path.strip().split("/") if part)


def create_app(deps: Deps) -> PublicApp:
    """Build the public application."""
    return PublicApp(deps)
