"""The messages of protocol version 1: what clients send, as typed structs that *are* the game's commands.

Owns the envelope and the decoders. A frame is decoded once, into a subclass of the command it carries, so nothing is
copied on the way to the hunt. Pure.
"""

from __future__ import annotations

import contextlib
import re
from typing import Annotated, Any, Final, Union

import msgspec

from actors.entity import Rejected
from huntserver.game.feature import SentBy
from huntserver.game.features.authoring import Create
from huntserver.game.features.checking_in import CheckIn
from huntserver.game.features.joining import Join
from huntserver.game.features.roles import TakeRole
from huntserver.game.features.scanning import Scan
from huntserver.game.hunt import ANSWERS, TAKES
from huntserver.suggestion import did_you_mean

COMMANDS: Final = tuple(row.command for row in TAKES if row.sender is not SentBy.HTTP)
HOST_COMMANDS: Final = tuple(row.command for row in TAKES if row.sender is SentBy.HOST)
QUERIES: Final = tuple(row.query for row in ANSWERS if row.wire)

NUMBER_MAX: Final = 1 << 53
"""The highest whole number that every client's language holds exactly."""

RequestId = Annotated[int, msgspec.Meta(ge=0, le=NUMBER_MAX)]
HuntId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Seq = Annotated[int, msgspec.Meta(ge=0, le=NUMBER_MAX)]
Key = Annotated[int, msgspec.Meta(ge=1, le=NUMBER_MAX)] | Annotated[str, msgspec.Meta(min_length=3, max_length=50)]
HUNT_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""What the id of a new hunt must match in full."""


class Frame(msgspec.Struct, tag_field="op", frozen=True):
    """Root of what is not for an entity."""


class ResumePoint(msgspec.Struct, frozen=True):
    """Where a client stands in a hunt: the highest seq of any channel it saw, the highest pos it was told.

    `channels` may name the last seq seen of single channels; those not named stand at `seq`.
    """

    hunt: HuntId
    seq: Seq
    pos: Seq = 0
    channels: dict[str, Seq] = {}


class Hello(Frame, tag="hello", frozen=True, kw_only=True):
    """The first frame: who, from which device, and where to go on.

    `takes`: what else the client understands. `texts`: pages that name by digest what is the same for all. `pieces`:
    large messages in pieces. What is not known is ignored.
    """

    id: RequestId
    token: str
    epoch: str | None = None
    device: str | None = None
    resume: list[ResumePoint] = []
    takes: list[str] = []


class Ping(Frame, tag="ping", frozen=True, kw_only=True):
    """Asks for an `ok` with the server's time."""

    id: RequestId


class Leave(Frame, tag="leave", frozen=True, kw_only=True):
    """Stop listening to a hunt (the player stays in it)."""

    id: RequestId
    hunt: HuntId


class Resume(Frame, tag="resume", frozen=True, kw_only=True):
    """Listen to a hunt from here on, as `resume` in `hello`; also what to send when a gap was seen."""

    id: RequestId
    hunt: HuntId
    seq: Seq = 0
    pos: Seq = 0
    channels: dict[str, Seq] = {}


class Profile(Frame, tag="profile", frozen=True, kw_only=True):
    """Ask for one's own page."""

    id: RequestId


def _frame(command: type) -> Any:
    return msgspec.defstruct(
        f"{command.__name__}Frame",
        [("id", RequestId), ("hunt", HuntId), ("key", Key | None, None)],
        bases=(command,),
        tag_field="op",
        tag=command.__struct_config__.tag,  # type: ignore[attr-defined]
        frozen=True,
        kw_only=True,
        namespace={"__doc__": command.__doc__},
    )


def _query(query: type) -> Any:
    return msgspec.defstruct(
        f"{query.__name__}Frame",
        [("id", RequestId), ("hunt", HuntId)],
        bases=(query,),
        tag_field="op",
        tag=query.__struct_config__.tag,  # type: ignore[attr-defined]
        frozen=True,
        kw_only=True,
        namespace={"__doc__": query.__doc__},
    )


COMMAND_FRAMES: Final = tuple(_frame(command) for command in COMMANDS)
QUERY_FRAMES: Final = tuple(_query(query) for query in QUERIES)
_BY_COMMAND: Final = dict(zip(COMMANDS, COMMAND_FRAMES, strict=True))
JoinFrame: Final = _BY_COMMAND[Join]
CreateFrame: Final = _BY_COMMAND[Create]
INVITES: Final = frozenset({JoinFrame, _BY_COMMAND[TakeRole]})
TRIES: Final = INVITES | {_BY_COMMAND[Scan], _BY_COMMAND[CheckIn]}
"""What people type or read from the world, and could try one after the other."""
HOST_FRAMES: Final = frozenset(_BY_COMMAND[command] for command in HOST_COMMANDS)
PLAIN: Final = (Hello, Ping, Leave, Resume, Profile)

IS_COMMAND, IS_QUERY, IS_PLAIN = 0, 1, 2
ROUTE: Final[dict[type, int]] = (
    dict.fromkeys(COMMAND_FRAMES, IS_COMMAND) | dict.fromkeys(QUERY_FRAMES, IS_QUERY) | dict.fromkeys(PLAIN, IS_PLAIN)
)
"""Where a decoded frame goes, by its class."""

ClientFrame: Final = Union[(*COMMAND_FRAMES, *QUERY_FRAMES, *PLAIN)]

decode_json: Final = msgspec.json.Decoder(ClientFrame).decode
decode_msgpack: Final = msgspec.msgpack.Decoder(ClientFrame).decode


UNDECODABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What the decoders raise for bytes that are no message."""


class _IdOnly(msgspec.Struct):
    id: RequestId = 0


_id_json = msgspec.json.Decoder(_IdOnly).decode
_id_msgpack = msgspec.msgpack.Decoder(_IdOnly).decode
_OP = re.compile(r"Invalid value '(.*)' - at `\$\.op`\Z", re.DOTALL)
_PLACE = re.compile(r"(.*) - at `\$\.?(.*)`\Z", re.DOTALL)


def explain(error: Exception, payload: bytes, packed: bool) -> tuple[int, Rejected]:
    """Return the request id of a frame that could not be decoded (0 if unreadable) and what to tell the sender."""
    request = 0
    with contextlib.suppress(*UNDECODABLE):
        request = (_id_msgpack if packed else _id_json)(payload).id
    text = str(error)
    if not isinstance(error, msgspec.ValidationError):
        return request, Rejected("bad_frame", f"not valid {'MessagePack' if packed else 'JSON'}: {text}"[:200])
    op = _OP.match(text)
    if op is not None:
        ops = sorted(f.__struct_config__.tag for f in (*COMMAND_FRAMES, *QUERY_FRAMES, *PLAIN))
        given = op.group(1)[:40]
        known = f"allowed are {', '.join(ops)}"
        near = did_you_mean(given, ops)
        return request, Rejected("unknown_op", f"op {given!r} is not known, {near + ' ' if near else ''}{known}")
    place = _PLACE.match(text)
    what, where = (place.group(1), place.group(2)) if place else (text, "")
    what = what.replace("`", "'")
    return request, Rejected("bad_field", f"{where + ': ' if where else ''}{what}"[:300])
