"""What is known of one kind of fault, and the words and commands that several kinds share."""

import re
import shlex
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from noctuary.common.text import clean, plural, shorten_middle
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import WORKLOAD_KINDS, Fault, PodView, Subject

NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
"""What may stand in a command as a name; all else comes from somebody who wants more than a name."""
MAX_MESSAGE_CHARS = 200
SIGNALS = frozenset({"137", "143"})
"""Exit codes of a container that was killed or terminated."""
Hints = Sequence[tuple[re.Pattern[str], str]]
"""What to look for in the platform's message, and the two or three words of ours that a reader needs first."""


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
    names_reason: ClassVar[bool] = False
    """Whether its sentence says the platform's reason already."""
    is_harmless: ClassVar[bool] = False
    """Whether it stops nothing by itself: never a cause alone."""
    hints: ClassVar[Hints] = ()

    def recognises(self, event: ContextEvent) -> bool:
        """Tell whether an event is of this kind; the registry asks in its order."""
        return not is_about_node(event) and event.details.get(details.REASON, "") in self.reasons

    def is_passing(self, _event: ContextEvent, _pod: PodView) -> bool:
        """Tell whether an event of a pod that is ready now was no fault."""
        return False

    def follows_from(self, _fault: Fault, root: Fault, *, root_explains: bool) -> bool:
        """Tell whether a fault of this kind only follows from another one of the same pods."""
        return self.is_consequence and root_explains and root.kind != self.kind

    def hint(self, fault: Fault) -> str:
        """Return ` (why)` as the platform's message tells, or an empty text."""
        message = fault.details.get(details.MESSAGE, "")
        return next((f" ({words})" for pattern, words in self.hints if pattern.search(message)), "")

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return what is wrong with what."""
        return f"{wording.name}: {clean(fault.text or 'a fault was reported', wording.limit)}"

    def symptom(self, _fault: Fault, _limit: int) -> str:
        """Return what became of a rollout's own pods."""
        return "its pods fail since"

    def message(self, fault: Fault) -> str:
        """Return the platform's words where they tell more than the sentence."""
        return clean(fault.details.get(details.MESSAGE, "") or fault.text, MAX_MESSAGE_CHARS)

    def remedy(self, _fault: Fault, _pod: Subject, describe: str) -> str:
        """Return what to do when no change explains it; `describe` looks at a failing pod."""
        return describe


def is_about_node(event: ContextEvent) -> bool:
    """Tell whether an event is about a node."""
    return event.object is not None and event.object.kind == "Node"


def was_killed(fault: Fault) -> bool:
    """Tell whether the container was ended by a signal, from outside."""
    return fault.details.get(details.EXIT_CODE, "") in SIGNALS


def container_named(fault: Fault, limit: int, before: str = "") -> str:
    """Return ` container envoy`, or an empty text for the first container of a pod: nobody asks which that is."""
    role = clean(fault.details.get(details.CONTAINER_ROLE, ""), 20)
    name = shorten_middle(clean(fault.details.get(details.CONTAINER, ""), 63), limit)
    return f"{before} {role} {name}" if role and name else ""


def kubectl(subject: Subject, *words: str, kind: str) -> str:
    """Return a kubectl command on an object, or nothing when a name is none that Kubernetes would take."""
    names = [subject.name] if subject.kind == "Node" else [subject.namespace, subject.name]
    is_workload = not kind or kind in WORKLOAD_KINDS or kind.islower()
    if not is_workload or not all(NAME.fullmatch(name) for name in names):
        return ""
    target = f"{kind.lower()}/{subject.name}" if kind else subject.name
    place = [] if subject.kind == "Node" else ["-n", subject.namespace]
    return shlex.join(["kubectl", *place, *words, target])


def wording(fault: Fault, name: str, limit: int) -> Wording:
    """Return how the sentence of a fault names it."""
    pods = plural(len(fault.pods), "pod") + f" of {name}" if fault.pods else name
    return Wording(name, pods, len(fault.pods) > 1, limit)
