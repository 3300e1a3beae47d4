"""What a clue kind is: one row of `kinds.KINDS`, made from one file of this folder. Pure.

A kind says which keys of a hunt file belong to it, judges their values, and prepares what answering needs: a judge for
guesses, codes for scans, a place for check-ins. What it leaves out, its clues cannot be answered by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any, NamedTuple, Protocol

import msgspec

from huntserver.game.definition.part import Part, Ranges, Wrong


class Spot(Protocol):
    """Where a check-in solves a clue. `lat`, `lon`: its middle in degrees; `radius_m`: how far from it still counts."""

    lat: float
    lon: float
    radius_m: float

    def at_least_m(self, lat: float, lon: float) -> float:
        """Return what `away_m` is not less than, at little cost."""
        ...

    def away_m(self, lat: float, lon: float) -> float:
        """Return how many metres a position is too far off; none, or less: it solves."""
        ...

    def told(self, away_m: float) -> str:
        """Return what the host lets a team know of how far it is, as the end of a sentence; "" for nothing."""
        ...


class GuessJudge(Protocol):
    """Judges the guesses at one clue; prepared once. No attribute is ever shown.

    A guess is right when its normal form is in `texts`, or when it `fits`. `nothing` says why a guess without a mark is
    refused.
    """

    @property
    def texts(self) -> Set[str]: ...
    @property
    def nothing(self) -> str: ...
    @property
    def replies(self) -> bool:
        """Whether `reply` says anything of any guess."""
        ...

    def read(self, raw: str) -> tuple[str, int, bool]:
        """Return `normal`, `mark` and whether the guess is right."""
        normal = self.normal(raw)
        return normal, self.mark(raw, normal), normal in self.texts or self.fits(raw)

    def normal(self, raw: str) -> str:
        """Return the form of a guess that is compared."""
        ...

    def mark(self, raw: str, normal: str) -> int:
        """Return 32 bits that stand for a guess in a team's memory of what it tried; 0: it is refused, at no cost."""
        ...

    def fits(self, raw: str) -> bool:
        """Tell whether something else than the normal form makes the guess right. Asked after `texts`."""
        ...

    def reply(self, raw: str, normal: str) -> str | None:
        """Return what a guess that is not right is told, at no cost, if it is on the right way; None: it is wrong."""
        ...


class Kind(NamedTuple):
    """A clue kind.

    `keys`: the fields that it adds to a clue of the file, each with a default. `owns`: those of them that no clue of
    another kind may have; the first, if any, must be given. `ranges`: their limits. `check` reports what is wrong with
    a clue's values. `judge` makes what judges its guesses; `codes` gives the codes that solve it, in the form in which
    they are compared; `place` where to check in; `shown` what a team sees beside the text, a struct of the class
    `shows`, tagged with the kind's name. `kept`: what teams answer is told to the hosts. `by_hand`: a host says who has
    solved it, by `award`. `made_of` gives the parts of a clue that is solved by them, each with a kind of its own.
    `reviewed`: teams hand in photos, which hosts judge.
    """

    name: str
    keys: type[Part]
    owns: tuple[str, ...]
    check: Callable[[Wrong, str, Any], None]
    ranges: Ranges = {}
    judge: Callable[[Any], GuessJudge] | None = None
    codes: Callable[[Any], Sequence[str]] | None = None
    place: Callable[[Any], Spot] | None = None
    shown: Callable[[Any], msgspec.Struct] | None = None
    shows: type[msgspec.Struct] | None = None
    kept: bool = False
    by_hand: bool = False
    made_of: Callable[[Any], Sequence[Any]] | None = None
    reviewed: bool = False


def check_kind(wrong: Wrong, path: str, clue: Any, kinds: Mapping[str, Kind]) -> None:
    """Report keys of a clue, or of a part of one, that are missing, or that belong to another kind; then what the kinds
    themselves find."""
    own = kinds[clue.kind].owns
    for kind in kinds.values():
        for name in kind.owns:
            value = getattr(clue, name)
            if name in own[:1] and not value:
                wrong(f"{path}.{name}", f"is missing in a clue of kind {clue.kind!r}", f"add {name}")
            elif value and name not in own:
                wrong(f"{path}.{name}", f"does not belong to kind {clue.kind!r}", "remove it, or set kind to fit")
    for kind in kinds.values():  # also what does not belong here: every fault in one run
        kind.check(wrong, path, clue)
