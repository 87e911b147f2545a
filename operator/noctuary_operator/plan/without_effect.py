"""Parts of a spec that can have no effect, which the schema cannot refuse. Pure.

A rule of the schema that refused what is stored would have the API server refuse every write of its status, too, before
Kubernetes 1.30: so it is said in a condition, and all else works.
"""

import re
from collections.abc import Iterator

from noctuary.models.integration_spec import IntegrationSpec, Service
from noctuary_operator.plan.policy import Problem
from noctuary_operator.resources import reasons

MAX_NAMED = 5
"""Parts that the message names; the rest is counted."""
_NAME = "([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)"
_DNS = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_LABEL_VALUE = re.compile(f"{_NAME}?")
_LABEL_KEY = re.compile(f"(?=[^/]{{1,253}}/|[^/]*$)({_DNS}/)?{_NAME}")


def effect_problem(spec: IntegrationSpec) -> Problem | None:
    """Return what is written in the spec and has no effect, None where all has."""
    found = [
        *_of_the_direction(spec),
        *_of_the_scope(spec),
        *(each for at, service in enumerate(spec.services) for each in _of(at, service)),
    ]
    if not found:
        return None
    more = f"; and {len(found) - MAX_NAMED} more" if len(found) > MAX_NAMED else ""
    return Problem(reasons.PART_WITHOUT_EFFECT, "; ".join(found[:MAX_NAMED]) + more)


def _of_the_direction(spec: IntegrationSpec) -> Iterator[str]:
    if spec.webhook is not None and not spec.takes_webhooks:
        yield "spec.webhook: has no effect with direction outbound; remove it, or set spec.direction to bidirectional"


def _of_the_scope(spec: IntegrationSpec) -> Iterator[str]:
    if spec.webhook is None or not spec.takes_webhooks:
        return
    scope = spec.webhook.subscription.scope
    yield from _small_letters("spec.webhook.subscription.scope.id", scope.id)
    ids = {service.pager_duty_service_id for service in spec.services}
    if scope.type == "service" and ids and not ids & {scope.id, None}:
        yield (
            f"spec.services: none is mapped to {scope.id}, the one service of the scope, so none is ever looked at; "
            "correct a pagerDutyServiceID, or widen spec.webhook.subscription.scope"
        )


def _small_letters(field: str, written: str | None) -> Iterator[str]:
    if written is not None and written != written.upper():
        yield f"{field}: no id of PagerDuty has small letters, as {written} has; copy it once more"


def _of(at: int, service: Service) -> Iterator[str]:
    place = f"spec.services[{at}]"
    if service.name != service.name.strip() or not service.name.isprintable():
        yield (
            f"{place}.name: begins or ends with a blank, or holds a character that nobody sees, and nothing is called "
            "so; write it anew"
        )
    yield from _small_letters(f"{place}.pagerDutyServiceID", service.pager_duty_service_id)
    if service.selector is not None and not service.selector.match_labels:
        yield (
            f"{place}.selector: is empty, and {service.name} is found by its name; name its labels in matchLabels, "
            "or remove the selector"
        )
    labels = service.selector.match_labels if service.selector is not None else {}
    for key, value in labels.items():
        if _LABEL_KEY.fullmatch(key) is None or _LABEL_VALUE.fullmatch(value) is None:
            yield (
                f"{place}.selector.matchLabels: no object can carry {key}={value}; copy the label from the workload, "
                "as kubectl get --show-labels prints it"
            )
    if _plain(service.name) in map(_plain, service.depends_on):
        yield f"{place}.dependsOn: names {service.name} itself; name what it needs, or remove it"


def _plain(name: str) -> str:
    """Return a name as people mean it: neither capitals nor blanks at its ends make another service."""
    return name.strip().casefold()
