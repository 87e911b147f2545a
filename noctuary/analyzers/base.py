"""What is known of one kind of fault, and the words and commands that several kinds share."""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from noctuary.common.redaction import without_secrets
from noctuary.common.text import MESSAGE_LIMIT, clean, plural, shorten_middle
from noctuary.common.words import COUNT, is_label, is_subdomain, phrase
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import WORKLOAD_KINDS, Fault, PodView, Subject

NATIVE_KINDS = WORKLOAD_KINDS | {
    "ReplicaSet",
    "Job",
    "CronJob",
    "Pod",
    "Node",
    "Namespace",
    "Service",
    "Ingress",
    "ConfigMap",
    "Secret",
    "ResourceQuota",
    "LimitRange",
    "HorizontalPodAutoscaler",
    "PersistentVolumeClaim",
    "ServiceAccount",
    "NetworkPolicy",
}
"""Kinds of Kubernetes itself: `kubectl` knows them everywhere by their lower-case names."""
_CLUSTER_KINDS = frozenset({"Node", "Namespace"})
_RESOURCES = {kind.lower() for kind in NATIVE_KINDS}
MAX_MESSAGE_CHARS = 200
CRASH_LOOP = "crash_loop"
"""The kind of a crash of which nothing more is known."""
CRASH_REASONS = frozenset({"CrashLoopBackOff", "Error"})
"""By what the kubelet reports it."""
HELD_BACK = frozenset({"CrashLoopBackOff", "BackOff", "ImagePullBackOff"})
"""Reasons of what was tried again and again."""
SIGNALS = frozenset({"137", "143"})
"""Exit codes of a container that was killed or terminated."""
NOT_YET_VALID = r"current time \S{1,40} is before"
"""How Go tells of a certificate that begins later: in the same words as of one that has expired, up to the last."""
Hints = Sequence[tuple[re.Pattern[str], str]]
"""What to look for in the platform's message, and the two or three words of ours that a reader needs first.

A tenant may write the message: no pattern may search the rest of it anew from each place where it might begin.
"""


class Wording(NamedTuple):
    """How a sentence names what is wrong: the subject, its pods, and how long a name in it may be."""

    name: str
    pods: str
    is_many: bool
    limit: int

    @property
    def s(self) -> str:
        """Return the ending of a verb: one pod `keeps`, two pods `keep`."""
        return "" if self.is_many else "s"


class Advice(NamedTuple):
    """What to do: prose on the line of its lead, a command alone on its line, a remark behind `# ` on the next.

    `more` are commands to run after the first one, each on a line of its own. `changes` tells that a command changes
    what runs, where others only look.
    """

    words: str = ""
    command: str = ""
    remark: str = ""
    more: tuple[str, ...] = ()
    changes: bool = False


class Analyzer:
    """One kind of fault; a subclass in a file of its own says what differs. Pure."""

    kind: ClassVar[str]
    """The word that is stored with a diagnosis: never changed once it was released."""
    reasons: ClassVar[frozenset[str]] = frozenset()
    """The platform's code words for it."""
    prior: ClassVar[float]
    """How often a fault of this kind is the cause, as a summand of the score."""
    why: ClassVar[str] = "it was reported before the alert"
    """Why it may be the cause when no change explains it."""
    is_specific: ClassVar[bool] = True
    """Whether it tells by itself what is wrong: then it goes before other changes of the same score."""
    is_root: ClassVar[bool] = False
    """Whether consequences of the same pods follow from it."""
    is_consequence: ClassVar[bool] = False
    """Whether it may follow from a root."""
    may_follow_from_node: ClassVar[bool] = True
    """Whether a node in trouble can be the reason."""
    is_nothing_when_gone: ClassVar[bool] = False
    """Whether pods that are gone showed it only because they ended."""
    asks_for_nodes: ClassVar[bool] = False
    """Whether pods wait for a node, so that any node may be the reason."""
    follows_scaling_up: ClassVar[bool] = False
    """Whether more replicas than there is room for bring it about."""
    follows_scaling_down: ClassVar[bool] = False
    """Whether too few replicas bring it about."""
    follows_dependency: ClassVar[bool] = False
    """Whether those who call a broken dependency show it."""
    begins_when_unready: ClassVar[bool] = False
    """Whether it is a fault only from when its pod was ready no more."""
    is_state: ClassVar[bool] = False
    """Whether the live view shows it as it is, without telling since when."""
    is_standing: ClassVar[bool] = False
    """Whether it is read from specs and dated by their last write: what stands so since long is background."""
    follows_change_of: ClassVar[tuple[str, ...]] = ()
    """Words of what a rollout changed that make it the reason also when the fault shows late."""
    stops_pods: ClassVar[bool] = True
    """Whether pods do not run because of it: pods that are well beside it show that it is not felt."""
    slows_pods: ClassVar[bool] = False
    """Whether pods that are ready may suffer from it, such as when there are too few of them."""
    needs_start: ClassVar[bool] = False
    """Whether it keeps pods from starting: a template whose pods started before is not the reason."""
    tells_cause: ClassVar[bool] = True
    """Whether it alone may be called likely: what only says that something fails is a symptom."""
    names_reason: ClassVar[bool] = False
    """Whether its sentence says the platform's reason already."""
    is_harmless: ClassVar[bool] = False
    """Whether it stops nothing by itself: never a cause alone."""
    is_symptom: ClassVar[bool] = False
    """Whether it says only that something is felt, and since when: evidence of a cause, and never one itself."""
    hints: ClassVar[Hints] = ()

    def recognises(self, event: ContextEvent) -> bool:
        """Tell whether an event is of this kind; the registry asks in its order."""
        return not is_about_node(event) and event.details.get(details.REASON, "") in self.reasons

    def is_passing(self, _event: ContextEvent, pod: PodView, _onset: float) -> bool:
        """Tell whether an event was no fault, as its pod is now: ready, and never restarted."""
        return pod.is_ready and not pod.restarts

    def follows_from(self, _fault: Fault, root: Fault, *, root_explains: bool) -> bool:
        """Tell whether a fault of this kind only follows from another one of the same pods."""
        return self.is_consequence and root_explains and root.kind != self.kind

    def is_outside(self, _fault: Fault) -> bool:
        """Tell whether no rollout of its workload can bring a fault of this kind about."""
        return False

    def hint(self, fault: Fault) -> str:
        """Return ` (why)` as the platform's message tells, or an empty text."""
        message = fault.details.get(details.MESSAGE, "")
        return next((f" ({words})" for pattern, words in self.hints if pattern.search(message)), "")

    def rank_of_hint(self, message: str) -> int | None:
        """Return the place of the first hint that a message holds; None where it holds none."""
        return next((rank for rank, (pattern, _) in enumerate(self.hints) if pattern.search(message)), None)

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return what is wrong with what."""
        told = "" if fault.text in (fault.entity, *fault.pods) else phrase(fault.text, wording.limit)
        return f"{wording.name}: {told or 'a fault was reported'}"

    def symptom(self, fault: Fault, limit: int) -> str:
        """Return what became of a rollout's own pods; where nothing better is known, what is wrong."""
        name = shorten_middle(phrase(fault.subject.name or fault.service, 253), limit)
        return self.sentence(fault, wording(fault, name or "new pods", limit))

    def message(self, fault: Fault) -> str:
        """Return the platform's words where they tell more than the sentence: why is mostly said at their end."""
        told = without_secrets(fault.details.get(details.MESSAGE, "") or fault.text)
        return shorten_middle(clean(told, MESSAGE_LIMIT), MAX_MESSAGE_CHARS)

    def remedy(self, _fault: Fault, _pod: Subject, describe: str) -> Advice:
        """Return what to do when no change explains it; `describe` is the command that looks at a failing pod."""
        return Advice(command=describe)


def is_crash(fault: Fault) -> bool:
    """Tell whether its process ends by itself again and again, also where its last words tell why."""
    return fault.kind == CRASH_LOOP or details.LOG_REASON in fault.details


def log_reason(told: Mapping[str, str]) -> tuple[str, str]:
    """Return the reason that last words tell and what they name, from the details of an event or a fault."""
    kind, _, named = told.get(details.LOG_REASON, "").partition(" ")
    return kind, named


def is_about_node(event: ContextEvent) -> bool:
    """Tell whether an event is about a node."""
    return event.object is not None and event.object.kind == "Node"


def was_killed(fault: Fault) -> bool:
    """Tell whether the container was ended by a signal, from outside."""
    return fault.details.get(details.EXIT_CODE, "") in SIGNALS


def is_single(fault: Fault) -> bool:
    """Tell whether each container ended once, and none is held back from another start."""
    restarts = fault.details.get(details.RESTARTS, "")
    is_held = fault.details.get(details.REASON) in HELD_BACK
    return not is_held and bool(COUNT.fullmatch(restarts)) and 0 < int(restarts) <= max(1, len(fault.pods))


def container_named(fault: Fault, limit: int, before: str = "") -> str:
    """Return ` container envoy`, or an empty text for the first container of a pod: nobody asks which that is."""
    role = phrase(fault.details.get(details.CONTAINER_ROLE), 20)
    name = fault.details.get(details.CONTAINER, "")
    return f"{before} {role} {shorten_middle(name, limit)}" if role and is_label(name) else ""


def kubectl(subject: Subject, *words: str, kind: str) -> str:
    """Return a kubectl command on an object, or nothing when it has no name that Kubernetes would take.

    `kind` empty: the bare name, as `kubectl logs` wants it.
    """
    is_namespaced = subject.kind not in _CLUSTER_KINDS
    if (kind and kind.lower() not in _RESOURCES) or not is_subdomain(subject.name):
        return ""
    if is_namespaced and not is_label(subject.namespace):
        return ""
    target = f"{kind.lower()}/{subject.name}" if kind else subject.name
    place = ["-n", subject.namespace] if is_namespaced else []
    return shlex.join(["kubectl", *place, *words, target])


def kubectl_list(namespace: str, resource: str) -> str:
    """Return the command that lists what a namespace holds of a resource."""
    return shlex.join(["kubectl", "-n", namespace, "get", resource]) if is_label(namespace) else ""


def in_container(fault: Fault) -> str:
    """Return ` -c NAME` for the container that a fault is of, or nothing where it is not known."""
    name = fault.details.get(details.CONTAINER, "")
    return f" -c {name}" if is_label(name) else ""


def wording(fault: Fault, name: str, limit: int) -> Wording:
    """Return how the sentence of a fault names it."""
    count = len(fault.shown_pods)
    pods = plural(count, "pod") + f" of {name}" if count else name
    return Wording(name, pods, count > 1, limit)
