"""Names that look alike: skeletons by Unicode's table of confusables (UTS 39), and words that mix scripts to deceive.

Pure but for reading the package's files, once. The tables are made by `tools/name_tables.py`.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

_UNSEEN: Final = dict.fromkeys(map(ord, "\u200c\u200d\ufe0e\ufe0f"))
WORDS: Final = re.compile(r"[^\W\d_]+")
TOGETHER: Final = frozenset({"Han", "Hiragana", "Katakana", "Hangul", "Bopomofo"})
"""Scripts that Japanese, Korean and Chinese mix within a word, with each other and with any other."""


def _rows(name: str) -> list[list[str]]:
    text = (files("huntserver.game") / name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


@cache
def prototypes() -> dict[int, str]:
    """Return what characters look like: code point -> prototype."""
    return {int(code, 16): prototype for code, prototype in _rows("confusables.tsv")}


@cache
def _stretches() -> tuple[list[int], list[int], list[str]]:
    rows = [(int(first, 16), int(last, 16), name) for first, last, name in _rows("scripts.tsv")]
    return [first for first, _, _ in rows], [last for _, last, _ in rows], [name for _, _, name in rows]


@cache
def _looks_in() -> dict[str, frozenset[str]]:
    """Return in which scripts a prototype has characters that look like it."""
    found: dict[str, set[str]] = {}
    for code, prototype in prototypes().items():
        found.setdefault(prototype, {script_of(prototype)} if len(prototype) == 1 else set()).add(script_of(chr(code)))
    return {prototype: frozenset(scripts) for prototype, scripts in found.items()}


def script_of(c: str) -> str:
    """Return the script of a character, "" for one that all share."""
    firsts, lasts, names = _stretches()
    at = bisect_right(firsts, ord(c)) - 1
    return names[at] if at >= 0 and ord(c) <= lasts[at] else ""


def skeleton(text: str) -> str:
    """Return what two texts share that look alike (UTS 39, 4, with compatibility mappings: also wide letters are
    letters). Not for showing. Variation selectors, joiners and spaces are left out: nobody sees them."""
    seen = unicodedata.normalize("NFKD", text).translate(_UNSEEN).translate(prototypes())
    return unicodedata.normalize("NFD", "".join(seen.split()))


@lru_cache(maxsize=64)  # a name is looked at when it is decided on, and at once again when it is taken
def looks_of(name: str) -> tuple[str, str]:
    """Return the keys under which a name is taken: as it is written (Ian, lan) and whatever its case (Owls, оwls)."""
    return skeleton(name), skeleton(name.casefold())


def spoof(name: str) -> str:
    """Return why a name deceives, in words for a person, or "": a word mixes scripts in letters that look alike.

    A word deceives if all its letters of one script could stand in another one's: Latin with a Cyrillic а. "Δelta" does
    not, nor do words that mix the scripts of East Asia.
    """
    for word in WORDS.findall(name):
        if word.isascii():
            continue
        letters = [(c, script_of(c)) for c in unicodedata.normalize("NFC", word)]
        scripts = {script for _, script in letters if script} - TOGETHER
        for own in sorted(scripts):
            for other in sorted(scripts - {own}):
                if all(_could_be(c, other) for c, script in letters if script == own):
                    return f"the word {word!r} mixes {own} and {other} letters that look alike"
    return ""


def _could_be(c: str, script: str) -> bool:
    base = unicodedata.normalize("NFD", c)[0]
    return script in _looks_in().get(prototypes().get(ord(base), base), ())
