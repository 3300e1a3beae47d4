"""How the game's messages lie in bytes on a link between nodes. Pure.

A command is sent as it came from a client, whose frame is a subclass of the game's struct: the owner reads the struct
by its tag, and what a later version added is ignored. Views are read back by the class of their question.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Union

import msgspec

from huntserver.game.hunt import ANSWERS, HuntCommand
from huntserver.game.player.commands import PlayerCommand, ProfileQuery
from huntserver.game.player.entity import ProfileView

_encode: Final = msgspec.msgpack.Encoder().encode
_HUNT_QUERY: Final[Any] = Union[(*(row.query for row in ANSWERS),)]
_COMMANDS: Final = {
    "hunt": msgspec.msgpack.Decoder(HuntCommand).decode,
    "player": msgspec.msgpack.Decoder(PlayerCommand).decode,
}
_QUERIES: Final = {
    "hunt": msgspec.msgpack.Decoder(_HUNT_QUERY).decode,
    "player": msgspec.msgpack.Decoder(ProfileQuery).decode,
}
_VIEWS: Final[dict[type, Any]] = {
    **{row.query: msgspec.msgpack.Decoder(row.view).decode for row in ANSWERS},
    ProfileQuery: msgspec.msgpack.Decoder(ProfileView).decode,
}
_from_json: Final = msgspec.json.Decoder().decode


class GameCodec:
    """An `EntityCodec`. What cannot be read raises ValueError (msgspec's errors are), an unknown kind KeyError."""

    def encode(self, struct: Any) -> bytes:
        """Return a command, a question, or a view."""
        return _encode(struct)

    def command(self, kind: str, body: bytes) -> Any:
        """Read a command of a kind of entity."""
        return _read(_COMMANDS[kind], body)

    def query(self, kind: str, body: bytes) -> Any:
        """Read a question."""
        return _read(_QUERIES[kind], body)

    def view(self, kind: str, query: Any, body: bytes) -> Any:
        """Read the answer to a question."""
        return _read(next(_VIEWS[base] for base in query.__class__.__mro__ if base in _VIEWS), body)

    def events(self, kind: str, body: bytes) -> Any:
        """Return a push's events: a hunt's go on as they are, to many; a player's are read, for both encodings."""
        return msgspec.Raw(body) if kind == "hunt" else _read(_from_json, body)


def _read(decode: Callable[[bytes], Any], body: bytes) -> Any:
    """Decode; nested without end is no message either."""
    try:
        return decode(body)
    except RecursionError as error:
        raise ValueError(str(error)) from error
