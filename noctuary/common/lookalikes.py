"""What letters look like: others write Latin words of ours in Cyrillic, Greek or full-width letters."""

import re
import unicodedata

_LOOKS = {
    ":": "\u02d0\ua789\u2236\u0589\ufe30\u205a\u02f8",
    "a": "\u0251\u1d00\u03b1\u0391\u0430\u0410\u13aa",
    "b": "\u0299\u03b2\u0392\u0432\u0412\u042c\u044c\u13f4",
    "c": "\u1d04\u03f2\u03f9\u0441\u0421\u13df",
    "d": "\u1d05\u0501\u13e7\u13a0",
    "e": "\u1d07\u03b5\u0395\u0435\u0415\u04bd\u13ac",
    "f": "\ua730\u03dc\u0584",
    "g": "\u0261\u0262\u0581\u050c\u13c0",
    "h": "\u029c\u0397\u043d\u041d\u04bb\u0570\u13bb",
    "i": "\u0131\u026a\u0269\u03b9\u0399\u0456\u0406\u13a5",
    "j": "\u1d0a\u03f3\u037f\u0458\u0408\u0575\u13ab",
    "k": "\u0138\u1d0b\u03ba\u039a\u043a\u041a\u13e6",
    "l": "\u029f\u01c0\u04cf\u04c0\u13de",
    "m": "\u1d0d\u039c\u043c\u041c\u13b7",
    "n": "\u0274\u03b7\u039d\u043f\u0578\u057c",
    "o": "\u1d0f\u03bf\u039f\u03c3\u043e\u041e\u0585\u0555",
    "p": "\u1d18\u03c1\u03a1\u0440\u0420\u13e2",
    "q": "\u051b\u0566\u0563",
    "r": "\u0280\u0433\u13a1\u13d2",
    "s": "\ua731\u0455\u0405\u054f\u13da",
    "t": "\u1d1b\u03c4\u03a4\u0442\u0422\u13a2",
    "u": "\u1d1c\u028b\u03c5\u057d\u054d",
    "v": "\u1d20\u03bd\u0475\u0474\u13d9",
    "w": "\u1d21\u03c9\u051d\u051c\u0461\u13b3",
    "x": "\u03c7\u03a7\u0445\u0425",
    "y": "\u028f\u03b3\u03a5\u0443\u0423\u04af\u04ae\u10e7\u13a9",
    "z": "\u1d22\u0396\u13c3",
}
"""After the confusables of Unicode (UTS 39), and what looks like small capitals: Latin, Greek, Cyrillic, Armenian and
Cherokee letters. Full-width, mathematical and accented ones are known by how Unicode decomposes them."""
_LATIN = {alike: letter for letter, many in _LOOKS.items() for alike in many}
_STAND_FOR = str.maketrans("0134578@$", "oieastbas")
"""What a reader takes for a letter within a name."""


def seen(text: str) -> str:
    """Return what a text looks like, for comparisons only: as many characters, in Latin where they may be."""
    if text.isascii():
        return text.lower()
    return text.translate({ord(character): _seen(character) for character in set(text)})


def _seen(character: str) -> str:
    if character in _LATIN:
        return _LATIN[character]
    parts = unicodedata.normalize("NFKD", character)
    is_one = all(map(unicodedata.combining, parts[1:]))
    shape = _LATIN.get(parts[0], parts[0]).lower() if is_one else character
    return shape if len(shape) == 1 else character


def bare_name(text: str) -> str:
    """Return the letters that a name looks like, digits too, without the marks and the signs between them."""
    return "".join(filter(str.isalnum, seen(text).translate(_STAND_FOR)))


def cut_behind(pattern: re.Pattern[str], text: str) -> str:
    """Put a blank in place of what a pattern finds behind its first group, where a text looks like it."""
    kept, at = list[str](), 0
    for found in pattern.finditer(seen(text)):
        kept += [text[at : found.end(1)], " "]
        at = found.end()
    return "".join([*kept, text[at:]])
