"""The first line: the answer, which stands alone on a lock screen."""

import re
from collections.abc import Callable, Iterator

from noctuary.common.clock import format_moment
from noctuary.common.text import clean, shorten, shorten_middle
from noctuary.correlation.effects.objects import is_of_object
from noctuary.correlation.effects.workloads import is_restart
from noctuary.correlation.fault_checks import SINCE
from noctuary.correlation.taken_back import is_deletion
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Cause, Change, Diagnosis, Verdict
from noctuary.models.evidence import Standing
from noctuary.notes.advice.objects import named_object, noun_of_object
from noctuary.notes.certainty import likelihood, no_change, percent
from noctuary.notes.left import replaced_already, undone_already
from noctuary.notes.phrases import failing_since, sentence
from noctuary.notes.posted import vendor_of
from noctuary.notes.values import service_of, shown_name

HEADLINE_CHARS = 120
"""What a phone's lock screen shows."""
_NAME_LIMITS = (63, 40, 28, 16)
ROLLED_BACK = "; already rolled back"
_NOUNS: dict[str, str] = {EventType.DEPLOY: "rollout", EventType.SCALE_EVENT: "scaling"}
_SPARE = (
    (re.compile(r"; see its logs(?=\.$)"), ""),
    (re.compile(r" \(was [^()]{1,60}\)(?=;)"), ""),
    (re.compile(r"; [^();]*\)\.$"), ")."),
    (re.compile(r" \([^()]*\)\.$"), "."),
)
"""What is left out where a symptom does not fit: a setting's value before, the last fact in its brackets, then all."""
Builder = Callable[[int], str]
"""One way to say it, with names of at most so many characters."""


def headline(
    diagnosis: Diagnosis, prefix: str = "", standing: Standing | None = None, *, is_cleared: bool = False
) -> str:
    """Return the answer in one line of at most 120 characters, with names shortened as far as it takes.

    `is_cleared`: all pods were seen to be ready since.
    """
    told = "was" if is_cleared else "is"
    groups = _cause(diagnosis.causes[0], diagnosis, standing) if diagnosis.causes else _no_cause(diagnosis, told)
    if diagnosis.is_undecided:
        groups = _undecided(diagnosis, standing)
    texts = [prefix + build(limit) for builders in groups for limit in _NAME_LIMITS for build in builders]
    return next((text for text in texts if len(text) <= HEADLINE_CHARS), shorten(texts[-1], HEADLINE_CHARS))


def _cause(cause: Cause, diagnosis: Diagnosis, standing: Standing | None) -> list[list[Builder]]:
    """Return ways to say it, best first: what it did matters more than how long ago, and both less than its name.

    That somebody went back already matters most: nobody should go back once more.
    """
    tails = list(_already(cause, diagnosis, standing))
    if tails and tails[0].startswith(ROLLED_BACK):
        tails.append(ROLLED_BACK)

    def say(*, with_symptom: bool = True, with_age: bool = True, tail: str = "") -> Builder:
        return lambda limit: (
            f"{likelihood(cause)}: "
            f"{sentence(cause, diagnosis, limit, with_symptom=with_symptom, with_age=with_age)}{tail}."
        )

    if tails:
        return [[say(with_symptom=False, with_age=with_age, tail=tail) for with_age in (True, False)] for tail in tails]
    brief = [_without(say(with_age=False), part, end) for part, end in _SPARE]
    if cause.change is None and cause.why.startswith(SINCE):
        brief.append(lambda limit: f"{likelihood(cause)}: {failing_since(cause, limit)}.")
    return [[say(), say(with_age=False)], brief, [say(with_symptom=False)], [say(with_symptom=False, with_age=False)]]


def _undecided(diagnosis: Diagnosis, standing: Standing | None) -> list[list[Builder]]:
    """Return ways to name changes of which none has a fault of its own, without preferring one.

    That one was taken back already matters more than how long ago each was.
    """
    pair = diagnosis.causes[:2]
    known = [percent(each.probability) for each in pair if each.probability is not None]
    lead = f"Possible causes ({' and '.join(known)})" if known else "Possible causes"
    tails = [[*_already(each, diagnosis, standing)] for each in pair]

    def both(way: int, *, with_age: bool) -> Builder:
        def said(each: Cause, tail: list[str], limit: int) -> str:
            told = sentence(each, diagnosis, limit, with_symptom=False, with_age=with_age)
            brief = "already taken back" if tail and " back " in tail[0] else "".join(tail[:1]).partition(" by ")[0]
            return told + (f" ({[*tail, brief][way].removeprefix('; ')})" if tail else "")

        return lambda limit: "{}: {}.".format(
            lead, "; or ".join(said(each, tail, limit) for each, tail in zip(pair, tails, strict=True))
        )

    if not any(tails):
        return [[both(0, with_age=True), both(0, with_age=False)]]
    return [[both(way, with_age=with_age) for with_age in (True, False)] for way in range(3)]


def _without(build: Builder, part: re.Pattern[str], end: str) -> Builder:
    return lambda limit: part.sub(end, build(limit))


def _already(cause: Cause, diagnosis: Diagnosis, standing: Standing | None) -> Iterator[str]:
    if cause.change is None:
        return
    for is_whole in (True, False):
        told = undone_already(cause.change, standing, diagnosis.onset, with_actor=is_whole)
        told = told or replaced_already(cause, standing, diagnosis.onset, with_time=is_whole)
        if told:
            yield f"; {told}"


def _no_cause(diagnosis: Diagnosis, told: str) -> list[list[Builder]]:
    name = ", ".join(clean(name, 253) for name in diagnosis.services) or "this service"
    if diagnosis.verdict is Verdict.NEVER_SEEN:
        return [[lambda limit: f"No context yet: nothing was ever seen of {shorten_middle(name, limit)}."]]
    lead, since = no_change(diagnosis), format_moment(diagnosis.since, diagnosis.onset)[:-3]
    changed = [cause.change for cause in diagnosis.weak if cause.change is not None]
    if diagnosis.weak and diagnosis.weak[0].change is None:
        first = diagnosis.weak[0]
        return [
            [lambda limit: f"{lead} well; weak: {_weak(first, diagnosis, limit)}."],
            [lambda limit: f"{lead}; weak: {_weak(first, diagnosis, limit)}."],
        ]
    if len(changed) + diagnosis.changes_more > 1:
        count = len(changed) + diagnosis.changes_more
        return [[lambda _limit: f"{lead}: none of the {count:d} changes since {since} UTC stands out."]]
    if changed:
        return [[lambda limit: f"{lead}: nothing points to {_called(changed[0], diagnosis, limit)}."]]
    if diagnosis.set_aside:
        aside = diagnosis.set_aside[0]
        brief = aside.why.partition(",")[0]
        briefer = brief.partition(" before ")[0]
        return [
            [lambda limit: f"{lead}: {_called(aside.change, diagnosis, limit)} does not, {aside.why}."],
            [lambda limit: f"{lead}: {_called(aside.change, diagnosis, limit)} does not, {brief}."],
            [lambda limit: f"{lead}: {_called(aside.change, diagnosis, limit)} does not, {briefer}."],
        ]
    fault = "new fault" if diagnosis.background else "fault"
    near = " or its dependencies" if diagnosis.dependencies else ""
    if diagnosis.pods_total is not None and not diagnosis.pods_ready:
        return [
            [lambda limit: f"{lead}: {_state(diagnosis, name, limit, told)}; nothing else was seen since {since} UTC."],
            [lambda limit: f"{lead}: {_state(diagnosis, name, limit, told)}."],
        ]

    def seen(limit: int) -> str:
        return f"{lead}: no rollout, scaling or {fault} of {shorten_middle(name, limit)}"

    return [
        [lambda limit: f"{seen(limit)}{near} was seen since {since} UTC."],
        [lambda limit: f"{seen(limit)}{near} since {since} UTC."],
        [lambda limit: f"{seen(limit)} since {since} UTC."],
    ]


def _state(diagnosis: Diagnosis, name: str, limit: int, told: str) -> str:
    """Return that nothing of the service runs, or is ready (`told`: or was): it comes before all that is not known."""
    shown, total = shorten_middle(name, limit), diagnosis.pods_total
    if not total:
        return f"there {told} no pod of {shown}"
    return f"the pod of {shown} {told} not ready" if total == 1 else f"none of the {total} pods of {shown} {told} ready"


def _weak(cause: Cause, diagnosis: Diagnosis, limit: int) -> str:
    return sentence(cause, diagnosis, limit, with_symptom=False)


def _called(change: Change, diagnosis: Diagnosis, limit: int) -> str:
    """Return `the rollout of web at 13:59`, and who told it."""
    at = format_moment(change.at, diagnosis.onset)[:-3]
    if is_of_object(change):
        return f"the {noun_of(change)} of {named_object(change, limit)} at {at}"
    if not change.is_posted:
        return f"the {noun_of(change)} of {service_of(change, limit)} at {at}"
    return f"the {noun_of(change)} of {shown_name(change, limit)} at {at} ({vendor_of(change, limit // 2)})"


def noun_of(change: Change) -> str:
    """Return what a change is called: `rollout`, `restart`, `scaling`, `flag change`."""
    if is_restart(change):
        return "restart"
    if is_of_object(change):
        return noun_of_object(change)
    if is_deletion(change):
        return "deletion"
    return _NOUNS.get(change.event_type) or change.event_type.replace("_", " ")
