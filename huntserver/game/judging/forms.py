"""All forms under which a guess may be right and an answer be given, beyond folding: without an article or "the answer
is", numbers and signs in words, scores and clock times with another sign. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from huntserver.game.judging.folding import answer_forms, folded, guess_forms, letters
from huntserver.game.judging.number_words import english, number_words
from huntserver.game.judging.opening import bare, said, without_article

_PERCENT: Final = re.compile(
    r"(?<=\d)\s*(?:per\s?cent|pct|prozent|procent|pour\s?cent|por\s?ciento|per\s?cento|por\s?cento)\b\.?", re.IGNORECASE
)
_MINUS: Final = re.compile(r"\s*(?:minus|negative|moins|menos|meno)\s+(?=\d)", re.IGNORECASE)
_MINUS_SAID: Final = re.compile(r"\s*(?:minus|negative|moins|menos|meno)\s+(?=[^\W\d])")
_SCORE: Final = re.compile(r"\s*(\d{1,3})\s*[:-]\s*(\d{1,3})\s*")
_CLOCK: Final = re.compile(r"\s*([01]?\d|2[0-3])\s?[.h]\s?([0-5]\d)\s*")
_SPACED: Final = re.compile(r"(?<![\d.,])\d{1,3}(?:\s\d{3})+(?=[.,]\d+(?![\d.,]))")
"""Thousands parted by spaces before decimals, which look like two numbers of a position."""
SAID: Final = "\0"
"""Before a number that is said in words: "uno" is "1", but no other word for it is "one"."""
FIGURES_MAX: Final = 3
"""Figures of a number that may be said in words."""


def forms_of_guess(text: str, *, accents: bool = False, figures: bool = True) -> tuple[str, ...]:
    """Return every form under which a guess may be right, the usual one first; `figures`: also of numbers in words."""
    forms = list(guess_forms(text, accents=accents))
    for rest in bare(text):
        forms += guess_forms(rest, accents=accents)
    text = said(text)
    if any(c.isdigit() for c in text):
        plain = letters(text, accents=accents)
        for other in _spelled(plain):
            forms += guess_forms(other, accents=accents)
        forms += _score(plain) + _clock(plain)
    elif figures:
        forms += [worded(number) for form in forms for number in number_words().get(form, ())]
        if (found := _MINUS_SAID.match(plain := letters(text, accents=accents))) is not None:
            forms += [worded(-number) for number in number_words().get(folded(plain[found.end() :]), ())]
    return tuple(dict.fromkeys(forms))


def forms_of_answer(text: str, *, accents: bool = False) -> tuple[str, ...]:
    """Return every form that an answer of the host accepts, the usual one first; empty when nothing is left."""
    forms = list(answer_forms(text, accents=accents))
    forms += [SAID + form for form in forms if _in_figures(form)]
    if (rest := without_article(text)) is not None:
        forms += answer_forms(rest, accents=accents)
    plain = letters(text, accents=accents)
    for other in _spelled(plain):
        forms += answer_forms(other, accents=accents)
    if (number := english().get(folded(text))) is not None:
        forms.append(str(number))
    forms += _score(plain) + (_clock(plain) if "h" in plain else [])
    return tuple(dict.fromkeys(forms))


def may_differ(text: str) -> bool:
    """Tell whether ASCII text without a sign can have another form than the folded one, numbers in words aside."""
    if " " not in text.strip():
        return _CLOCK.fullmatch(text.lower()) is not None
    if not any(c.isdigit() for c in text):
        return bool(bare(text))
    plain = text.lower()
    return bool(bare(text)) or next(_spelled(plain), None) is not None or _CLOCK.fullmatch(plain) is not None


def worded(number: object) -> str:
    """Return the form of a number that is said in words: right where the host wrote figures."""
    return f"{SAID}{number}"


def _in_figures(form: str) -> bool:
    """Tell whether an accepted form is a number that a guess may say in words."""
    figures = form.removeprefix("-")
    return "/" in form or (figures.isdigit() and len(figures) <= FIGURES_MAX)


def _spelled(plain: str) -> Iterator[str]:
    """Yield a text of folded letters with signs for words and with thousands joined, where it has any."""
    if (found := _MINUS.match(plain)) is not None:
        yield "-" + plain[found.end() :]
    if _PERCENT.search(plain):
        yield _PERCENT.sub("%", plain)
    if _SPACED.search(plain):
        yield _SPACED.sub(lambda found: re.sub(r"\s", "", found[0]), plain)


def _score(text: str) -> list[str]:
    found = _SCORE.fullmatch(text)
    return [f"{found[1]}:{found[2]}"] if found else []


def _clock(text: str) -> list[str]:
    found = _CLOCK.fullmatch(text)
    return [f"{found[1]}:{found[2]}"] if found else []
