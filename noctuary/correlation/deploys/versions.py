"""What a post and an image call a version: read once of each change, and compared whole."""

import re

import msgspec

from noctuary.common.words import short_commit

MAX_VERSION_CHARS = 128
"""As long as the tag of an image can be: what is longer is no dotted version."""
MAX_REFERENCE_CHARS = 512
"""No registry takes more for name, tag and digest together: of a longer text nothing is read."""
_PARTS = re.compile(r"[-_+]")
_NUMBERED = re.compile(r"v\d")


class Image(msgspec.Struct, frozen=True):
    """What an image may be called by: its whole end, its tag, its digest, a part of its tag, a commit in it."""

    name: str = ""
    number: str = ""
    ends: tuple[str, ...] = ()
    words: frozenset[str] = frozenset()
    commits: tuple[str, ...] = ()


class Version(msgspec.Struct, frozen=True):
    """What a post calls a version or a commit.

    `number` is of dotted numbers, without zeros at the end: two that differ are two versions; empty: counted otherwise.
    """

    text: str = ""
    number: str = ""
    is_commit: bool = False

    def is_of(self, image: Image) -> bool:
        """Tell whether an image is of it."""
        if not self.text:
            return False
        if self.text in image.words or any(end.endswith(f"/{self.text}") for end in image.ends):
            return True
        if self.number and self.number == image.number:
            return True
        return self.is_commit and any(_is_start(self.text, part) for part in image.commits)


def read_version(told: str | None) -> Version:
    """Read what a post calls a version."""
    text = _bare(told or "")
    return Version(text, _number(text), bool(short_commit(text)))


def read_image(reference: str) -> Image:
    """Read the reference of an image."""
    if not reference or len(reference) > MAX_REFERENCE_CHARS:
        return Image()
    whole = reference.lower()
    plain, _, digest = whole.partition("@")
    name, _, told = plain.rpartition("/")[2].partition(":")
    tag = _bare(told)
    parts = _PARTS.split(tag)
    return Image(
        name,
        _number(tag),
        ends=(f"/{plain}", f"/{whole}"),
        words=frozenset({tag, digest, digest.removeprefix("sha256:"), *parts}),
        commits=tuple(part for part in parts if short_commit(part)),
    )


def differ(one: str, two: str) -> bool:
    """Tell whether two dotted numbers are not the same; of what is counted otherwise nothing is known."""
    return bool(one and two) and one != two


def _is_start(one: str, two: str) -> bool:
    """Tell whether two are one commit, of which each may be cut."""
    return one.startswith(two) or two.startswith(one)


def _bare(version: str) -> str:
    """Return a version without the sign that some write before it."""
    if len(version) > MAX_REFERENCE_CHARS:
        return ""
    text = version.strip().lower()
    return text[1:] if _NUMBERED.match(text) else text


def _number(text: str) -> str:
    """Return dotted numbers without zeros at the end, or nothing."""
    parts = text.split(".") if len(text) <= MAX_VERSION_CHARS else []
    if len(parts) < 2 or not all(part.isdecimal() for part in parts):
        return ""
    while len(parts) > 1 and parts[-1] == "0":
        parts.pop()
    return ".".join(parts)
