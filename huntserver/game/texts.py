"""What a hunt's texts are sent as: once, by digest, in blocks of things that are the same for all who see them. Pure.

A block holds what is the same of up to 32 things (clues, then treasures) for every team to which the same of them have
opened. Its digest covers every byte that its readers see, and nothing else: no answer, and no clue that is closed to
them. So nobody can name a block before all of it has opened to somebody, and who knows a digest learns nothing from it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import msgspec

from huntserver.game.bits import bits
from huntserver.game.definition.shape import Clue, Treasure

THINGS_A_BLOCK: Final = 32
INLINE_BYTES_MAX: Final = 16 * 1024
"""Texts of a page up to this are sent in it: a second question would cost more."""
INTRO_BYTES_MAX: Final = 1024
"""The same of the hunt's description."""
BLOCKS_MAX: Final = 8192
"""Blocks that a hunt knows by their digests; the oldest is forgotten, and asked for by the whole page."""
_BLOCK: Final = (1 << THINGS_A_BLOCK) - 1
_json: Final = msgspec.json.Encoder().encode


class TextHint(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A hint of a clue; it is on offer from `after_ms` after the clue opened on. `text`: it was taken."""

    id: str
    price: int
    after_ms: int = 0
    needs: list[str] = []
    text: str | None = None


class TextClue(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What is the same of a clue for all who see it. `solved_text`: they have solved it."""

    id: str
    title: str
    text: str
    kind: str
    hints: list[TextHint] = []
    final: bool = False
    asks: Any = None
    solved_text: str = ""


class TextTreasure(msgspec.Struct, frozen=True, gc=False):
    """What is the same of a treasure for all who see it."""

    id: str
    title: str
    text: str
    points: int


class TextBlock(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a digest stands for."""

    intro: str = ""
    clues: list[TextClue] = []
    treasures: list[TextTreasure] = []


class Key(NamedTuple):
    """What a block shows: things (bits within the block), of which clues that are solved, which hints are taken."""

    block: int
    things: int
    solved: int = 0
    hints: tuple[int, ...] = ()


INTRO: Final = Key(-1, 0)


class Texts:
    """The texts of one definition by digest; what was not asked for is not made."""

    def __init__(
        self, intro: str, clues: Sequence[Clue], treasures: Sequence[Treasure], asks: Sequence[Any], hints_a_clue: int
    ) -> None:
        self._intro = intro
        self._clues = clues
        self._treasures = treasures
        self._asks = asks
        self._hints_a_clue = hints_a_clue
        self._digests: dict[Key, str] = {}
        self._keys: dict[str, Key] = {}
        self._sizes: list[int] | None = None
        self._size: tuple[int, int] = (0, 0)
        self._forgotten = 0  # digests
        # What it rests on, and the digests of the last page with nothing earned: thousands join at once.
        self._fresh: tuple[tuple[int, int], list[str]] = ((0, 0), [])

    def bytes_of(self, things: int) -> int:
        """Return about how much the texts of some things (bits) are, in bytes."""
        if self._size[0] != things:
            self._size = (things, sum(map(self._each().__getitem__, bits(things))))
        return self._size[1]

    def _each(self) -> list[int]:
        if self._sizes is None:
            self._sizes = [
                len(_json(self._clue(i))) if i < len(self._clues) else len(_json(self._treasure(i)))
                for i in range(len(self._clues) + len(self._treasures))
            ]
        return self._sizes

    def intro_digest(self) -> str:
        """Return the digest of the description; "" when it is short enough to be sent as it is."""
        return self._digest(INTRO) if len(self._intro) > INTRO_BYTES_MAX else ""

    def digests(self, things: int, solved: int = 0, hints: Collection[int] = ()) -> list[str]:
        """Return the digests of all blocks that a team with these things (bits) sees, in order; with `solved` and
        `hints` what those show is in the blocks, too."""
        if not solved and not hints:
            on = (things, self._forgotten)
            if self._fresh[0] != on:
                self._fresh = (on, self._digests_of(things, 0, ()))
            return self._fresh[1]
        return self._digests_of(things, solved, hints)

    def _digests_of(self, things: int, solved: int, hints: Collection[int]) -> list[str]:
        taken: dict[int, list[int]] = {}
        for hint in hints:
            taken.setdefault(hint // self._hints_a_clue // THINGS_A_BLOCK, []).append(hint)
        found = []
        block = 0
        while things >> (block * THINGS_A_BLOCK):
            shift = block * THINGS_A_BLOCK
            if mask := things >> shift & _BLOCK:
                key = Key(block, mask, solved >> shift & mask, tuple(sorted(taken.get(block, ()))))
                found.append(self._digest(key))
            block += 1
        return found

    def body(self, digest: str) -> bytes:
        """Return a block as JSON; b"" when no page has named it, or it was forgotten."""
        key = self._keys.get(digest)
        return b"" if key is None else self._made(key)

    def _digest(self, key: Key) -> str:
        digest = self._digests.get(key)
        if digest is None:
            digest = blake2b(self._made(key), digest_size=16).hexdigest()
            if len(self._digests) >= BLOCKS_MAX:
                oldest = next(iter(self._digests))
                self._keys.pop(self._digests.pop(oldest), None)
                self._forgotten += 1
            self._digests[key], self._keys[digest] = digest, key
        return digest

    def _made(self, key: Key) -> bytes:
        if key.block < 0:
            return _json(TextBlock(self._intro))
        first = key.block * THINGS_A_BLOCK
        things = [first + i for i in range(THINGS_A_BLOCK) if key.things >> i & 1]
        hints = frozenset(key.hints)
        return _json(
            TextBlock(
                "",
                [self._clue(i, bool(key.solved >> i - first & 1), hints) for i in things if i < len(self._clues)],
                [self._treasure(i) for i in things if i >= len(self._clues)],
            )
        )

    def _clue(self, index: int, solved: bool = False, taken: frozenset[int] = frozenset()) -> TextClue:
        clue = self._clues[index]
        first = index * self._hints_a_clue
        return TextClue(
            clue.id,
            clue.title,
            clue.text,
            clue.kind,
            [
                TextHint(h.id, h.price, h.after_s * 1000, h.needs, h.text if first + i in taken else None)
                for i, h in enumerate(clue.hints)
            ],
            clue.final,
            self._asks[index],
            clue.solved_text if solved else "",
        )

    def _treasure(self, index: int) -> TextTreasure:
        treasure = self._treasures[index - len(self._clues)]
        return TextTreasure(treasure.id, treasure.title, treasure.text, treasure.points)
