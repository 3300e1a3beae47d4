"""A session's connection, as the rooms that it listens in see it. A port; owns nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Listener(Protocol):
    """A session's connection, as rooms see it."""

    packed: bool
    takes: frozenset[str]

    @property
    def by(self) -> str:
        """The client that listens."""
        ...

    def parted(self, hunt: str) -> None:
        """The listener is out of the hunt's room: the client may not hear all of its channels any longer."""
        ...

    def push(self, data: bytes, *, soon: bool) -> bool:
        """Take a whole frame; False if the socket is too slow to be given any. `soon`: not behind broadcasts."""
        ...

    def fell_behind(self, hunt: str, seq: int, channels: Mapping[str, int]) -> None:
        """A push was not taken and the listener is out of the room ("": its player's). It was given everything up to
        `seq`, and further of single channels: what came after must follow, or a snapshot."""
        ...

    def restart(self, hunt: str) -> None:
        """What was shown is gone, and the listener is out of the room: a snapshot must follow."""
        ...

    def take_up(self, hunt: str, seq: int, channels: Mapping[str, int]) -> None:
        """What came after `seq` (of `channels`: after theirs) may be missing, and the listener is out of the room: that
        must follow, or a snapshot."""
        ...
