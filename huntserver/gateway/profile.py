"""A player's question about itself, which goes to the player's own entity. Its `pos` is no hunt's: no floor applies."""

from __future__ import annotations

from typing import Any, Final, Protocol

from actors.entity import Push, Rejected
from actors.shard.actor import Caller
from huntserver.game.player.commands import ProfileQuery
from huntserver.gateway.ports import System

NOT_A_PLAYER: Final = Rejected("not_allowed", "only players have a page")


class Asker(Protocol):
    """The connection that asks."""

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """Send a refusal."""
        ...

    def answer(self, request: int, data: Any, pos: int) -> None:
        """Send an answer."""
        ...


def ask_profile(system: System, asker: Asker, request: int, caller: Caller | None) -> None:
    """Ask for the caller's page; the asker is answered once."""
    if caller is None or not caller.by.startswith("p:"):
        asker.refused(request, NOT_A_PLAYER, -1)
    else:
        system.query("player", caller.by[2:], ProfileQuery(), ProfileSink(asker), request, caller)


class ProfileSink:
    """Passes a view on to the connection that asked."""

    __slots__ = ("_asker",)

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """Never: a question was asked."""

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """Pass the refusal on; -1: there is no floor to compare with."""
        self._asker.refused(request, rejected, -1)

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """Pass the view on."""
        self._asker.answer(request, view, pos)
