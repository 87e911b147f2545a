"""RoleBindings: who is granted what."""

from functools import partial

from noctuary.models import details
from tests.unit.sources.changed_case import changes, deletion
from tests.unit.sources.watched_case import Manifest, manifest


def binding(*accounts: str, role: str = "reader") -> Manifest:
    """Return RoleBinding readers."""
    subjects = [{"kind": "ServiceAccount", "name": name, "namespace": "shops"} for name in accounts]
    return manifest("readers") | {"roleRef": {"kind": "Role", "name": role}, "subjects": subjects}


change = partial(changes, "rolebindings")

CASES = [
    change("subject", binding("web", "job"), binding("job"), "subject ServiceAccount shops/web removed"),
    deletion("rolebindings", "deleted", binding("web"), **{f"details.{details.REACH}": '{"accounts":["web"]}'}),
]
