"""A ConfigMap, Secret or key that pods need and that does not exist."""

import re

from noctuary.analyzers.base import Advice, Analyzer, Wording, kubectl, kubectl_list
from noctuary.common.text import shorten_middle
from noctuary.common.words import is_subdomain, object_name, plain_value
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Fault, Subject

_KEY = re.compile(r"[-._A-Za-z0-9]{1,253}")
RESOURCES = {"ConfigMap": "configmaps", "Secret": "secrets"}


class MissingConfiguration(Analyzer):
    """Named by the kubelet's words wherever they tell which object is missing."""

    kind = "missing_configuration"
    reasons = frozenset({"CreateContainerConfigError"})
    follows_change_of = ("env", "volume")
    prior = 0.25
    why = "pods cannot start without it"
    is_root = True
    needs_start = True
    may_follow_from_node = False

    def recognises(self, event: ContextEvent) -> bool:
        """Take whatever names a missing object, else go by the reason."""
        return bool(event.details.get(details.MISSING_NAME)) or super().recognises(event)

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return which object is missing."""
        return f"{wording.pods} cannot start: {missing(fault, wording.limit)} is missing"

    def symptom(self, fault: Fault, limit: int) -> str:
        """Return which object is missing."""
        return f"{missing(fault, limit)} is missing"

    def message(self, fault: Fault) -> str:
        """Return nothing where the sentence names the object already."""
        return "" if details.MISSING_NAME in fault.details else super().message(fault)

    def remedy(self, fault: Fault, pod: Subject, describe: str) -> Advice:
        """Return the command that shows what there is instead: of a key its object, of an object all of its kind."""
        kind, name = fault.details.get(details.MISSING_KIND, ""), fault.details.get(details.MISSING_NAME, "")
        if kind not in RESOURCES:
            return super().remedy(fault, pod, describe)
        if details.MISSING_KEY in fault.details:
            holder = Subject(kind, fault.subject.namespace, name)
            return Advice(command=kubectl(holder, "describe", kind=kind) or describe, remark=f"add {_key(fault)} to it")
        held = kubectl_list(fault.subject.namespace, RESOURCES[kind])
        return Advice(
            command=held or describe,
            remark=f"create {f'{kind} {name}' if is_subdomain(name) else 'what is missing'}, or name the right one",
        )


def _key(fault: Fault) -> str:
    return f"key {plain_value(fault.details.get(details.MISSING_KEY))}".rstrip()


def missing(fault: Fault, limit: int) -> str:
    """Return what a pod cannot start without: `ConfigMap settings`, `key url of Secret db`."""
    kind, told = fault.details.get(details.MISSING_KIND, ""), fault.details.get(details.MISSING_NAME, "")
    kind, name = kind if kind in RESOURCES else "configuration", object_name(told, limit)
    named = f"{kind} {name}" if name else f"{kind} with an odd name" if told else kind
    return f"{_key_words(fault, limit)}{named}"


def _key_words(fault: Fault, limit: int) -> str:
    told = fault.details.get(details.MISSING_KEY, "")
    if not told:
        return ""
    return f"key {shorten_middle(told, limit)} of " if _KEY.fullmatch(told) else "a key of "
