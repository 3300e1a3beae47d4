"""Names of people and teams: what can be shown is shown, what cannot be seen or piles up is refused. Pure.

Categories and joiners are Unicode's: emoji are joined by U+200D, Persian and Indic words by U+200C and U+200D, flags of
regions by tag characters behind a black flag. Pasted spaces of any width become plain ones.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

NAME_MAX: Final = 40
MARKS_MAX: Final = 4
"""Marks on one letter: Vietnamese, Thai and Tibetan need up to four; more pile up over the lines of others."""
NOTHING_SEEN: Final = "the name has nothing that can be seen"
_JOINERS: Final = "\u200c\u200d"
_SPACES: Final = re.compile(r"\s+")
_UNSEEN: Final = re.compile("[\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
"""Invisible marks that people paste along: dropped. Some would turn the direction of the line."""
_BLANK: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800\U0001d159")
"""Letters and symbols that show nothing."""
_STRAY_TAGS: Final = re.compile("(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0020-\U000e007f]+")
_PICTURES: Final = range(0x1F000, 0x1FB00)
"""Emoji that are newer than the tables of this Python are shown by phones that know them."""


def _is_plain(text: str) -> bool:
    """Tell whether a text is of ASCII that can be shown, as most names are: nothing in it is unseen or piles up."""
    return text.isascii() and text.isprintable()


def shown_name(text: str) -> str:
    """Return a name as it is shown: NFC, plain single spaces, nothing around it that cannot be seen."""
    if _is_plain(text):
        return " ".join(text.split())
    text = _UNSEEN.sub("", unicodedata.normalize("NFC", text))
    text = _STRAY_TAGS.sub("", text).strip(_JOINERS)
    return _SPACES.sub(" ", text).strip()


def fit_name(text: str) -> str:
    """Return what of a name that nobody can be asked about may be shown, "" if nothing: a token of others holds it."""
    kept = text if _is_plain(text) else _showable(text)
    name = shown_name(kept)[:NAME_MAX].strip()
    return "" if name_problem(name) else name


def _showable(text: str) -> str:
    return "".join(c for c in text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn"))


def name_problem(name: str) -> str:
    """Return why a name that `shown_name` gave cannot be had, in words for a person, or ""."""
    if len(name) > NAME_MAX:
        return f"the name has {len(name)} characters, allowed are {NAME_MAX}"
    if _is_plain(name):
        return "" if name.strip() else NOTHING_SEEN
    marks = 0
    seen = False
    for c in name:
        category = unicodedata.category(c)
        if category in ("Cc", "Cs", "Co") or (category == "Cn" and ord(c) not in _PICTURES):
            return f"the name holds U+{ord(c):04X}, which cannot be shown"
        marks = marks + 1 if category in ("Mn", "Me") and not "\ufe00" <= c <= "\ufe0f" else 0
        if marks > MARKS_MAX:
            return f"the name piles more than {MARKS_MAX} marks on one letter"
        seen = seen or (category[0] in "LNPS" and c not in _BLANK) or category == "Cn"
    return "" if seen else NOTHING_SEEN
