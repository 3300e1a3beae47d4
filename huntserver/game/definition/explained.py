"""What each answer of a hunt becomes when it is compared, and what else is accepted: for hosts, by `check --explain`.

Names answers and codes: for the eyes of who wrote the file. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

import msgspec

from huntserver.game.clues.compound import CluePart, needed
from huntserver.game.clues.kinds import KINDS
from huntserver.game.definition.shape import Clue, Definition
from huntserver.game.judging.answer import Answer, AnyAnswer

VARIANTS: tuple[Callable[[str], str], ...] = (
    str.upper,
    str.lower,
    lambda text: "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)),
    lambda text: re.sub(r"\s+", "", text),
    lambda text: re.sub(r"[^\w\s]", "", text),
    lambda text: re.sub(r"[^\w\s]", " ", text),
    lambda text: text.replace(" ", "-"),
    lambda text: text + "!",
    lambda text: text.replace(".", ","),
    lambda text: f"the {text}",
    lambda text: text + "s",
)
"""Ways in which people write an answer otherwise; the last ones are seldom accepted."""


def explain(d: Definition) -> Iterator[tuple[str, str]]:
    """Yield (clue's id, a line about it)."""
    for clue in d.clues:
        if clue.parts:
            yield clue.id, f"solved by {needed(clue)} of {len(clue.parts)} parts"
            for part in clue.parts:
                for line in _clue(part):
                    yield f"{clue.id}.{part.id}", line
        else:
            for line in _clue(clue):
                yield clue.id, line


def _clue(clue: Clue | CluePart) -> Iterator[str]:
    kind = KINDS[clue.kind]
    if kind.judge is not None and clue.kind == "text":
        yield from _texts(clue)
    elif kind.codes is not None:
        for code in kind.codes(clue):
            yield f"the code is compared as {code}: case, spaces, dashes and width do not count; a link with it will do"
    elif kind.place is not None:
        spot = kind.place(clue)
        yield f"solved {spot}; half of a position's error counts"
    else:
        yield f"a clue of kind {clue.kind} is not compared with texts"


def _texts(clue: Clue | CluePart) -> Iterator[str]:
    judge_of = KINDS[clue.kind].judge
    assert judge_of is not None
    judge = judge_of(clue)

    def accepted(text: str) -> bool:
        return judge.read(text)[2]

    for answer in getattr(clue, "answers", []):
        text = _typed(answer)
        changed = [change(text).strip() for change in VARIANTS] if text else []
        others = list(dict.fromkeys(v for v in changed if v not in ("", text)))
        also, not_ = [v for v in others if accepted(v)], [v for v in others if not accepted(v)]
        becomes = f" is compared as {judge.normal(answer)!r}" if isinstance(answer, str) else ""
        also_told = f"; also accepts {', '.join(map(repr, also[:6]))}" if also else ""
        not_told = f"; not {', '.join(map(repr, not_[:3]))}" if not_ else ""
        yield f"{_shown(answer)}{becomes}{also_told}{not_told}"
    for partial in getattr(clue, "partial", []):
        yield f"{partial.text!r} is answered {partial.reply!r} and costs nothing"


def _shown(answer: AnyAnswer) -> str:
    return repr(answer) if isinstance(answer, str) else msgspec.json.encode(answer).decode()


def _typed(answer: AnyAnswer) -> str:
    """Return how somebody would type an answer, "" where that is not plain."""
    if isinstance(answer, Answer):
        number = "" if answer.number is None else f"{answer.number}{' ' + answer.unit if answer.unit else ''}"
        return answer.text or number or answer.date or answer.time or answer.position
    return answer
