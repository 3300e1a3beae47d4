"""The parts of compound clues, prepared: numbered, with what judges each. Pure.

Parts are numbered down from -3, because what a team tried is kept by number beside that of clues (0 and up) and that
of wrong codes and check-ins (-1, -2). What a team has done is kept by id.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from huntserver.game.clues.compound import OF_PARTS, needed
from huntserver.game.clues.kind import GuessJudge, Kind, Spot
from huntserver.game.definition.shape import Clue

FIRST: Final = -3


class PreparedPart(NamedTuple):
    """One part: its number, the number and the id of its clue, its own id, and what judges it."""

    number: int
    of: int
    clue: str
    id: str
    kind: Kind
    judge: GuessJudge | None
    codes: tuple[str, ...]
    spot: Spot | None

    @property
    def address(self) -> str:
        """What stands for it among clues: CLUE.PART."""
        return f"{self.clue}.{self.id}"


class Parts:
    """All parts of a definition. `needed`: how many solve each compound clue, by its number."""

    __slots__ = ("all", "by_address", "codes", "needed", "of", "places")

    def __init__(self, clues: Sequence[Clue], kinds: Sequence[Kind]) -> None:
        self.all: list[PreparedPart] = []
        self.of: dict[int, list[PreparedPart]] = {}
        self.needed: dict[int, int] = {}
        for i, (clue, kind) in enumerate(zip(clues, kinds, strict=True)):
            if kind.made_of is not None:
                self.needed[i] = needed(clue)
                self.of[i] = [self._prepared(i, clue.id, part) for part in kind.made_of(clue)]
        self.by_address = {part.address: part for part in self.all}
        self.codes = {code: part for part in self.all for code in part.codes}
        self.places = [(part, part.spot) for part in self.all if part.spot is not None]

    def _prepared(self, index: int, clue: str, part: Any) -> PreparedPart:
        kind = OF_PARTS[part.kind]
        made = PreparedPart(
            FIRST - len(self.all),
            index,
            clue,
            part.id,
            kind,
            kind.judge(part) if kind.judge else None,
            tuple(kind.codes(part)) if kind.codes else (),
            kind.place(part) if kind.place else None,
        )
        self.all.append(made)
        return made

    def numbered(self, number: int) -> PreparedPart:
        """Return the part with a number of -3 and below."""
        return self.all[FIRST - number]

    def renumbered(self, new: Parts) -> dict[int, int]:
        """Return the number that each part has in an amended definition, which has them all."""
        return {part.number: new.by_address[part.address].number for part in self.all}
