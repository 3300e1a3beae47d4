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
from itertools import product
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

DIGRAPHS_MAX: Final = 3
"""Different letters of one text that are each tried both ways (Ångström, Angstroem, Aangstrom)."""
AND: Final = ("and", "und", "et", "y", "e", "i", "och", "og", "en", "и")
"""What people read "&" as, in the languages of most hunts."""
_AND: Final = re.compile(r"(?<=\w)\s*[&＆]\s*(?=\w)")
FOLDED_MAX: Final = 64
"""Texts remembered with their form: one guess is folded by its clue, and asked for again within the same command."""

LOWER: Final = bytes(range(256)).lower()
DROPPED: Final = bytes(c for c in range(128) if not chr(c).isalnum())
NO_SIGN: Final = bytes(c for c in range(128) if chr(c) not in "+-#%^*=<>/.,:'&")
"""Of ASCII, all that is neither a sign that could stay nor beside one what makes it stay."""
_BEFORE: Final = {**dict.fromkeys(map(ord, "™℠®©")), ord("´"): "'", ord("˚"): "°", ord("″"): '"', ord("‴"): '"'}
"""What NFKD would make letters or accents of."""
_SAME: Final = {**UNIFIED, **SAME}
_SAME_BUT_ACCENTS: Final = {**_SAME, **ACCENTS}
_SUPERSCRIPT: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_POWER: Final = re.compile("(?<=[0-9])([⁻−-]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_DEGREE: Final = re.compile(r"(?<=\d)(\s?)º")
"""On Spanish and Italian keyboards the ordinal sign is where the degree's would be."""
_THAI: Final = re.compile("([\u0e4d\u0ecd])([\u0e48-\u0e4b\u0ec8-\u0ecb])(?=[\u0e32\u0eb2])")
"""A tone after the first half of SARA AM: typed in this order it looks as in the other."""
_THAI_TWINS: Final = (("\u0e40\u0e40", "\u0e41"), ("\u0ec0\u0ec0", "\u0ec1"))
"""Two SARA E look like SARA AE."""
_LONG: Final = re.compile("(?<=[\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d\uff9e\uff9f])[-‐‑–—―−－─]")
"""A dash after kana, on the key of the long vowel."""
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
    text = _DEGREE.sub(r"\1°", text)
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
    text = unicodedata.normalize("NFC", _THAI.sub(r"\2\1", text))
    for twin, whole in _THAI_TWINS:
        text = text.replace(twin, whole)
    return text if text.isascii() else "".join(map(_ascii_digit, text))


def _caret(found: re.Match[str]) -> str:
    return "^" + found[0].translate(_SUPERSCRIPT)


_SQUARED: Final = {"🔟": "10", "🆎": "ab"}
"""Keycaps and blood types that are no letter by name."""


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
        if c in _SQUARED:
            return _SQUARED[c]
        if "SQUARED LATIN CAPITAL LETTER " in name or "CIRCLED LATIN CAPITAL LETTER " in name:
            return name[-1].lower()
    return c


def _bare(text: str) -> str:
    """Drop what is no letter, mark, digit or sign that stays."""
    left = "".join(c for c in text if kept(c) or unicodedata.category(c)[0] in "LMN")
    return shown(unicodedata.normalize("NFC", left))


def guess_forms(text: str, *, accents: bool = False) -> tuple[str, ...]:
    """Return every form under which a guess may be right, the usual one first.

    Beside `folded`: the other reading of a point or comma before three digits, without a percent sign, with umlauts
    written out, with a word for "&", and with a dash after kana as the long vowel. What the player adds so is forgiven;
    what the host wrote must be there.
    """
    first = folded(text, accents=accents)
    if text.isascii() and MEANT(text) is None and "&" not in text:
        return (first,)
    forms = [first, *_other_words(text, accents)]
    if ambiguous(letters(text, accents=accents)):
        forms += [folded_by_steps(text, accents=accents, reading=r) for r in (Reading.GROUPED, Reading.DECIMAL)]
    if "%" in first:
        forms.append(first.replace("%", ""))
    if (long := _LONG.sub("ー", text)) != text:
        forms.append(folded(long, accents=accents))
    if not accents:
        forms += _written_out(text)
    return tuple(dict.fromkeys(filter(None, forms)))


def answer_forms(text: str, *, accents: bool = False) -> tuple[str, ...]:
    """Return every form that an answer of the host accepts, the usual one first; empty when nothing is left."""
    first = folded(text, accents=accents)
    forms = [first, *_other_words(text, accents)]
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


def _other_words(text: str, accents: bool) -> list[str]:
    """Return the forms with a word for "&" between words, which is dropped otherwise, and with º as a letter (1º)."""
    forms = []
    if _AND.search(text):
        forms = [folded(_AND.sub(f" {word} ", text), accents=accents) for word in AND]
    if "º" in text:
        forms.append(folded(text.replace("º", "o"), accents=accents))
    return forms


def _written_out(text: str) -> list[str]:
    """Return the forms with ä as ae and its like, each such letter so or without its dots, if the text has one."""
    whole = unicodedata.normalize("NFC", text).casefold()
    found = [] if whole.isascii() else [c for c in DIGRAPHS if c in whole]
    if not found:
        return []
    forms = []
    for chosen in product((True, False), repeat=min(len(found), DIGRAPHS_MAX)):
        spelled = whole
        for letter, out in zip(found, chosen, strict=False):
            spelled = spelled.replace(letter, DIGRAPHS[letter]) if out else spelled
        forms.append(folded(spelled))
    return forms[:-1]  # the last has none written out


# ---- where nothing is left, and where signs count

_TONES: Final = dict.fromkeys(range(0x1F3FB, 0x1F400))
WIDE: Final = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
"""Signs as wide as a Chinese letter, and the same in ASCII."""
_SIGNS_ALONE: Final = {
    **UNIFIED,
    **WIDE,
    0x20E3: None,
    ord("‼"): "!!",
    ord("⁇"): "??",
    ord("⁈"): "?!",
    ord("⁉"): "!?",
    ord("♥"): "❤",
}
"""Beside them keycaps (#️⃣ is #), signs that stand for two, and the heart of cards, which phones draw as the other."""
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
    text = _visible(unicodedata.normalize("NFC", text)).translate(_SIGNS_ALONE).casefold()
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
