"""Replaces parts of names and addresses, the same everywhere, by words that a key decides."""

import hashlib
import ipaddress
import re
from collections.abc import Iterable
from typing import Any

from noctuary_cli.capture.pseudonyms.vocabulary import VOCABULARY

_PART = re.compile(r"[A-Za-z0-9]+")
_IPV4 = re.compile(r"(?<![\w.-])(ip-)?(?=([0-9]{1,3}[.-]))((?:[0-9]{1,3}[.-]){3}[0-9]{1,3})(?![\w-])")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{0,39}:[0-9A-Fa-f:]{1,39}(?![\w:.])")
_SUFFIX = re.compile(r"[bcdfghjklmnpqrstvwxz2456789]{5}|[bcdfghjklmnpqrstvwxz2456789]{8,10}")
"""What Kubernetes appends to the names of pods and ReplicaSets."""
_SUFFIX_SIGNS = "bcdfghjklmnpqrstvwxz2456789"
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"
SHORT_CHARS = 4
"""A part of so many signs or less becomes a word of two syllables, others of three."""


class Renaming:
    """One renaming: the same part is the same word wherever it stands, for whoever has the key."""

    def __init__(self, key: bytes, parts: Iterable[str]) -> None:
        self._key = key[: hashlib.blake2b.MAX_KEY_SIZE]
        chosen = sorted(parts)
        taken = {*chosen, *VOCABULARY}
        self._words: dict[str, str] = {}
        for part in chosen:
            self._words[part] = word = self._word(part, taken)
            taken.add(word)

    def text(self, text: str) -> str:
        """Return a text with other parts of names and other addresses."""
        text = _IPV4.sub(self._ipv4, _IPV6.sub(self._ipv6, text))
        return _PART.sub(lambda found: self._renamed(found[0]), text)

    def value(self, told: Any) -> Any:
        """Return any value of JSON with other names, those of fields that people named too."""
        if isinstance(told, dict):
            return {self.text(name): self.value(each) for name, each in told.items()}
        if isinstance(told, list):
            return [self.value(each) for each in told]
        return self.text(told) if isinstance(told, str) else told

    def _renamed(self, part: str) -> str:
        word = self._words.get(part.lower(), part)
        if word is part or part.islower():
            return word
        return word.upper() if part.isupper() else word.capitalize()

    def _word(self, part: str, taken: set[str]) -> str:
        attempt = 0
        while True:
            digest = self._digest(f"{part} {attempt}")
            word = _suffix(digest, len(part)) if _SUFFIX.fullmatch(part) else _syllables(digest, len(part))
            if word not in taken:
                return word
            attempt += 1

    def _digest(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode(), digest_size=16, key=self._key).digest()

    def _ipv4(self, found: re.Match[str]) -> str:
        sign = "-" if found[1] else "."
        if sign not in found[3] or (sign == "." and "-" in found[3]):
            return found[0]
        numbers = [int(each) for each in found[3].split(sign)]
        if len(numbers) != 4 or max(numbers) > 255 or numbers[0] in (0, 127, 255):
            return found[0]
        other = self._digest(".".join(map(str, numbers)))
        return (found[1] or "") + sign.join(map(str, (10, other[0], other[1], other[2])))

    def _ipv6(self, found: re.Match[str]) -> str:
        try:
            address = ipaddress.IPv6Address(found[0])
        except ValueError:  # a time, or part of a name
            return found[0]
        if address.is_loopback or address.is_unspecified:
            return found[0]
        other = self._digest(str(address)).hex()
        return f"fd00::{other[:4]}:{other[4:8]}"


def _syllables(digest: bytes, length: int) -> str:
    count = 2 if length <= SHORT_CHARS else 3
    numbers = digest[: 2 * count]
    return "".join(
        (_VOWELS if at % 2 else _CONSONANTS)[number % len(_VOWELS if at % 2 else _CONSONANTS)]
        for at, number in enumerate(numbers)
    )


def _suffix(digest: bytes, length: int) -> str:
    return "".join(_SUFFIX_SIGNS[number % len(_SUFFIX_SIGNS)] for number in digest[:length])
