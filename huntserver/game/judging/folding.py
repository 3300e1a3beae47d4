"""The normal forms in which texts are compared: folded, signs count, exact. Pure, and the same in every process.

`folded` takes these steps. NFKD; case folding; NFKD again (Unicode 3.13, D145). What is shown as nothing goes, and
letters that look alike or are a ligature become one (`letters.SAME`). Unless accents matter, accents, vowel points and
strokes go (`letters.ACCENTS`). Digits of all scripts become ASCII. Signs that carry meaning stay (`signs`), all other
signs, symbols and spaces go. NFC. "L'Été, 2024!" becomes "lete2024", as "l ete 2024" does; "C++" stays "c++".
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from huntserver.game.judging.letters import ACCENTS, BREVES, DIGRAPHS, IGNORABLE, SAME
from huntserver.game.judging.signs import (
    MEANT,
    UNIFIED,
    Reading,
    ambiguous,
    keep,
    kept,
    round_thousands,
    shown,
)

FOLDED_MAX: Final = 64
"""Texts remembered with their form: one guess is folded by its clue, and asked for again within the same command."""

LOWER: Final = bytes(range(256)).lower()
DROPPED: Final = bytes(c for c in range(128) if not chr(c).isalnum())
NO_SIGN: Final = bytes(c for c in range(128) if chr(c) not in "+-#%^*=<>/.,:'")
"""Of ASCII, all that is neither a sign that could stay nor beside one what makes it stay."""
_BEFORE: Final = {**dict.fromkeys(map(ord, "™℠®©")), ord("´"): "'", ord("˚"): "°", ord("″"): '"', ord("‴"): '"'}
"""What NFKD would make letters or accents of."""
_SAME: Final = {**UNIFIED, **SAME}
_SAME_BUT_ACCENTS: Final = {**_SAME, **ACCENTS}
_SUPERSCRIPT: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_POWER: Final = re.compile("(?<=[0-9])([⁻−-]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_VULGAR: Final = re.compile("(?<=[0-9])(?=[¼-¾⅐-⅟↉])")


def folded(text: str, *, accents: bool = False) -> str:
    """Return the form in which answers are compared; "" when nothing is left. With `accents` they matter."""
    if text.isascii():
        raw = text.encode()
        if not raw.translate(None, NO_SIGN) or MEANT(text) is None:
            return raw.translate(LOWER, DROPPED).decode()
    return folded_by_steps(text, accents=accents)


def has_sign(text: str) -> bool:
    """Tell whether a text has a sign, or a letter beyond ASCII, for which `guess_forms` may know another form."""
    return not text.isascii() or bool(text.encode().translate(None, NO_SIGN))


@lru_cache(FOLDED_MAX)
def folded_by_steps(text: str, *, accents: bool = False, reading: Reading = Reading.USUAL) -> str:
    """Return `folded` without its short cut; `reading` says what a point or comma before three digits is."""
    return _bare(keep(letters(text, accents=accents), reading))


@lru_cache(FOLDED_MAX)
def letters(text: str, *, accents: bool = False) -> str:
    """Return the text with its letters and digits folded and its signs unified; no sign or space is dropped."""
    text = _VULGAR.sub(" ", _POWER.sub(_caret, text.translate(_BEFORE)))
    text = unicodedata.normalize("NFKD", text).replace("I\u0307", "i")
    if accents:
        text = unicodedata.normalize("NFKD", text.casefold()).translate(_SAME)
    else:
        # U+0345 is an accent of Greek, which case folding would make a letter.
        text = unicodedata.normalize("NFKD", text.replace("\u0345", "").casefold())
        for apart, whole in BREVES:
            if apart in text:
                text = text.replace(apart, whole)
        text = text.translate(_SAME_BUT_ACCENTS)
    text = unicodedata.normalize("NFC", text)
    return text if text.isascii() else "".join(map(_ascii_digit, text))


def _caret(found: re.Match[str]) -> str:
    return "^" + found[0].translate(_SUPERSCRIPT)


@lru_cache(2048)
def _ascii_digit(c: str) -> str:
    """Return a digit of any script, or in a circle, as ASCII; letters in squares as letters; the rest as it is."""
    if c.isascii():
        return c
    category = unicodedata.category(c)
    if category in ("Nd", "No"):
        value = unicodedata.numeric(c, -1.0)
        return str(int(value)) if value >= 0 and value == int(value) and value < 1000 else c
    if category == "So":
        name = unicodedata.name(c, "")
        if "SQUARED LATIN CAPITAL LETTER " in name or "CIRCLED LATIN CAPITAL LETTER " in name:
            return name[-1].lower()
    return c


def _bare(text: str) -> str:
    """Drop what is no letter, mark, digit or sign that stays."""
    left = "".join(c for c in text if kept(c) or unicodedata.category(c)[0] in "LMN")
    return shown(unicodedata.normalize("NFC", left))


def guess_forms(text: str, *, accents: bool = False) -> tuple[str, ...]:
    """Return every form under which a guess may be right, the usual one first.

    Beside `folded`: the other reading of a point or comma before three digits, without a percent sign, and with
    umlauts written out. What the player adds so is forgiven; what the host wrote must be there.
    """
    first = folded(text, accents=accents)
    if text.isascii() and MEANT(text) is None:
        return (first,)
    forms = [first]
    if ambiguous(letters(text, accents=accents)):
        forms += [folded_by_steps(text, accents=accents, reading=r) for r in (Reading.GROUPED, Reading.DECIMAL)]
    if "%" in first:
        forms.append(first.replace("%", ""))
    if not accents:
        forms += _written_out(text)
    return tuple(dict.fromkeys(filter(None, forms)))


def answer_forms(text: str, *, accents: bool = False) -> tuple[str, ...]:
    """Return every form that an answer of the host accepts, the usual one first; empty when nothing is left."""
    first = folded(text, accents=accents)
    forms = [first]
    seen = letters(text, accents=accents)
    if ambiguous(seen) and ("," in seen or round_thousands(seen)):
        forms += [folded_by_steps(text, accents=accents, reading=r) for r in (Reading.GROUPED, Reading.DECIMAL)]
    if re.fullmatch(r"\d+\.\d+\.\d+", first):
        digits = re.sub(r"\D", "", seen)
        if len(digits) in (6, 8):
            forms.append(digits)  # a date without its signs: 24122024
    if not accents:
        forms += _written_out(text)
    return tuple(dict.fromkeys(filter(None, forms)))


def _written_out(text: str) -> list[str]:
    """Return the form with ä as ae and its like, if the text has such a letter."""
    whole = unicodedata.normalize("NFC", text).casefold()
    if whole.isascii() or not any(c in whole for c in DIGRAPHS):
        return []
    for letter, pair in DIGRAPHS.items():
        whole = whole.replace(letter, pair)
    return [folded(whole)]


# ---- where nothing is left, and where signs count

_TONES: Final = dict.fromkeys(range(0x1F3FB, 0x1F400))
_WIDE: Final = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
"""Signs as wide as a Chinese letter, and the same in ASCII."""
_JOINER: Final = 0x200D
_TAGS: Final = range(0xE0020, 0xE0080)
_HIDDEN: Final = {c: None for c in IGNORABLE if c != _JOINER and c not in _TAGS}
_SPACES: Final = re.compile(r"\s+")
_PICTURE: Final = "[\u2190-\u2bff\U0001f000-\U0001ffff]"
_STRAY_JOINER: Final = re.compile(f"(?<!{_PICTURE})\u200d|\u200d(?!{_PICTURE})")
_STRAY_TAGS: Final = re.compile("(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0020-\U000e007f]+")


def symbols(text: str) -> str:
    """Return the form of a text that is signs alone, such as ♠, 🐱 or ?!: "" when nothing of it can be seen.

    Variation selectors, skin tones and width do not count; joiners and tags do, for they make other pictures.
    """
    text = _visible(unicodedata.normalize("NFC", text)).translate(UNIFIED).translate(_WIDE).casefold()
    return _SPACES.sub("", text.translate(_TONES) if len(text) > 1 else text)


def _visible(text: str) -> str:
    """Drop what is shown as nothing, except joiners between pictures and the tags of flags."""
    if text.isascii():
        return text
    text = text.translate(_HIDDEN)
    return _STRAY_TAGS.sub("", _STRAY_JOINER.sub("", text))


def signed(text: str, *, accents: bool = False) -> str:
    """Return the form for answers in which every sign counts: letters as in `folded`, signs unified, spaces dropped
    except between two digits."""
    text = letters(_visible(text), accents=accents).replace("--", "-")
    if not any(c.isalnum() for c in text):
        return symbols(text)
    return re.sub(r"(?<!\d)\s+|\s+(?!\d)", "", text)


def typed(text: str) -> str:
    """Return the text as a keyboard has it: NFC, quotes, dashes, dots and spaces plain, nothing that cannot be seen."""
    if text.isascii():
        return text.replace("`", "'")
    return _SPACE.sub(" ", _visible(unicodedata.normalize("NFC", text)).translate(TYPED))


def exact(text: str) -> str:
    """Return the form for answers in which case and signs count: as typed, runs of spaces as one, none around."""
    return _SPACES.sub(" ", typed(text).replace("--", "-")).strip()


TYPED: Final = {c: sign for c, sign in UNIFIED.items() if sign in ("-", "'", '"', "...")}
"""What phones put by themselves for quotes, dashes and dots."""
_SPACE: Final = re.compile("[\xa0\u2000-\u200a\u202f\u205f\u3000]")
