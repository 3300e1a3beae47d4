"""What a server may say, as one struct of the fields that count here; the rest is skipped by the decoder. Pure."""

from __future__ import annotations

from typing import Final

import msgspec


class Err(msgspec.Struct):
    """A refusal."""

    code: str
    retry: bool = False
    after_ms: int | None = None


class Incoming(msgspec.Struct):
    """Whatever a server says; the fields that count here."""

    id: int | None = None
    ok: msgspec.Raw = msgspec.Raw()
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


decode: Final = msgspec.json.Decoder(Incoming).decode
