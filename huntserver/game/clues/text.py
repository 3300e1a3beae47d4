"""Clues that are answered in words: accepted texts, numbers with a tolerance, expressions; partial answers. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from huntserver.game.answers import GUESS_MAX, Judge, normalise
from huntserver.game.clues.kind import Kind
from huntserver.game.definition.part import Part, Wrong, printable
from huntserver.game.patterns import pattern_problem

REPLY_BYTES_MAX: Final = 80
NUMBER_MAX: Final = 1e15


class Answer(Part, frozen=True):
    """An accepted answer that is not plain text: a regular expression, or a number with its tolerance."""

    regex: str = ""
    number: float | None = None
    tolerance: float = 0.0


class Partial(Part, frozen=True):
    """A guess on the right way: costs nothing, and is answered with `reply` (at most 80 bytes)."""

    text: str
    reply: str = "keep going"


class TextKeys(Part, frozen=True):
    """`accents`: they matter in answers."""

    answers: list[str | Answer] = []
    accents: bool = False
    partial: list[Partial] = []


def check(wrong: Wrong, path: str, clue: TextKeys) -> None:
    """Report answers that nobody can give, and replies that are never given."""
    for i, answer in enumerate(clue.answers):
        _answer(wrong, f"{path}.answers[{i}]", answer, clue.accents)
    accepted = {normalise(a, accents=clue.accents) for a in clue.answers if isinstance(a, str)}
    for i, partial in enumerate(clue.partial):
        _partial(wrong, f"{path}.partial[{i}]", partial, normalise(partial.text, accents=clue.accents), accepted)


def _answer(wrong: Wrong, path: str, answer: str | Answer, accents: bool) -> None:
    if isinstance(answer, str):
        if not normalise(answer, accents=accents):
            wrong(path, "has no letter or digit", "give a text that can be typed")
        elif len(answer) > GUESS_MAX:
            wrong(path, f"has {len(answer)} characters", f"allowed is 1 to {GUESS_MAX}")
    elif bool(answer.regex) == (answer.number is not None):
        wrong(path, "is neither or both of regex and number", "give exactly one of them")
    elif answer.number is None:
        problem = pattern_problem(answer.regex)
        if problem:
            wrong(f"{path}.regex", problem, "write a simpler one")
    elif not abs(answer.number) < NUMBER_MAX or not 0 <= answer.tolerance < NUMBER_MAX:
        wrong(path, "the number or its tolerance is out of range", "use finite numbers below 1e15, tolerance >= 0")


def _partial(wrong: Wrong, path: str, partial: Partial, normal: str, accepted: set[str]) -> None:
    if not normal:
        wrong(f"{path}.text", "has no letter or digit", "give a text that can be typed")
    printable(wrong, f"{path}.reply", partial.reply)
    if normal in accepted:
        wrong(f"{path}.text", "is an accepted answer too, so its reply is never given", "remove it in one of the two")
    # As JSON, because the reply is part of an answer of at most 200 bytes.
    if len(msgspec.json.encode(partial.reply)) - 2 > REPLY_BYTES_MAX:
        wrong(f"{path}.reply", "is too long", f"allowed are {REPLY_BYTES_MAX} bytes of JSON text")


def judge(clue: TextKeys) -> Judge:
    """Prepare the accepted and the partial answers."""
    rich = [a for a in clue.answers if isinstance(a, Answer)]
    return Judge(
        [a for a in clue.answers if isinstance(a, str)],
        patterns=[a.regex for a in rich if a.regex],
        numbers=[(repr(a.number), repr(a.tolerance)) for a in rich if a.number is not None],
        partial=[(p.text, p.reply) for p in clue.partial],
        accents=clue.accents,
    )


KIND: Final = Kind(
    "text",
    TextKeys,
    owns=("answers", "partial"),
    check=check,
    ranges={"answers": (0, 50), "partial": (0, 50)},
    parts={"answers": Answer, "partial": Partial},
    judge=judge,
)
