"""What may stand in a command or be shown as a value: a grammar for each kind of word, and prose without signs."""

import re

from noctuary.common.text import clean

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""RFC 1123: namespaces, containers."""
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
MAX_SUBDOMAIN_CHARS = 253
"""As RFC 1123 has it: most other names."""
COUNT = re.compile(r"[0-9]{1,6}")
SHA = re.compile(r"[0-9a-f]{6,64}")
_COMMIT = re.compile(r"(?=.*[a-f])([0-9a-f]{7,40}|[0-9a-f]{64})")
"""What a value must be to count as a commit: digits alone are the number of a build."""
SHORT_SHA_CHARS = 12
"""What every repository still finds its commit by."""
MAX_VALUE_CHARS = 40
MAX_LINK_CHARS = 300
_VALUE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+%-]*")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*")
_LINK = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9._~:/?#@%=&+,-]*")
_PHRASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]*")
_NOT_IN_REMARK = re.compile(r"[^A-Za-z0-9 .,:/@_+%=\u2026-]")
_NOT_IN_PROSE = re.compile(r"[`$|&<>\\*?!~{}\[\]\"'#=^\x00-\x1f\x7f]")


def is_label(text: str) -> bool:
    """Tell whether a text can be the name of a namespace or a container."""
    return LABEL.fullmatch(text) is not None


def is_subdomain(text: str) -> bool:
    """Tell whether a text can be the name of a pod, a workload, a node and most other objects."""
    return len(text) <= MAX_SUBDOMAIN_CHARS and _SUBDOMAIN.fullmatch(text) is not None


def plain_value(text: str | None) -> str:
    """Return a value such as `on`, `50` or `2.4.0`; nothing for more than a word: links, commands, sentences."""
    text = text or ""
    return text if len(text) <= MAX_VALUE_CHARS and _VALUE.fullmatch(text) else ""


def plain_image(text: str | None) -> str:
    """Return an image reference of the usual signs; nothing for one that a shell would read as more than a word."""
    text = clean(text or "", 400)
    return text if _IMAGE.fullmatch(text) and "//" not in text else ""


def plain_phrase(text: str | None) -> str:
    """Return a few words of letters and digits: the name of an application, a release, or `Kind name`."""
    text = clean(text or "", 100)
    return text if _PHRASE.fullmatch(text) else ""


def plain_link(text: str | None) -> str:
    """Return an http or https URL of the usual signs, or nothing."""
    text = text or ""
    return text if len(text) <= MAX_LINK_CHARS and _LINK.fullmatch(text) else ""


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
    """Return one line without the signs by which a shell starts, feeds or fills in a command."""
    return clean(_NOT_IN_PROSE.sub(" ", text), 300)
