"""Roles: what those may do who are bound to them."""

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from noctuary.kube.objects import Struct
from noctuary.models.reaching.reach import Reach
from noctuary.sources.kubernetes.changes.facts import Facts, called, plain, sealed
from noctuary.sources.kubernetes.changes.kinds.role_bindings import ROLE
from noctuary.sources.kubernetes.changes.objects import ChangedObject
from noctuary.sources.kubernetes.changes.sink import ChangeKind, watch_changes
from noctuary.sources.kubernetes.changes.states import ObjectStates, Place


class PolicyRule(Struct):
    """What may be done with which resources."""

    verbs: list[str] = msgspec.field(default_factory=list)
    api_groups: list[str] = msgspec.field(default_factory=list)
    resources: list[str] = msgspec.field(default_factory=list)
    resource_names: list[str] = msgspec.field(default_factory=list)


class Role(ChangedObject):
    """rbac.authorization.k8s.io/v1 Role."""

    group: ClassVar[str] = "rbac.authorization.k8s.io"
    content: ClassVar[bytes] = b'"f:rules"'
    rules: list[PolicyRule] = msgspec.field(default_factory=list)


def role_facts(obj: Role) -> Facts:
    """Return what may be done, by resource."""
    verbs: dict[str, set[str]] = {}
    for rule in obj.rules:
        for resource in _resources(rule):
            verbs.setdefault(resource, set()).update(rule.verbs)
    return {called("verbs of", resource): plain(",".join(sorted(each))) for resource, each in verbs.items()}


def _resources(rule: PolicyRule) -> Iterator[str]:
    """Yield `deployments.apps`, and `secrets/db` where it is only about objects of a name."""
    for group in rule.api_groups or [""]:
        for resource in rule.resources:
            named = f"{resource}.{group}" if group not in ("", "*") else resource
            yield from (f"{named}/{name}" for name in rule.resource_names) if rule.resource_names else (named,)


def role_reach(_obj: Role) -> Reach:
    """Return nobody: its bindings tell who has it."""
    return Reach()


def with_bound(states: ObjectStates, place: Place, reach: Reach) -> Reach:
    """Return a reach with the accounts that the bindings of a role name."""
    namespace, name = place
    role = plain(f"Role/{name}")
    for where, state in states.all_of("rolebindings", namespace):
        if state.facts.get(ROLE) == sealed({ROLE: role}, states.key, f"rolebindings/{namespace}/{where[1]}")[ROLE]:
            reach = reach.with_other(state.reach)
    return reach


ROLES = watch_changes(
    "/apis/rbac.authorization.k8s.io/v1",
    "roles",
    Role,
    ChangeKind(role_facts, role_reach, tells_creation=False, reach_now=with_bound),
)
