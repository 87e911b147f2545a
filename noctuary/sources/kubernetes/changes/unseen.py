"""Which kinds of changes this release does not see, in words for a note: switched off, or refused by the API server."""

from collections.abc import Callable, Collection, Iterable, Iterator

from noctuary.common.errors import is_refusal
from noctuary.kube.reflector import Health
from noctuary.models.diagnosis import ServiceView
from noctuary.models.live_view import Limits
from noctuary.sources.kubernetes.kinds.registry import WATCHED_KINDS

KIND_OF = {each.resource: each.kind.__name__ for each in WATCHED_KINDS if each.is_optional}


def with_unseen_changes(
    limits: Limits, health: Callable[[], dict[str, Health]], unwatched: Collection[str] = ()
) -> Limits:
    """Return limits that also name the kinds whose changes are not seen where services are."""

    def told(services: list[ServiceView]) -> list[str]:
        namespaces = {name for service in services for name in service.namespaces}
        refused = _refused(health(), namespaces)
        return [
            *limits(services),
            *_phrase([each for each in KIND_OF if each in unwatched], "which this release does not watch"),
            *_phrase([each for each in KIND_OF if each in refused], "because the API server refuses to show them"),
        ]

    return told


def _refused(health: dict[str, Health], namespaces: Collection[str]) -> set[str]:
    """Return what is refused in the whole cluster, or in any of these namespaces."""
    named = ((name.rpartition("/"), each) for name, each in health.items())
    return {resource for (where, _, resource), each in named
            if is_refusal(each.last_error) and (not where or where in namespaces)}  # fmt: skip


def _phrase(resources: Iterable[str], why: str) -> Iterator[str]:
    names = [_plural(KIND_OF[each]) for each in resources]
    if names:
        yield f"changes of {', '.join(names[:-1])}{' and ' if names[1:] else ''}{names[-1]}, {why}"


def _plural(kind: str) -> str:
    if kind.endswith("y"):
        return f"{kind[:-1]}ies"
    return f"{kind}es" if kind.endswith("s") else f"{kind}s"
