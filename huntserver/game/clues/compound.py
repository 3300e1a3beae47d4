"""Clues made of parts, each of another kind, solved once all, any, or so many of them are. Pure.

A part is judged as a clue of its kind is. What wrong guesses at it cost is the clue's `attempts`, for each part by
itself; wrong codes and check-ins cost what they cost anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from huntserver.game.clues import choice, code, location, manual, photo, survey, text
from huntserver.game.clues.kind import Kind, check_kind
from huntserver.game.definition.part import ID, Part, Ranges, Wrong, fields_of, within

OF_PARTS: Final[dict[str, Kind]] = {
    kind.name: kind for kind in (text.KIND, code.KIND, location.KIND, choice.KIND, survey.KIND, manual.KIND, photo.KIND)
}
"""The kinds that a part can be of."""
PARTS_MAX: Final = 20


class _CluePartTold(Part, frozen=True, kw_only=True):
    """What a part says; without a title it is called by its id."""

    id: str
    title: str = ""
    text: str = ""


if TYPE_CHECKING:

    class CluePart(_CluePartTold, frozen=True, kw_only=True):
        """For the type checker: the keys of the kinds, which are added below, are of any type."""

        kind: str = "text"

        def __init__(self, *, id: str, **keys: Any) -> None: ...
        def __getattr__(self, key: str) -> Any: ...

else:
    CluePart = msgspec.defstruct(
        "CluePart",
        [
            ("kind", Literal[tuple(OF_PARTS)], "text"),
            *(field for kind in OF_PARTS.values() for field in fields_of(kind.keys)),
        ],
        bases=(_CluePartTold,),
        frozen=True,
        kw_only=True,
        module=__name__,
        namespace={"__doc__": "One part of a compound clue, with the keys of its kind."},
    )


class CompoundKeys(Part, frozen=True):
    """The `parts`, and how many of them solve the clue (`parts_needed`; 0: all, 1: any)."""

    parts: list[CluePart] = []
    parts_needed: int = 0


class PartShown(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a team sees of a part beside how it stands; `asks`: what its kind shows beside the text."""

    id: str
    kind: str
    title: str = ""
    text: str = ""
    asks: choice.ChoiceShown | None = None


class CompoundShown(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="compound"):
    """The parts in the order of the file, and how many of them solve the clue."""

    needed: int
    parts: list[PartShown]


RANGES: Final[Ranges] = {
    "title": (0, 200),
    "text": (0, 4_000),
    **{name: range_ for kind in OF_PARTS.values() for name, range_ in kind.ranges.items()},
}


def needed(clue: Any) -> int:
    """Return how many parts solve a clue."""
    return clue.parts_needed or len(clue.parts)


def check(wrong: Wrong, path: str, clue: CompoundKeys) -> None:
    """Report parts that cannot be told apart or never be done, and a number of them that never is."""
    seen: dict[str, int] = {}
    for i, part in enumerate(clue.parts):
        at = f"{path}.parts[{i}]"
        if not ID.match(part.id):
            wrong(
                f"{at}.id", f"{part.id!r} is no id", "use a small letter, then up to 31 small letters, digits, - or _"
            )
        if (first := seen.setdefault(part.id, i)) != i:
            wrong(f"{at}.id", f"{part.id!r} stands at parts[{first}] already", "give each part its own")
        within(wrong, f"{at}.", part, RANGES)
        check_kind(wrong, at, part, OF_PARTS)
    if clue.parts and clue.parts_needed > len(clue.parts):
        what = f"is {clue.parts_needed}, the clue has {len(clue.parts)} parts"
        wrong(f"{path}.parts_needed", what, f"allowed is 1 to {len(clue.parts)}, or 0 for all")


def _part_shown(part: CluePart) -> PartShown:
    shows = OF_PARTS[part.kind].shown
    asks = shows(part) if shows is not None else None
    assert asks is None or isinstance(asks, choice.ChoiceShown), "the only kind of a part that shows more"
    return PartShown(part.id, part.kind, part.title, part.text, asks)


KIND: Final = Kind(
    "compound",
    CompoundKeys,
    owns=("parts", "parts_needed"),
    check=check,
    ranges={"parts": (0, PARTS_MAX), "parts_needed": (0, PARTS_MAX)},
    made_of=lambda clue: clue.parts,
    shown=lambda clue: CompoundShown(needed(clue), [_part_shown(part) for part in clue.parts]),
    shows=CompoundShown,
)
