"""Label selectors, as the API has them."""

from collections.abc import Mapping

import msgspec

from noctuary.kube.objects import Struct


class Requirement(Struct):
    """One expression of a selector."""

    key: str = ""
    operator: str = ""
    values: list[str] | None = None

    def finds(self, labels: Mapping[str, str]) -> bool:
        """Tell whether labels meet it; an operator that nobody knows finds nothing."""
        value = labels.get(self.key)
        if self.operator == "Exists":
            return value is not None
        if self.operator == "DoesNotExist":
            return value is None
        if self.operator == "In":
            return value is not None and value in (self.values or ())
        return self.operator == "NotIn" and value not in (self.values or ())


class LabelSelector(Struct):
    """What labels must be; an empty one finds everything."""

    match_labels: dict[str, str] = msgspec.field(default_factory=dict)
    match_expressions: list[Requirement] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it finds everything."""
        return not (self.match_labels or self.match_expressions)

    def keys(self) -> set[str]:
        """Return the labels that it asks for."""
        return {*self.match_labels, *(each.key for each in self.match_expressions or ())}

    def finds(self, labels: Mapping[str, str]) -> bool:
        """Tell whether it finds what carries these labels."""
        is_matched = self.match_labels.items() <= dict(labels).items()
        return is_matched and all(each.finds(labels) for each in self.match_expressions or ())
