"""RoleBindings: which ServiceAccounts have the rights of a role."""

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from noctuary.kube.objects import Struct
from noctuary.models.reaching.reach import EVERY_ACCOUNT, Reach
from noctuary.sources.kubernetes.changes.facts import Facts, called, plain
from noctuary.sources.kubernetes.changes.label_selectors import some
from noctuary.sources.kubernetes.changes.objects import ChangedObject
from noctuary.sources.kubernetes.changes.sink import ChangeKind, watch_changes

ROLE = "role"
"""The fact that names the role which a binding grants."""
_ACCOUNTS = "system:serviceaccounts"
"""The group of all ServiceAccounts; with `:` and a namespace behind it, of those of one."""


class RoleRef(Struct):
    """The role that is granted."""

    kind: str = ""
    name: str = ""


class Subject(Struct):
    """Who is granted it."""

    kind: str = ""
    name: str = ""
    namespace: str = ""


class RoleBinding(ChangedObject):
    """rbac.authorization.k8s.io/v1 RoleBinding."""

    group: ClassVar[str] = "rbac.authorization.k8s.io"
    content: ClassVar[bytes] = b'"f:subjects"'
    role_ref: RoleRef = msgspec.field(default_factory=RoleRef)
    subjects: list[Subject] = msgspec.field(default_factory=list)


def binding_facts(obj: RoleBinding) -> Facts:
    """Return which role is granted, and to whom."""
    facts = {ROLE: plain(f"{obj.role_ref.kind}/{obj.role_ref.name}")}
    for each in obj.subjects:
        facts[called(f"subject {each.kind if each.kind.isalnum() else ''}", _name(each))] = plain("")
    return facts


def _name(each: Subject) -> str:
    return f"{each.namespace}/{each.name}" if each.namespace else each.name


def binding_reach(obj: RoleBinding) -> Reach:
    """Return the ServiceAccounts of its own namespace that are granted something."""
    return Reach(accounts=some(_accounts(obj)))


def _accounts(obj: RoleBinding) -> Iterator[str]:
    namespace = obj.metadata.namespace
    for each in obj.subjects:
        if each.kind == "ServiceAccount" and each.namespace in ("", namespace):
            yield each.name
        elif each.kind == "Group" and each.name in (_ACCOUNTS, f"{_ACCOUNTS}:{namespace}"):
            yield EVERY_ACCOUNT


ROLE_BINDINGS = watch_changes(
    "/apis/rbac.authorization.k8s.io/v1",
    "rolebindings",
    RoleBinding,
    ChangeKind(binding_facts, binding_reach, tells_creation=False),
)
