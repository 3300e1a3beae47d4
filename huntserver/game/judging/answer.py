"""An accepted answer as a hunt file says it: a text, an expression, a number, date, time, position, set or list. Pure.

Owns the shape. What may stand in it is `answer_values`', how a guess is compared with it `judge`'s.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from huntserver.game.judging.expression import Sees
from huntserver.game.judging.moment import Order

Mode: TypeAlias = Literal["folded", "signs", "exact"]
"""How texts are compared: letters and digits alone and signs that carry meaning; all signs; case and all signs."""


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Unknown keys are errors."""


class Answer(Strict, frozen=True):
    """One accepted answer. Exactly one of text, regex, number, date, time, position, set and list says what it is.

    `mode` and `accents` stand for the clue's own. `tolerance` of a number is absolute, or "5%" of it; of a date it is
    in days, of a time in minutes. A position (degrees, WGS 84) is met within `radius_m` metres; 0: 50 m. `accepts` and
    `refuses` are guesses that `check` tries on this answer alone.
    """

    text: str = ""
    mode: Mode | None = None
    accents: bool | None = None
    regex: str = ""
    sees: Sees = "typed"
    number: float | str | None = None
    tolerance: float | str = 0.0
    unit: str = ""
    date: str = ""
    order: Order = "any"
    time: str = ""
    in_any_order: list[str | Answer | list[str | Answer]] = msgspec.field(default=[], name="set")
    in_order: list[str | Answer | list[str | Answer]] = msgspec.field(default=[], name="list")
    at_least: int = 0
    accepts: list[str] = []
    refuses: list[str] = []
    position: str = ""
    radius_m: float = 0.0


AnyAnswer: TypeAlias = str | Answer
Thing: TypeAlias = str | Answer | list[str | Answer]
"""One thing of a set or list; a list of answers is any of them."""


class Near(Strict, frozen=True):
    """What happens to a guess that misses an answer by at most so many slips of the finger.

    It is answered with `reply` and costs nothing, or, with `solves`, counts as right.
    """

    slips: int = 1
    reply: str = "very close: look at the spelling"
    solves: bool = False
