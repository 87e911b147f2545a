"""HTTPRoutes: backends with their shares, and what is only compared."""

from functools import partial

from tests.unit.sources.changed_case import changes, deletion, spec
from tests.unit.sources.watched_case import Manifest


def route(*backends: tuple[str, int], **rule: object) -> Manifest:
    """Return HTTPRoute edge with one rule."""
    refs = [{"name": name, "port": 80, "weight": weight} for name, weight in backends]
    return spec("edge", {"hostnames": ["shop.example"], "rules": [{"backendRefs": refs, **rule}]})


BEFORE = route(("web", 100), ("canary", 0))
change = partial(changes, "httproutes")

CASES = [
    change(
        "shares",
        BEFORE,
        route(("web", 10), ("canary", 90)),
        "rule 1 backends web:80=100,canary:80=0 -> web:80=10,canary:80=90",
    ),
    change(
        "timeout",
        BEFORE,
        route(("web", 100), ("canary", 0), timeouts={"request": "1s"}),
        "rule 1 timeout request 1s added",
    ),
    change("filter", BEFORE, route(("web", 100), ("canary", 0), filters=[{"type": "RequestMirror"}]), "rule 1 filters"),
    change("status only", BEFORE, BEFORE | {"status": {"parents": []}}, *()),
    deletion("httproutes", "deleted", BEFORE),
]
