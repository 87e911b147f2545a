"""What may stand in a command or be shown as a value: a grammar for each kind of word, and prose without signs."""

import re
import unicodedata

from noctuary.common.lookalikes import cut_behind, seen
from noctuary.common.redaction import without_secrets
from noctuary.common.text import clean, shorten, shorten_middle

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""RFC 1123: namespaces, containers."""
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
MAX_SUBDOMAIN_CHARS = 253
"""As RFC 1123 has it: most other names."""
_KIND = re.compile(r"[A-Z][A-Za-z0-9]{0,62}")
COUNT = re.compile(r"[0-9]{1,6}")
SHA = re.compile(r"[0-9a-f]{6,64}")
_COMMIT = re.compile(r"(?=.*[a-f])([0-9a-f]{7,40}|[0-9a-f]{64})")
"""What a value must be to count as a commit: digits alone are the number of a build."""
SHORT_SHA_CHARS = 12
"""What every repository still finds its commit by."""
MAX_VALUE_CHARS = 40
MAX_LINK_CHARS = 300
MAX_QUOTED_CHARS = 1000
"""No line of a note takes more; what is searched is bounded by it."""
_VALUE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+%-]*")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*")
_LINK = re.compile(r"(https?://[A-Za-z0-9][A-Za-z0-9.-]{0,252}(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~:/@%=+,-]*)?)([?#].*)?")
"""No user before the host, which passes for one (`https://github.com:443@evil.example`)."""
_RESOURCE = re.compile(r"(?:[a-z0-9][-a-z0-9.]{0,252}/)?[A-Za-z0-9][-A-Za-z0-9_.]{0,62}")
"""What nodes and quotas count: `cpu`, `nvidia.com/gpu`, `count/deployments.apps`."""
_PAIR = r"(?:[a-z0-9][-a-z0-9.]{0,252}/)?[A-Za-z0-9][-A-Za-z0-9_.]{0,62}=[-A-Za-z0-9_.]{0,63}"
_LABELS = re.compile(rf"{_PAIR}(?:,{_PAIR}){{0,19}}")
_PORT = r"(?:[0-9]{1,5}|(?=[-a-z0-9]*[a-z])[a-z0-9][-a-z0-9]{0,14})(?:/(?:TCP|UDP|SCTP))?"
_PORTS = re.compile(rf"{_PORT}(?:, {_PORT}){{0,9}}")
_HOST = re.compile(r"[a-z0-9][-a-z0-9]{0,62}(?:\.[a-z0-9][-a-z0-9]{0,62}){0,6}(?::[0-9]{1,5})?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,100}")
_CODE_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_PHRASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/()-]*")
_NOT_IN_REMARK = re.compile(r"[^A-Za-z0-9 .,:/@_+%=\u2026-]")
_NOT_IN_PROSE = re.compile(r"[`$|&<>\\*?!~{}\[\]\"'#=^\x00-\x1f\x7f]")
_OPENING = re.compile(
    r";(?=\s*(?:if|for|while|until|case|select|function|time|coproc|then|do|done|fi|else|elif|esac|in|repeat|foreach)\b)"
)
"""After `;` a shell takes these words of ours for the begin of a construct, and waits for its end."""
MIN_PORTS = 12
"""Characters that one port takes with its protocol: shorter, it would be another one."""
MAX_PHRASE_WORDS = 12
MAX_NAME_WORDS = 4
"""`Black Friday sale`: more words behind `Do:` are an order of somebody else."""
MAX_NAME_CHARS = 40
"""Of such a name with blanks."""
_PHRASE_WORD = re.compile(r"%|/?\w[\w._/%+:@-]*|\(\w[\w.-]{0,62}\)")
_SENTENCE = re.compile(r"[.!?:]\)?(?:\s|$)")
_SIGNS = re.compile(r"[`$|&<>\\*?!~{}\[\]()\"'#=^;]")
_URL = re.compile(r"(?i)\b[a-z][a-z0-9+.-]{0,20}://\S*")
_HEADING = re.compile(
    r"(?i)\b(do|do, if [a-z ]{1,40}|if it [a-z ]{1,60}|why|ruled out|(?:less|as) likely|(?:likely|possible) causes?"
    r"|weak|(?:not )?(?:seen|looked at|cleared|its rollout)|going on since long before|worth checking next"
    r"|alert opened|resolved|resolved after [a-z0-9 ]{1,20})\s*:+"
)
"""How our own lines begin; to be looked for in what is seen of a text."""
_ORDER = re.compile(r"(?i)(?<![\w/.-])(?:kubectl|oc|helm (?:un)?install|curl|wget|sudo|rm|eval)\s+(?=\S)")
"""How lines begin that somebody might run; a tool's name alone is only a name."""
_TOOL = re.compile(
    r"(?i)(?<![\w.-])(?:kubectl|oc|helm|terraform|bash|sh|zsh|curl|wget|sudo|rm|eval|reboot|shutdown"
    r"|drop|delete|destroy|truncate)(?![\w.-])"
)
"""What makes an order of several words, though each alone may be a name."""
_ADDRESS = re.compile(r"(?i)(?:^|[ (])(?:[^ /]+\.[^ /]+/|www\.)")
"""A host and a path, without a scheme. Kubernetes writes labels and resources so: `nvidia.com/gpu`."""
_SUBSTITUTION = re.compile(r"[$<>](?=[({])|`")
_WITHIN_WORDS = frozenset({"Mn", "Mc", "Me", "Cf"})
"""Marks, and the joiners that `clean` leaves where a script needs them."""
_EVIDENCE_ID = re.compile(r"(?<!\[)\[+([ae][0-9]{1,4})\]+")


def is_label(text: str) -> bool:
    """Tell whether a text can be the name of a namespace or a container."""
    return LABEL.fullmatch(text) is not None


def is_subdomain(text: str) -> bool:
    """Tell whether a text can be the name of a pod, a workload, a node and most other objects."""
    return len(text) <= MAX_SUBDOMAIN_CHARS and _SUBDOMAIN.fullmatch(text) is not None


def is_kind(text: str) -> bool:
    """Tell whether a text can be the kind of an object."""
    return _KIND.fullmatch(text) is not None


def plain_value(text: str | None) -> str:
    """Return a value such as `on`, `50` or `2.4.0`; nothing for more than a word: links, commands, sentences."""
    text = text or ""
    return text if len(text) <= MAX_VALUE_CHARS and _VALUE.fullmatch(text) else ""


def plain_image(text: str | None) -> str:
    """Return an image reference of the usual signs; nothing for one that a shell would read as more than a word."""
    text = clean(text or "", 400)
    return text if _IMAGE.fullmatch(text) and "//" not in text else ""


def plain_phrase(text: str | None) -> str:
    """Return what others call something, for a line of `Do:`: one word as it is, two to four in quotes.

    Without quotes a sentence of ours would go on in their words.
    """
    text = bare_phrase(text, 100)
    if " " not in text:
        return text if _PHRASE.fullmatch(text) else ""
    is_name = len(text) <= MAX_NAME_CHARS and text.count(" ") < MAX_NAME_WORDS and not _TOOL.search(text)
    return in_quotes(text) if is_name and _PHRASE.fullmatch(text) else ""


def in_quotes(name: str) -> str:
    """Return a name in quotes that no shell reads, where it has more than one word."""
    return f"\u201c{name}\u201d" if " " in name else name


def holds_sentence(text: str) -> bool:
    """Tell whether a sentence ends in a text, or what somebody says begins: no name does that."""
    return _SENTENCE.search(text) is not None


def plain_link(text: str | None) -> str:
    """Return an http or https URL of the usual signs without its query, which may hold a token; or nothing."""
    found = _LINK.fullmatch(text or "")
    return found[1] if found is not None and len(found[1]) <= MAX_LINK_CHARS else ""


def short_sha(text: str | None) -> str:
    """Return the start of what was given as a commit's hash, or nothing where the text is none."""
    text = (text or "").lower()
    if not SHA.fullmatch(text):
        return ""
    return text if text.isdecimal() else text[:SHORT_SHA_CHARS]


def short_commit(value: str | None) -> str:
    """Return the start of a value that can only be a commit's hash, or nothing: a build's number stays whole."""
    return short_sha(value) if _COMMIT.fullmatch((value or "").lower()) else ""


def remark(text: str) -> str:
    """Return one line that no shell acts upon, even one that takes `#` for a word."""
    return clean(_NOT_IN_REMARK.sub(" ", text), 200)


def prose(text: str) -> str:
    """Return one line without the signs by which a shell starts, feeds or fills in a command, or waits for more."""
    return clean(_OPENING.sub(",", _NOT_IN_PROSE.sub(" ", text)), 300)


def phrase(text: str | None, limit: int) -> str:
    """Return a name or a few words that others wrote, in any script; nothing for links, orders, or lines like ours."""
    text = clean(text or "", MAX_SUBDOMAIN_CHARS)
    bare = "".join(c for c in text if unicodedata.category(c) not in _WITHIN_WORDS)
    words, looks = bare.split(" "), seen(bare)
    is_plain = len(words) <= MAX_PHRASE_WORDS and all(map(_PHRASE_WORD.fullmatch, words))
    is_odd = "//" in bare or holds_sentence(bare) or _HEADING.search(looks) or _ORDER.search(looks)
    return shorten(text, limit) if is_plain and not is_odd else ""


def bare_phrase(text: str | None, limit: int) -> str:
    """Return a phrase without an address in it: what others call themselves, their things and what became of them."""
    text = phrase(text, MAX_SUBDOMAIN_CHARS)
    return "" if _ADDRESS.search(text) else shorten(text, limit)


def object_name(text: str | None, limit: int) -> str:
    """Return the name of an object, shortened in its middle; nothing for what no object can be called."""
    return shorten_middle(text or "", limit) if is_subdomain(text or "") else ""


def label_list(text: str | None, limit: int) -> str:
    """Return labels as a selector writes them, `app=web,tier=front`, shortened; nothing for another text."""
    return shorten_middle(text or "", limit) if _LABELS.fullmatch(text or "") else ""


def port_list(text: str | None, limit: int) -> str:
    """Return ports by number or name, `8080, metrics, 53/UDP`, shortened; nothing for another text."""
    return shorten_middle(text or "", max(limit, MIN_PORTS)) if _PORTS.fullmatch(text or "") else ""


def in_cluster_address(text: str | None) -> str:
    """Return `host` or `host:port` of lower-case names, as Services have; nothing for another text."""
    return text if text and _HOST.fullmatch(text) else ""


def variable_name(text: str | None) -> str:
    """Return the name of a variable of a container; nothing for another text."""
    return text if text and _VARIABLE.fullmatch(text) else ""


def code_word(text: str | None) -> str:
    """Return what a controller calls a reason, or nothing for more than a word."""
    return text if text and len(text) <= MAX_VALUE_CHARS and _CODE_WORD.fullmatch(text) else ""


def resource_name(text: str | None) -> str:
    """Return the name of what nodes and quotas count, or nothing."""
    return text if text and _RESOURCE.fullmatch(text) else ""


def quoted(text: str | None, limit: int) -> str:
    """Return what others wrote for a line of evidence: without shell signs, brackets, links, orders, our headings."""
    known = clean(without_secrets(text or ""), MAX_QUOTED_CHARS)
    return _not_ours(_SIGNS.sub(" ", _URL.sub(" ", known)), limit)


def disarmed(text: str, limit: int) -> str:
    """Return a message of the platform as it is, but for what passes for a line of ours, or runs within quotes."""
    known = clean(without_secrets(text), MAX_QUOTED_CHARS)
    return _not_ours(_EVIDENCE_ID.sub(r"\1", _SUBSTITUTION.sub(" ", known)), limit)


def _not_ours(text: str, limit: int) -> str:
    return clean(cut_behind(_HEADING, _ORDER.sub("", clean(text, MAX_QUOTED_CHARS))), limit)
