"""The judge of one clue that is answered in words: what a guess is worth by the clue's answers, prepared once. Pure.

`texts` and `partials` are looked up by a guess's normal form, which is all that most guesses need; `fits` tries what is
left, and costs an ASCII guess without signs nothing where the clue has plain texts alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Final
from zlib import crc32

from huntserver.game.judging.answer import Answer, AnyAnswer, Mode, Near, Thing
from huntserver.game.judging.expression import Expressions
from huntserver.game.judging.folding import (
    DROPPED,
    LOWER,
    NO_SIGN,
    answer_forms,
    exact,
    folded,
    guess_forms,
    has_sign,
    signed,
    symbols,
)
from huntserver.game.judging.forms import SAID, forms_of_answer, forms_of_guess, may_differ, worded
from huntserver.game.judging.listing import ListAnswer
from huntserver.game.judging.moment import DateAnswer, TimeAnswer, date_of, time_of
from huntserver.game.judging.nearness import near
from huntserver.game.judging.number import NumberAnswer
from huntserver.game.judging.number_words import number_words
from huntserver.game.judging.opening import bare
from huntserver.game.judging.position import RADIUS_M, PositionAnswer, position_of
from huntserver.game.judging.units import unit_key
from huntserver.game.judging.wrapper import Wrapper

Fits = Callable[[str], bool]
NO_NEAR: Final = Near(slips=0)


class TextJudge:
    """The accepted and partial answers of one clue.

    `texts` are accepted, `partials` answered with a reply, both in normal form. `exact`: not only folded texts are
    accepted, so that signs and spaces tell guesses apart where it is remembered what was tried.
    """

    nothing: Final = "the guess has nothing that can be compared"

    __slots__ = (
        "_accents",
        "_cased",
        "_figures",
        "_letters_alone",
        "_mode",
        "_near",
        "_others",
        "_signs_alone",
        "_wrapper",
        "exact",
        "partials",
        "replies",
        "texts",
    )

    def __init__(
        self,
        answers: Sequence[AnyAnswer],
        *,
        mode: Mode = "folded",
        accents: bool = False,
        partial: Iterable[tuple[str, str]] = (),
        wrapper: Wrapper | None = None,
        near_miss: Near = NO_NEAR,
    ) -> None:
        self._accents = accents
        self._mode = mode
        self._wrapper = wrapper
        self._near = near_miss
        plain = [text for answer in answers if (text := _plain(answer, mode, accents))]
        self.partials = {form: reply for text, reply in partial for form in self._forms(text)}
        self.texts = self._accepted(plain)
        rich = [answer for answer in answers if not _plain(answer, mode, accents)]
        self._others = fits_of(rich, mode, accents)
        self._cased = mode == "exact"
        self.exact = bool(self._others) or mode != "folded" or wrapper is not None
        self.replies = bool(self.partials) or (near_miss.slips > 0 and not near_miss.solves)
        self._figures = mode == "folded" and any(form.startswith(SAID) for form in self.texts)
        self._letters_alone = not self.exact and not near_miss.solves
        self._signs_alone = any(not any(c.isalnum() for c in form) for form in (*self.texts, *self.partials))

    def _accepted(self, plain: Sequence[str]) -> frozenset[str]:
        """Return the forms that are accepted; what is only forgiven never takes a partial answer's place."""
        texts = {form for text in plain for form in self._forms(text)}
        if self._mode == "folded":
            inner = [text if self._wrapper is None else self._wrapper.off(text) or text for text in plain]
            forgiven = {form for text in inner for form in forms_of_answer(text, accents=self._accents)}
            texts |= forgiven - self.partials.keys()
        return frozenset(texts)

    def _forms(self, text: str) -> tuple[str, ...]:
        if self._wrapper is not None:
            text = self._wrapper.off(text) or text
        if self._mode == "folded":
            return answer_forms(text, accents=self._accents) or (symbols(text),)
        return (_form(self._mode, text, self._accents),)

    def read(self, raw: str) -> tuple[str, int, bool]:
        """Return a guess's normal form, its mark, and whether it is right: see `normal`, `mark`, `fits`."""
        if self._letters_alone and raw.isascii():
            # Nearly all guesses: `folded`, `mark` and `fits` written out, which go over the same bytes again and again.
            data = raw.encode()
            if not data.translate(None, NO_SIGN) and (data := data.translate(LOWER, DROPPED)):
                normal = data.decode()
                right = normal in self.texts or (self._figures and self._in_words(normal))
                if not right and (" " in raw or data[0] < ord("a")):
                    right = self.fits(raw)
                return normal, crc32(data) or 1, right
        normal = self.normal(raw)
        return normal, self.mark(raw, normal), normal in self.texts or self.fits(raw)

    def _in_words(self, normal: str) -> bool:
        return any(worded(number) in self.texts for number in number_words().get(normal, ()))

    def normal(self, raw: str) -> str:
        """Return the guess's normal form under this clue's rules; "" when nothing of it can count."""
        if self._wrapper is not None:
            inside = self._wrapper.off(raw)
            if inside is None:
                return ""
            raw = inside
        if self._mode != "folded":
            return _form(self._mode, raw, self._accents)
        return folded(raw, accents=self._accents) or (symbols(raw) if self._signs_alone else "")

    def mark(self, raw: str, normal: str) -> int:
        """Return 32 bits that stand for a guess in a team's memory of what it tried; 0: nothing was written.

        CRC-32, the same in every process. Two guesses may share one: what it decides is looked at again (`guess`).
        """
        if self.exact:
            normal = " ".join(raw.split())
            if not self._cased:
                normal = normal.casefold()
        return (crc32(normal.encode("utf-8", "surrogatepass")) or 1) if normal else 0

    def fits(self, raw: str) -> bool:
        """Tell whether something else than the normal form makes the guess right."""
        plain = not self.exact and not self._near.solves and not self._figures
        if plain and not has_sign(raw) and not may_differ(raw):
            return False
        if self._wrapper is not None:
            inside = self._wrapper.off(raw)
            if inside is None:
                return False
            raw = inside
        if self._mode == "folded" and self.texts:
            if self.partials and self.normal(raw) in self.partials:
                forms = guess_forms(raw, accents=self._accents)
            else:
                forms = forms_of_guess(raw, accents=self._accents, figures=self._figures)
            if any(form in self.texts for form in forms):
                return True
        if any(fits(raw) for fits in self._others):
            return True
        return self._near.solves and self._nearest(raw) is not None

    def reply(self, raw: str, normal: str) -> str | None:
        """Return what a guess that is not right is told if it is on the right way or nearly right, or None."""
        if normal in self.partials:
            return self.partials[normal]
        if self.partials and self._mode == "folded":
            for form in forms_of_guess(raw, accents=self._accents):
                if form in self.partials:
                    return self.partials[form]
        if self._near.slips and not self._near.solves and self._nearest(raw) is not None:
            return self._near.reply
        return None

    def _nearest(self, raw: str) -> str | None:
        forms = [self.normal(text) for text in (raw, *(bare(raw) if self._mode == "folded" else ()))]
        return next((found for form in forms if (found := near(form, self.texts, self._near.slips))), None)

    def correct(self, raw: str) -> bool:
        """Tell whether the guess is accepted."""
        return self.normal(raw) in self.texts or self.fits(raw)


def _plain(answer: AnyAnswer, mode: Mode, accents: bool) -> str:
    """Return the text of an answer that is compared as the clue's guesses are, or ""."""
    if isinstance(answer, str):
        return answer
    same = answer.mode in (None, mode) and answer.accents in (None, accents)
    return answer.text if same else ""


def _form(mode: Mode, text: str, accents: bool) -> str:
    return exact(text) if mode == "exact" else signed(text, accents=accents)


def fits_of(answers: Sequence[AnyAnswer], mode: Mode, accents: bool) -> list[Fits]:
    """Return a function for each answer (expressions share one) that tells whether a guess is it."""
    rich = [answer for answer in answers if isinstance(answer, Answer)]
    found: list[Fits] = [_text(a, mode, accents) for a in answers if isinstance(a, str)]
    patterns = [(a.regex, a.sees) for a in rich if a.regex]
    if patterns:
        expressions = Expressions(patterns)
        found.append(lambda raw: expressions.fit(raw, folded(raw, accents=accents)))
    return found + [_rich(answer, mode, accents) for answer in rich if not answer.regex]


def _rich(answer: Answer, mode: Mode, accents: bool) -> Fits:
    mode, accents = answer.mode or mode, accents if answer.accents is None else answer.accents
    if answer.number is not None:
        return number_of(answer).fits
    if answer.date:
        date = date_of(answer.date)
        assert date is not None, answer.date
        return DateAnswer(date, answer.order, int(answer.tolerance)).fits
    if answer.time:
        seconds = time_of(answer.time)
        assert seconds is not None, answer.time
        return TimeAnswer(seconds, int(float(answer.tolerance) * 60)).fits
    if answer.position:
        at = position_of(answer.position)
        assert at is not None, answer.position
        return PositionAnswer(at, answer.radius_m or RADIUS_M).fits
    things = answer.in_any_order or answer.in_order
    if things:
        fits = tuple(_thing(thing, mode, accents) for thing in things)
        return ListAnswer(fits, bool(answer.in_order), answer.at_least, _spelled(things, mode, accents)).fits
    return _text(answer.text, mode, accents)


def _spelled(things: Sequence[Thing], mode: Mode, accents: bool) -> tuple[frozenset[str], ...]:
    """Return the forms of each thing, or nothing if one of them is no folded text."""
    each = [thing if isinstance(thing, list) else [thing] for thing in things]
    if mode != "folded" or not all(_plain(one, mode, accents) for some in each for one in some):
        return ()
    return tuple(
        frozenset(form for one in some for form in answer_forms(_plain(one, mode, accents), accents=accents))
        for some in each
    )


def number_of(answer: Answer) -> NumberAnswer:
    """Return the number that an answer accepts. Raises ValueError for texts that are none."""
    tolerance = str(answer.tolerance).strip()
    relative = tolerance.endswith("%")
    amount = Fraction(tolerance.rstrip("% ")) / (100 if relative else 1)
    return NumberAnswer(Fraction(str(answer.number)), amount, relative, unit_key(answer.unit))


def _thing(thing: Thing, mode: Mode, accents: bool) -> Fits:
    some = fits_of(thing if isinstance(thing, list) else [thing], mode, accents)
    return some[0] if len(some) == 1 else lambda raw: any(fits(raw) for fits in some)


def _text(text: str, mode: Mode, accents: bool) -> Fits:
    if mode != "folded":
        form = _form(mode, text, accents)
        return lambda raw: _form(mode, raw, accents) == form
    forms = frozenset(forms_of_answer(text, accents=accents))
    if not forms:
        signs = symbols(text)
        return lambda raw: not folded(raw, accents=accents) and symbols(raw) == signs
    return lambda raw: any(form in forms for form in forms_of_guess(raw, accents=accents))
