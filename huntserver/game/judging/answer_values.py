"""What may stand in an accepted answer, and whether it accepts and refuses what its examples say. Pure.

Owns the messages of `huntserver check` on answers. None of them names an answer, for it may be shown where others read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final

from huntserver.game.answers import GUESS_MAX
from huntserver.game.judging.answer import Answer, AnyAnswer, Mode, Thing
from huntserver.game.judging.expression import problems
from huntserver.game.judging.folding import answer_forms, symbols
from huntserver.game.judging.judge import TextJudge, number_of
from huntserver.game.judging.moment import date_of, time_of
from huntserver.game.judging.number import unit_problem
from huntserver.game.judging.position import position_of

Wrong = Callable[[str, str, str], None]
NUMBER_MAX: Final = 10**15
THINGS_MAX: Final = 40
EXAMPLES_MAX: Final = 20
WHATS: Final = ("text", "regex", "number", "date", "time", "set", "list", "position")
RADIUS_MAX_M: Final = 100_000


def check_answers(wrong: Wrong, path: str, answers: Sequence[AnyAnswer], mode: Mode, accents: bool) -> None:
    """Report answers that nobody can give, that are none, or whose examples do not hold."""
    for i, answer in enumerate(answers):
        _one(wrong, f"{path}[{i}]", answer, mode, accents)
    for i, answer in enumerate(answers):
        if isinstance(answer, Answer) and answer.regex and answer.sees == "folded" and _unfolded(answer.regex):
            cure = 'folded texts have no spaces: leave them out, or say sees = "typed"'
            wrong(f"{path}[{i}].regex", "holds a space, and a folded guess has none", cure)
    patterns = [(i, a) for i, a in enumerate(answers) if isinstance(a, Answer) and a.regex]
    for n, fault in problems([(a.regex, a.sees) for _, a in patterns]):
        wrong(f"{path}[{patterns[n][0]}].regex", fault, "write a simpler one")


def _unfolded(pattern: str) -> bool:
    """Tell whether an expression asks for a space, which no folded text between letters has."""
    return re.search(r"(?<=[A-Za-z]) (?=[A-Za-z])", pattern) is not None


def _one(wrong: Wrong, path: str, answer: AnyAnswer, mode: Mode, accents: bool) -> None:
    if isinstance(answer, str):
        check_text(wrong, path, answer, mode, accents)
        return
    given = [what for what, value in zip(WHATS, _values(answer), strict=True) if value]
    if len(given) != 1:
        seen = " and ".join(given) or "none of them"
        wrong(path, f"has {seen}", f"give exactly one of {', '.join(WHATS)}")
        return
    faults = len(_counted(wrong, path, answer, given[0], mode, accents))
    if not faults and (answer.accepts or answer.refuses):
        _examples(wrong, path, answer, mode, accents)


def _values(answer: Answer) -> tuple[object, ...]:
    number = "given" if answer.number is not None else ""
    return (
        answer.text, answer.regex, number, answer.date, answer.time, answer.in_any_order, answer.in_order,
        answer.position,
    )  # fmt: skip


def _counted(wrong: Wrong, path: str, answer: Answer, what: str, mode: Mode, accents: bool) -> list[str]:
    """Report what is wrong with an answer of a kind; return the paths that were named."""
    named: list[str] = []

    def told(at: str, fault: str, cure: str) -> None:
        named.append(at)
        wrong(at, fault, cure)

    if what == "text":
        check_text(told, f"{path}.text", answer.text, answer.mode or mode, bool(answer.accents or accents))
    elif what == "number":
        _number(told, path, answer)
    elif what == "date" and date_of(answer.date) is None:
        told(f"{path}.date", f"{answer.date!r} is no date", "write it as 1969-07-20, 1969-07, 1969 or --07-20")
    elif what == "time" and time_of(answer.time) is None:
        told(f"{path}.time", f"{answer.time!r} is no time of day", "write it as 14:30 or 14:30:05")
    elif what == "position" and position_of(answer.position) is None:
        told(f"{path}.position", "is no position, or may be two", "write latitude, longitude: 48.8584, 2.2945")
    elif what in ("set", "list"):
        _things(told, f"{path}.{what}", answer.in_any_order or answer.in_order, mode, accents)
        if not 0 <= answer.at_least <= len(answer.in_any_order or answer.in_order):
            told(f"{path}.at_least", f"is {answer.at_least}", "allowed is 0 (all) up to the number of things")
    if answer.radius_m and what != "position":
        told(f"{path}.radius_m", f"stands beside {what}", "it is of a position; of a number say tolerance")
    elif answer.radius_m and not 1 <= answer.radius_m <= RADIUS_MAX_M:
        told(f"{path}.radius_m", f"is {answer.radius_m}", f"allowed is 1 to {RADIUS_MAX_M} metres")
    if what in ("date", "time") and not _amount(str(answer.tolerance)):
        told(f"{path}.tolerance", f"is {answer.tolerance!r}", "give days of a date, minutes of a time, 0 and more")
    return named


def check_text(wrong: Wrong, path: str, text: str, mode: Mode, accents: bool) -> None:
    """Report a text that is too long or of which nothing is left to compare."""
    if len(text) > GUESS_MAX:
        wrong(path, f"has {len(text)} characters", f"allowed is 1 to {GUESS_MAX}")
    elif not (text.strip() if mode != "folded" else answer_forms(text, accents=accents) or symbols(text)):
        wrong(path, "has nothing that can be compared", "give a text that can be typed")


def _amount(text: str) -> bool:
    try:
        return 0 <= Fraction(text.strip().rstrip("% ") or "x") < NUMBER_MAX
    except (ValueError, ZeroDivisionError):
        return False


def _number(wrong: Wrong, path: str, answer: Answer) -> None:
    try:
        fits = abs(Fraction(str(answer.number))) < NUMBER_MAX
    except (ValueError, ZeroDivisionError):
        fits = False
    if not fits:
        wrong(f"{path}.number", f"is {answer.number!r}", "use a finite number below 1e15, or a fraction like '1/3'")
    if not _amount(str(answer.tolerance)):
        wrong(f"{path}.tolerance", f"is {answer.tolerance!r}", "use a number from 0 below 1e15, or a share like '5%'")
    if answer.unit and (problem := unit_problem(answer.unit)):
        wrong(f"{path}.unit", problem, "use a unit such as m, km, ft, kg, h, °C or %")
    elif fits and _amount(str(answer.tolerance)):
        number_of(answer)


def _things(wrong: Wrong, path: str, things: Sequence[Thing], mode: Mode, accents: bool) -> None:
    if not 2 <= len(things) <= THINGS_MAX:
        wrong(path, f"has {len(things)} things", f"allowed is 2 to {THINGS_MAX}")
    _twice(wrong, path, things, mode, accents)
    for i, thing in enumerate(things):
        for j, one in enumerate(thing if isinstance(thing, list) else [thing]):
            at = f"{path}[{i}]" + (f"[{j}]" if isinstance(thing, list) else "")
            if isinstance(one, Answer) and (one.in_any_order or one.in_order or one.regex or one.position):
                what = "is a list within a list, an expression or a position"
                wrong(at, what, "give a text, a number, a date or a time")
            else:
                _one(wrong, at, one, mode, accents)


def _twice(wrong: Wrong, path: str, things: Sequence[Thing], mode: Mode, accents: bool) -> None:
    """Report things of a set that are one to a guess, where a thing said twice counts once: it can never be given."""
    seen: dict[str, int] = {}
    for i, thing in enumerate(things if path.endswith(".set") and mode == "folded" else ()):
        form = next(iter(answer_forms(thing, accents=accents)), "") if isinstance(thing, str) else ""
        if form and (first := seen.setdefault(form, i)) != i:
            wrong(
                f"{path}[{i}]", f"is the same as {path.rpartition('.')[2]}[{first}]", "give each thing once, or a list"
            )


def _examples(wrong: Wrong, path: str, answer: Answer, mode: Mode, accents: bool) -> None:
    check_examples(wrong, path, TextJudge([answer], mode=mode, accents=accents), answer.accepts, answer.refuses)


def check_examples(wrong: Wrong, path: str, judge: TextJudge, accepts: Sequence[str], refuses: Sequence[str]) -> None:
    """Report examples that are judged otherwise than they say."""
    for name, examples, right in (("accepts", accepts, True), ("refuses", refuses, False)):
        if len(examples) > EXAMPLES_MAX:
            wrong(f"{path}.{name}", f"has {len(examples)} entries", f"allowed is 0 to {EXAMPLES_MAX}")
        for i, example in enumerate(examples[:EXAMPLES_MAX]):
            if judge.correct(example) != right:
                said = "is not accepted" if right else "is accepted"
                wrong(f"{path}.{name}[{i}]", said, "mend the answer, its mode, or the example")
