"""Roles: what may be done, and who is bound to them."""

from functools import partial

from noctuary.models import details
from tests.unit.sources.cases.changes.role_bindings import binding
from tests.unit.sources.changed_case import changes, deletion
from tests.unit.sources.watched_case import Case, Manifest, manifest


def role(*verbs: str, resource: str = "configmaps") -> Manifest:
    """Return Role reader."""
    return manifest("reader") | {"rules": [{"apiGroups": [""], "resources": [resource], "verbs": list(verbs)}]}


change = partial(changes, "roles")

CASES = [
    change("verbs", role("get", "list"), role("get"), "verbs of configmaps get,list -> get"),
    change(
        "resource",
        role("get"),
        role("get", resource="pods/exec"),
        "verbs of configmaps get removed, verbs of pods/exec get added",
    ),
    change("order only", role("get", "list"), role("list", "get"), *()),
    Case("new", role("get"), [], change="ADDED"),
    deletion("roles", "deleted", role("get")),
    Case(
        "reaches the accounts that are bound to it",
        role("get"),
        [{f"details.{details.REACH}": '{"accounts":["web"]}'}],
        listed={"roles": [role("get", "list")], "rolebindings": [binding("web")]},
    ),
]
