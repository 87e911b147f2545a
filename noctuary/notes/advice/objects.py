"""Changes of objects that belong to no single workload, in words: what became of which Service, ConfigMap, policy."""

import re
import shlex

from noctuary.analyzers.base import Advice
from noctuary.common.text import clean, shorten_middle
from noctuary.common.words import is_label, is_subdomain, phrase, quoted
from noctuary.models import details
from noctuary.models.diagnosis import Change
from noctuary.models.reaching.reach import Reach
from noctuary.models.reaching.reached import reach_of

RESOURCES = {
    "Service": "service",
    "Ingress": "ingress",
    "HTTPRoute": "httproutes.gateway.networking.k8s.io",
    "NetworkPolicy": "networkpolicy",
    "Role": "role",
    "RoleBinding": "rolebinding",
    "ResourceQuota": "resourcequota",
    "LimitRange": "limitrange",
    "ConfigMap": "configmap",
    "HorizontalPodAutoscaler": "horizontalpodautoscaler",
}
"""What kubectl calls each kind."""
_DIFFERENCE = re.compile(r"(?P<what>[^>]{1,200}) (?P<old>[^ >]{1,80}) -> (?P<new>[^ >]{1,80})")
_OURS = re.compile(r" -> |[=,%]")
"""What stands in our own words, or between the labels of a selector."""
NOUNS = {"changed": "change", "created": "creation", "deleted": "deletion"}
MAX_WORDS = 200


def noun_of_object(change: Change) -> str:
    """Return what became of it, as a noun."""
    return NOUNS.get(change.details.get(details.FATE, ""), "change")


def named_object(change: Change, limit: int) -> str:
    """Return `Service web`."""
    kind, name = change.subject.kind, change.subject.name
    called = shorten_middle(name, limit) if is_subdomain(name) or phrase(name, 253) == name else "with an odd name"
    return f"{kind if kind in RESOURCES else 'object'} {called}"


def object_sentence(change: Change, limit: int) -> str:
    """Return `Service web changed (selector app=web -> app=wbe)`; where nobody saw what changed, who wrote it."""
    named, fate = named_object(change, limit), change.details.get(details.FATE, "")
    if fate in ("created", "deleted"):
        return f"{named} was {fate}"
    words = changed_words(change, max(40, 2 * limit))
    if words:
        return f"{named} changed ({words})"
    actor = quoted(change.actor, 40)
    return f"{named} was written{f' by {actor}' if actor else ''}"


def changed_words(change: Change, limit: int) -> str:
    """Return what changed of it, as far as each part is no more than names and values."""
    parts = clean(change.details.get(details.CHANGED, ""), MAX_WORDS).split(", ")
    plain = [part for part in parts if part and phrase(_OURS.sub(" ", part), MAX_WORDS)]
    told: list[str] = []
    for part in plain:
        if told and len(", ".join([*told, part])) > limit:
            return f"{', '.join(told)}, and more"
        told.append(shorten_middle(part, limit))
    return ", ".join(told)


def object_advice(change: Change) -> Advice:
    """Return the look at it as it is now, and what to set back."""
    back = set_back(change)
    subject = change.subject
    resource = RESOURCES.get(subject.kind, "")
    if not resource or not is_subdomain(subject.name) or not is_label(subject.namespace):
        return Advice(f"{back}, unless this was meant")
    words = ["kubectl", "-n", subject.namespace, "get", f"{resource}/{subject.name}", "-o", "yaml"]
    return Advice(command=shlex.join(words), remark=f"{back}{_then(change)}, unless this was meant")


def set_back(change: Change) -> str:
    """Return `set selector back to app=web`; where no former value may be shown, only that it is to be taken back."""
    if change.details.get(details.FATE) == "created":
        return f"delete {named_object(change, 63)}"
    told = _DIFFERENCE.fullmatch(changed_words(change, MAX_WORDS))
    is_alone = told is not None and ", " not in told[0]
    if told is None or not is_alone:
        return f"take the change of {named_object(change, 63)} back"
    return f"set {told['what']} back to {told['old']}" if told["old"] != "none" else f"remove {told['what']} again"


def _then(change: Change) -> str:
    """Return what is to be done behind it: a variable is read once."""
    reach = reach_of(change.details) or Reach()
    return " and restart what reads it only as it starts" if reach.config_map else ""
