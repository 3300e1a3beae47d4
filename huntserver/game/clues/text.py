"""Clues that are answered in words, numbers, dates, lists or by an expression; partial answers, near misses. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from huntserver.game.clues.kind import Kind
from huntserver.game.definition.part import Part, Wrong, printable
from huntserver.game.judging.answer import Answer, Mode, Near
from huntserver.game.judging.answer_values import check_answers, check_examples, check_text
from huntserver.game.judging.judge import NO_NEAR, TextJudge
from huntserver.game.judging.nearness import SLIPS_MAX
from huntserver.game.judging.wrapper import wrapper_of

REPLY_BYTES_MAX: Final = 80


class Partial(Part, frozen=True):
    """A guess on the right way: costs nothing, and is answered with `reply` (at most 80 bytes)."""

    text: str
    reply: str = "keep going"


class TextKeys(Part, frozen=True):
    """`accents`: they matter in answers. `mode`: how texts are compared. `near`: what happens to a near miss.

    `wrapper` such as `flag{...}` may stand around a guess, with `wrapped` it must. `accepts` and `refuses` are guesses
    that `check` tries.
    """

    answers: list[str | Answer] = []
    accents: bool = False
    partial: list[Partial] = []
    mode: Mode = "folded"
    near: Near | None = None
    wrapper: str = ""
    wrapped: bool = False
    accepts: list[str] = []
    refuses: list[str] = []


def check(wrong: Wrong, path: str, clue: TextKeys) -> None:
    """Report answers that nobody can give, and replies that are never given."""
    faults: list[str] = []

    def told(at: str, what: str, cure: str) -> None:
        faults.append(at)
        wrong(at, what, cure)

    check_answers(told, f"{path}.answers", clue.answers, clue.mode, clue.accents)
    if clue.wrapper and wrapper_of(clue.wrapper) is None:
        told(f"{path}.wrapper", "says not where the answer goes", "write it as flag{...}")
    if clue.wrapped and not clue.wrapper:
        told(f"{path}.wrapped", "is true without a wrapper", "give the wrapper, such as flag{...}")
    if clue.near is not None:
        _near(told, f"{path}.near", clue.near)
    for i, partial in enumerate(clue.partial):
        check_text(told, f"{path}.partial[{i}].text", partial.text, clue.mode, clue.accents)
        _reply(told, f"{path}.partial[{i}].reply", partial.reply)
    if faults:
        return
    made = judge(clue)
    for i, partial in enumerate(clue.partial):
        if made.correct(partial.text):
            cure = "remove it in one of the two"
            wrong(f"{path}.partial[{i}].text", "is an accepted answer too, so its reply is never given", cure)
    check_examples(wrong, path, made, clue.accepts, clue.refuses)


def _near(wrong: Wrong, path: str, near: Near) -> None:
    if not 1 <= near.slips <= SLIPS_MAX:
        wrong(f"{path}.slips", f"is {near.slips}", f"allowed is 1 to {SLIPS_MAX}")
    _reply(wrong, f"{path}.reply", near.reply)


def _reply(wrong: Wrong, path: str, reply: str) -> None:
    printable(wrong, path, reply)
    # As JSON, because the reply is part of an answer of at most 200 bytes.
    if len(msgspec.json.encode(reply)) - 2 > REPLY_BYTES_MAX:
        wrong(path, "is too long", f"allowed are {REPLY_BYTES_MAX} bytes of JSON text")


def judge(clue: TextKeys) -> TextJudge:
    """Prepare the accepted and the partial answers."""
    return TextJudge(
        clue.answers,
        mode=clue.mode,
        accents=clue.accents,
        partial=[(p.text, p.reply) for p in clue.partial],
        wrapper=wrapper_of(clue.wrapper, needed=clue.wrapped) if clue.wrapper else None,
        near_miss=clue.near or NO_NEAR,
    )


KIND: Final = Kind(
    "text",
    TextKeys,
    owns=("answers", "partial", "near", "wrapper", "wrapped", "accepts", "refuses"),
    check=check,
    ranges={"answers": (0, 50), "partial": (0, 50), "accepts": (0, 20), "refuses": (0, 20)},
    judge=judge,
)
