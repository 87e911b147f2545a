"""What an integration maps and may not look at, because a namespace does not consent, or does so no more."""

from collections.abc import Iterable

import msgspec

from noctuary.incidents.evidence.window import tenants_of
from noctuary.models.diagnosis import Change, ServiceView, Subject
from noctuary.models.evidence import Standing

UNMAPPED = "mapped no more"


def not_open(services: Iterable[ServiceView]) -> list[str]:
    """Return what of services nobody may look at, and why."""
    return [f"{each.name} in {namespace} ({why})" for each in services for namespace, why in each.closed.items()]


def closed_services(services: Iterable[ServiceView]) -> list[str]:
    """Return the services of which a part or all may not be looked at: what is not seen of them may be there."""
    return [service.name for service in services if service.closed]


def open_of(subjects: list[Subject], services: list[ServiceView]) -> list[Subject]:
    """Return the workloads that may be looked at: those of namespaces that are mapped and consent now."""
    namespaces = tenants_of(services)
    return [subject for subject in subjects if subject.namespace in namespaces]


def with_told(fresh: Standing, known: Standing | None, blamed: list[Subject], services: list[ServiceView]) -> Standing:
    """Return what holds now; of what may be looked at no more stays what was told, else an edit takes that back."""
    namespaces = tenants_of(services)
    told = known or Standing()

    def shut(change: Change | None) -> Change | None:
        return change if change is not None and change.subject.namespace not in namespaces else None

    revisions = [each for each in told.revisions or [] if each.subject.namespace not in namespaces]
    return msgspec.structs.replace(
        fresh,
        rollback=fresh.rollback or shut(told.rollback),
        revisions=[*(fresh.revisions or []), *revisions] or None,
        undone=fresh.undone or shut(told.undone),
        undoings={name: each for name, each in told.undoings.items() if shut(each)} | fresh.undoings,
        closed=[*not_open(services), *_unmapped(blamed, services)],
    )


def _unmapped(blamed: list[Subject], services: list[ServiceView]) -> list[str]:
    known = [*tenants_of(services), *(namespace for service in services for namespace in service.closed)]
    return [f"{each.name} in {each.namespace} ({UNMAPPED})" for each in blamed if each.namespace not in known]
