"""What a server may say, as one struct of the fields that a client acts on; the rest is skipped by the decoder. Pure.

A field of a wrong type is a `msgspec.ValidationError`; one that is not there has a value that no server gives.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Err(msgspec.Struct):
    """A refusal."""

    code: str
    msg: str = ""
    retry: bool = False
    after_ms: int | None = None


class Envelope(msgspec.Struct):
    """Whatever a server says, but for the `ok` of an answer."""

    id: int | None = None
    err: Err | None = None
    pos: int = -1
    ch: str = ""
    prev: int = -1
    t: str = ""
    hunt: str = ""
    seq: int = 0
    ts: int = 0
    op: str = ""
    recovered: bool | None = None
    after_ms: int = 0
    channels: dict[str, int] = {}
    n: int = 0
    of: int = 0


class About(msgspec.Struct):
    """What a client acts on in the answer to hello."""

    now_ms: int
    token: str | None = None


class Pong(msgspec.Struct):
    """The answer to ping."""

    ts: int


class Incoming(Envelope):
    """The same with the `ok` of an answer as it came."""

    ok: msgspec.Raw = msgspec.Raw()


decode: Final = msgspec.json.Decoder(Incoming).decode
