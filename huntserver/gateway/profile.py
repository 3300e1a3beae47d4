"""Takes the answer to a player's question about itself. A player's `pos` is no hunt's: no floor applies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.entity import Push, Rejected

if TYPE_CHECKING:
    from huntserver.gateway.connection import Connection


class ProfileSink:
    """Passes a view on to its connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """Never: a question was asked."""

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """Pass the refusal on; -1: there is no floor to compare with."""
        self._connection.refused(request, rejected, -1)

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """Pass the view on."""
        self._connection.answer(request, view, pos)
