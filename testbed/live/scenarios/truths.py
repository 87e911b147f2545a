"""The forms that most truths have."""

from typing import Any

from testbed.live.scenario import LIMITS, REPLICAS, TEMPLATE, Truth

OWN_LIMITS = frozenset({LIMITS})
OWN_TEMPLATE = frozenset({TEMPLATE, LIMITS})
OWN_REPLICAS = frozenset({REPLICAS})
ROLLOUT = "rolled out|rollout|new version"
BLAMES_ROLLOUT = (
    "cause: {app} was rolled out|cause: {app} rolled out|cause: the rollout of {app}|cause: {app} was restarted"
)
"""What a note must not begin with where the last rollout is innocent."""


ACQUITS = "is not to blame"
"""What a note must not say of the rollout that is to blame."""


def bad_rollout(what: str, *says: str, kind: str = "deployment", symptom: tuple[str, ...] = ()) -> Truth:
    """The last rollout of the service is to blame; `says` are facts that the first line must name besides.

    Where no version is among them, the version is the old one: then the rollout without what it changed is half of it.
    """
    half = symptom if any(each[0].isdigit() for each in says) else (*symptom, ROLLOUT)
    entity, cause = f"{kind}/{{app}}", f"rollout: {what}"
    return Truth(entity, cause, (ROLLOUT, *says), (ACQUITS,), half, mend=OWN_TEMPLATE)


def fault(what: str, *says: str, kind: str = "deployment", **more: Any) -> Truth:
    """Something befell the service itself; its last rollout is innocent."""
    never = (BLAMES_ROLLOUT, *more.pop("never", ()))
    return Truth(f"{kind}/{{app}}", what, says, never, **more)


def of_callee(what: str, *says: str, **more: Any) -> Truth:
    """The service that is called is to blame; its caller shows symptoms only."""
    symptom = more.pop("symptom", ("readiness|not ready",))
    return Truth("deployment/{callee}", f"callee: {what}", says, (BLAMES_ROLLOUT,), symptom, **more)


def nothing(what: str, *tolerated: str) -> Truth:
    """Nothing in the cluster is to blame."""
    return Truth("", f"nothing: {what}", tolerated=tolerated)


def unseen(what: str, *says: str, **more: Any) -> Truth:
    """The cause lies in what is not watched; the last rollout is innocent."""
    return Truth("service/{app}", f"unseen: {what}", says, (BLAMES_ROLLOUT,), unseen=True, **more)
