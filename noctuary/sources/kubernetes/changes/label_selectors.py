"""Label selectors, as objects write them, in one word."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from noctuary.kube.objects import Struct
from noctuary.models.reaching.reach import MAX_NAMED, Requirement, Selector


class Expression(Struct):
    """One of the `matchExpressions`."""

    key: str = ""
    operator: str = ""
    values: list[str] = msgspec.field(default_factory=list)


class LabelSelector(Struct):
    """A label selector; an empty one selects everything."""

    match_labels: dict[str, str] = msgspec.field(default_factory=dict)
    match_expressions: list[Expression] = msgspec.field(default_factory=list)

    def in_words(self) -> str:
        """Return for example `app=web,tier.in.front.back`; `*` for everything."""
        words = [labels_in_words(self.match_labels), *sorted(_in_word(each) for each in self.match_expressions)]
        return ",".join(filter(None, words)) or "*"

    def selector(self) -> Selector:
        """Return it as it is kept with an event."""
        return Selector(
            dict(list(self.match_labels.items())[:MAX_NAMED]),
            [Requirement(each.key, each.operator, each.values) for each in self.match_expressions[:MAX_NAMED]],
        )


def labels_in_words(labels: Mapping[str, str]) -> str:
    """Return `app=web,tier=front`; nothing where there are none."""
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items()))


def some(names: Iterable[str]) -> list[str]:
    """Return the first names, each once."""
    return list(dict.fromkeys(filter(None, names)))[:MAX_NAMED]


def _in_word(each: Expression) -> str:
    return ".".join(_parts(each))


def _parts(each: Expression) -> Iterator[str]:
    yield each.key
    yield each.operator.lower()
    yield from sorted(each.values)
