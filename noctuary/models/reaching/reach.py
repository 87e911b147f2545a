"""Which pods a change of an object reaches that belongs to no single workload: a ConfigMap, a Service, a quota."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

import msgspec

from noctuary.models.diagnosis import PodView

OF_OBJECTS = "objects that services share"
"""The service name of their events: whose they are is found when an incident comes, from the pods of then."""
MAX_NAMED = 20
"""Selectors, Services and accounts of one object that are kept: a route to more is everybody's."""
MAX_ENCODED = 1000
"""Characters; a detail of an event holds 1,024."""
EVERY_ACCOUNT = "*"
"""Stands for all ServiceAccounts of the namespace."""

T = TypeVar("T")


class Requirement(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of the `matchExpressions` of a label selector."""

    key: str = ""
    operator: str = ""
    values: list[str] = []

    def is_met(self, labels: Mapping[str, str]) -> bool:
        """Tell whether labels meet it; one of an unknown operator is met, since more is looked at then."""
        value = labels.get(self.key)
        match self.operator:
            case "In":
                return value in self.values
            case "NotIn":
                return value not in self.values
            case "Exists":
                return value is not None
            case "DoesNotExist":
                return value is None
        return True


class Selector(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A label selector, as objects write it; an empty one selects every pod of the namespace."""

    match_labels: dict[str, str] = {}
    match_expressions: list[Requirement] = []

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Tell whether it selects a pod of these labels."""
        is_alike = self.match_labels.items() <= labels.items()
        return is_alike and all(each.is_met(labels) for each in self.match_expressions)


class Reach(msgspec.Struct, frozen=True, omit_defaults=True):
    """The pods that an object concerns; what is told in several ways reaches all of them."""

    is_whole: bool = False
    """Every pod of the namespace."""
    selectors: list[Selector] = []
    config_map: str = ""
    """Those that read this ConfigMap."""
    services: list[str] = []
    """Those behind these Services."""
    accounts: list[str] = []
    """Those that run as these ServiceAccounts."""
    workload: str = ""
    """Those of this workload."""

    def holds(self, pod: PodView) -> bool:
        """Tell whether a pod of the object's namespace is reached."""
        return (
            self.is_whole
            or (bool(self.workload) and pod.workload == self.workload)
            or (bool(self.config_map) and self.config_map in pod.config_maps)
            or self._of_account(pod.service_account)
            or any(each.selects(pod.labels) for each in self.selectors)
        )

    def _of_account(self, account: str) -> bool:
        return EVERY_ACCOUNT in self.accounts or (bool(account) and account in self.accounts)

    def names(self) -> Iterator[str]:
        """Yield the names that a service may have which is reached."""
        yield from (self.workload, *self.services)

    def with_other(self, other: "Reach") -> "Reach":
        """Return what either reaches: a selector that was changed concerns those it left, too."""
        return Reach(
            self.is_whole or other.is_whole,
            _joined(self.selectors, other.selectors),
            self.config_map or other.config_map,
            _joined(self.services, other.services),
            _joined(self.accounts, other.accounts),
            self.workload or other.workload,
        )

    def encoded(self) -> str:
        """Return it as a detail of an event; where that is too long, as everything in the namespace."""
        text = msgspec.json.encode(self).decode()
        return text if len(text) <= MAX_ENCODED else msgspec.json.encode(Reach(is_whole=True)).decode()


def decoded(text: str) -> Reach | None:
    """Return what a detail holds; None where it is none."""
    try:
        return msgspec.json.decode(text, type=Reach)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _joined(some: list[T], others: list[T]) -> list[T]:
    return [*some, *(each for each in others if each not in some)][: 2 * MAX_NAMED]
