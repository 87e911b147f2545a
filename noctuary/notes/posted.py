"""What other systems post, in words: each sentence says what happened to which thing, and who told it."""

from collections.abc import Iterator

from noctuary.analyzers.base import Advice
from noctuary.common.lookalikes import bare_name
from noctuary.common.text import shorten
from noctuary.common.words import (
    MAX_SUBDOMAIN_CHARS,
    bare_phrase,
    in_quotes,
    plain_image,
    plain_link,
    plain_phrase,
    plain_value,
    quoted,
    short_commit,
    short_sha,
)
from noctuary.correlation.scalings import is_by_autoscaler
from noctuary.correlation.score import LOW_CONFIDENCE
from noctuary.models import details
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Change, Fault
from noctuary.notes.values import ODD_THING, entity_of, old_image, previous_version, service_of, version

MAX_TOLD_CHARS = 120
DOUBTED = "reported with low confidence"
DOUBTED_BRIEFLY = " (low confidence)"
_ON = frozenset({"on", "true", "enabled", "1"})
_OFF = frozenset({"off", "false", "disabled", "0"})
SETTING_NOUNS: dict[str, str] = {
    EventType.FLAG_CHANGE: "flag",
    EventType.CONFIG_CHANGE: "configuration",
    EventType.SCHEMA_CHANGE: "schema of",
}
"""What is called by a name of its own."""
CLUSTER = "kubernetes"
"""Who tells what a cluster shows: a posted change may not pass for it."""
OURSELVES = "noctuary"
ODD_VENDOR = "another system"
"""Who tells something under a name that is none, or is ours, or looks like it."""
MAX_VENDOR_CHARS = 40
MAX_VENDOR_WORDS = 3
"""More are a sentence."""


def vendor_of(thing: Change | Fault, limit: int = MAX_VENDOR_CHARS) -> str:
    """Return who told it."""
    return _called(thing.vendor, limit, is_change=isinstance(thing, Change))


def as_told(thing: Change | Fault, said: str, limit: int) -> str:
    """Return a sentence for the first line: behind who posted it, where it stays however much is cut."""
    if not thing.is_posted:
        return said
    return f"{_named(thing, limit // 2)}{DOUBTED_BRIEFLY if doubt_of(thing) else ''}: {said}"


def _named(thing: Change | Fault, limit: int = MAX_VENDOR_CHARS) -> str:
    """Return who told it, as the beginning of what it tells."""
    name = vendor_of(thing, limit)
    return name if name == ODD_VENDOR else in_quotes(name)


def _called(vendor: str, limit: int, *, is_change: bool) -> str:
    """Return the name of who tells something; the changes of a cluster we see ourselves, nobody tells us of them."""
    name = bare_phrase(vendor, MAX_SUBDOMAIN_CHARS)
    looks = bare_name(name)
    is_ours = OURSELVES in looks or (is_change and looks == CLUSTER)
    is_sentence = name.count(" ") >= MAX_VENDOR_WORDS
    return ODD_VENDOR if not name or is_ours or is_sentence else shorten(name, limit)


def told_by(thing: Change | Fault) -> list[str]:
    """Return who did it, and whether its teller doubts it."""
    return [
        *([f"by {actor}"] if (actor := quoted(thing.actor, 63)) else []),
        *([doubt_of(thing)] if doubt_of(thing) else []),
    ]


def doubt_of(thing: Change | Fault) -> str:
    """Return that its teller doubts it, or nothing."""
    return DOUBTED if thing.is_posted and thing.confidence < LOW_CONFIDENCE else ""


def link_of(thing: Change | Fault) -> str:
    """Return a space and the link to what was told, where it is a plain one."""
    link = plain_link(thing.link)
    return f" {link}" if link else ""


def lent_by(change: Change) -> str:
    """Return who told the commit of a rollout that the cluster shows: ` by jane, as argocd tells`."""
    lender = lender_of(change)
    if not lender:
        return ""
    actor = quoted(change.details.get(details.DELIVERED_BY), 63)
    return f"{f' by {actor}' if actor else ''}, as {_called(lender, MAX_VENDOR_CHARS, is_change=True)} tells"


def lender_of(change: Change) -> str:
    """Return under which name another system told the commit of a rollout that the cluster shows, or nothing."""
    known = change.details
    lender = known.get(details.LENT_BY, "")
    if details.DELIVERED_BY in known:  # an older release kept the lender as the vendor
        lender = lender or change.vendor
    return "" if change.is_posted else lender


def as_lent(lender: str) -> str:
    """Return `, as github-actions tells`, for a line of `Do:`."""
    name = _called(lender, MAX_VENDOR_CHARS, is_change=True)
    return f", as {(plain_phrase(name) if name != ODD_VENDOR else '') or ODD_VENDOR} tells"


def of_what(change: Change, said: str) -> Iterator[str]:
    """Yield which thing of which service another system names, as far as it is not said."""
    if change.is_posted and change.entity != change.service:
        yield quoted(change.entity, 63)
        yield f"of {service_of(change, 63)}" if service_of(change, 63) not in said else ""


def setting_sentence(change: Change, limit: int) -> str:
    """Return which flag, configuration or schema was set to what: `flag new-checkout of shop turned on (was off)`."""
    noun = SETTING_NOUNS.get(change.event_type) or change.event_type.replace("_", " ")
    if not change.entity:  # a release that did not keep it has stored this
        return f"a {noun.removesuffix(' of')} of {service_of(change, limit)} {_turned(change)}"
    entity = entity_of(change, limit)
    whose = f" of {service_of(change, limit)}" if change.is_posted and change.entity != change.service else ""
    named = f"{noun} {entity}" if entity != ODD_THING else f"a {noun.removesuffix(' of')} with an odd name"
    return f"{named}{whose} {_turned(change)}"


def _turned(change: Change) -> str:
    new, old = plain_value(change.new_value), plain_value(change.old_value)
    was = f" (was {old})" if old else ""
    if change.event_type == EventType.FLAG_CHANGE and new.lower() in _ON | _OFF:
        return f"turned {'on' if new.lower() in _ON else 'off'}{was}"
    return f"set to {new}{was}" if new else f"changed{was}"


def told_line(fault: Fault) -> str:
    """Return what another system reports in its own words, for a line of evidence."""
    known = f"{_named(fault)}: {fault_words(fault, MAX_TOLD_CHARS)}"
    said = quoted(_what(fault), MAX_TOLD_CHARS)
    more = [words for words in (quoted(fault.entity, 63), said) if words and words not in known]
    return known + (f"; as it says, {', '.join(more)}" if more else "")


def fault_words(fault: Fault, limit: int) -> str:
    """Return what another system reports: `deadlock on payments.public`."""
    entity, what = entity_of(fault, limit), bare_phrase(_what(fault), limit)
    match fault.event_type:
        case EventType.DEPENDENCY_FAILURE:
            return _dependency(fault, entity, what, limit)
        case EventType.CIRCUIT_OPEN:
            return f"circuit breaker {entity} is open" + (f" ({what})" if what else "")
        case EventType.RESTART:
            return f"{what} of {entity}" if what else f"{entity} was restarted"
    return f"{what} on {entity}" if what else f"{entity} is saturated"


def _what(fault: Fault) -> str:
    return fault.text.replace("_", " ") if fault.text not in ("", fault.entity) else ""


def _dependency(fault: Fault, entity: str, what: str, limit: int) -> str:
    service, said = service_of(fault, limit), f": {what}" if what else ""
    if fault.entity in ("", fault.service):
        return f"{service} is answered by a dependency with an error{said}"
    return f"{service} depends on {entity}{said or ', which fails'}"


def _teller(thing: Change | Fault) -> str:
    return plain_phrase(thing.vendor) if vendor_of(thing) != ODD_VENDOR else ""


def revert_posted(change: Change) -> Advice:
    """Return how to take back what another system tells that it changed: no command, it has its own."""
    by = _teller(change)
    where = f" with {by}" if by else ""
    if change.is_rollout:
        return Advice(_roll_back_posted(change, where))
    entity, old = plain_phrase(change.entity), plain_value(change.old_value)
    if change.event_type == EventType.SCALE_EVENT and is_by_autoscaler(change) and old:
        return lift_autoscaler(old)
    back = f"back to {old}" if old else "back to its former value"
    if change.event_type == EventType.SCHEMA_CHANGE:
        return Advice(f"check whether the migration of {entity or 'the schema'} fits the version that runs{where}")
    return Advice(f"set {_thing(change)} {back}{where}, unless this was meant")


def lift_autoscaler(replicas: str) -> Advice:
    """Return where to set what an autoscaler would set again."""
    return Advice(f"set minReplicas of its autoscaler to {replicas}, if it scaled too far; it overrides a hand")


def _thing(change: Change) -> str:
    """Return what is set back: `flag new-checkout`, `the flag of web` where it has no name, `the replicas of web`."""
    service, entity = plain_phrase(change.service) or "the service", plain_phrase(change.entity)
    if change.event_type == EventType.SCALE_EVENT:
        return f"the replicas of {entity or service}"
    noun = SETTING_NOUNS.get(change.event_type) or change.event_type.replace("_", " ")
    return f"{noun} {entity}" if entity else f"the {noun} of {service}"


def _roll_back_posted(change: Change, where: str) -> str:
    name = plain_phrase(change.entity) or plain_phrase(change.service) or "the service"
    if short_commit(change.old_value):
        return f"roll back to sha {previous_version(change, 63)} ({name}){where}"
    if plain_image(old_image(change)):
        return f"roll back to {previous_version(change, 63)} ({name}){where}"
    if short_sha(change.sha):
        return f"revert commit {short_sha(change.sha)} ({name}){where}"
    deployed = version(change, 63)
    return f"roll back {name} to what ran before {deployed or 'this deploy'}{where}"


def mend_posted(fault: Fault) -> Advice:
    """Return what to check about a fault that another system reports."""
    entity, vendor = plain_phrase(fault.entity) or "the thing it names", _teller(fault) or "its reporter"
    match fault.event_type:
        case EventType.DEPENDENCY_FAILURE:
            return Advice(f"check that {entity} runs and answers as it should: {vendor} reports that it fails")
        case EventType.CIRCUIT_OPEN:
            return Advice(f"check what is behind the circuit breaker {entity}; it closes when that answers again")
        case EventType.RESTART:
            return Advice(f"check in {vendor} why {entity} ended, and whether it runs again")
    return Advice(f"check {entity} in {vendor}: what uses it up or blocks it, and since when")
