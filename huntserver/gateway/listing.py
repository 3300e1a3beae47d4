"""What a stranger may see of some hunts before joining: their names, states and times, asked of the hunts themselves.

Owns the answers until the last one is in. A hunt that cannot answer now is listed by its id alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from actors.entity import Push, Rejected
from actors.shard.actor import Caller
from huntserver.game.features.page import Page, PageQuery
from huntserver.gateway.ports import System

STRANGER: Final = Caller("p:", "player")
"""Nobody's id: a token's subject has a character at least."""


class Card(msgspec.Struct, frozen=True, omit_defaults=True):
    """A hunt as it is listed; times in ms since 1970. `phase` is empty where the hunt cannot tell at the moment."""

    hunt: str
    title: str = ""
    intro: str = ""
    phase: str = ""
    mode: str = ""
    opens_ms: int = 0
    starts_ms: int = 0
    started_ms: int = 0
    ends_ms: int = 0
    brackets: list[str] = []
    clues_total: int = 0
    players: int = 0


class Listing:
    """Asks each hunt; calls `done` with the cards in the order asked. Hunts that do not exist are left out."""

    def __init__(self, system: System, hunts: Sequence[str], done: Callable[[list[Card]], None]) -> None:
        self._done = done
        self._hunts = hunts
        self._cards: dict[int, Card | None] = {}
        if not hunts:
            done([])
        for number, hunt in enumerate(hunts):
            system.query("hunt", hunt, PageQuery(), self, number, STRANGER)

    def _put(self, number: int, card: Card | None) -> None:
        self._cards[number] = card
        if len(self._cards) == len(self._hunts):
            self._done([card for _, card in sorted(self._cards.items()) if card is not None])

    # ---- the runtime's sink

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """Never: a question was asked."""

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """The hunt does not exist, or cannot answer now."""
        self._put(request, None if rejected.code == "no_such_hunt" else Card(self._hunts[request]))

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """Take what the card needs of a page."""
        page: Page = view
        fields = {name: getattr(page, name) for name in Card.__struct_fields__}
        self._put(request, Card(**fields))
