"""What is fuzzed of the links between nodes: messages of a peer, before and after the handshake."""

from __future__ import annotations

import contextlib
from typing import Any, Final

import msgspec

from actors.cluster.links import frames as f
from actors.cluster.links.handshake import SALT_BYTES, Handshake, LinkRefusedByPeer
from actors.cluster.member import Member
from huntserver.cluster.codec import GameCodec

SECRET: Final = b"a secret of the cluster"
SHARDS: Final = {"hunts": 4, "players": 4}
_codec: Final = GameCodec()


def exchanged(data: bytes, note: Any) -> None:
    """Messages of a link: frames that survive their encoding and whose bodies are read, or `BadLinkFrame`; a handshake
    that no such bytes can finish."""
    shaking = Handshake(Member("a:1", "r"), "log", SHARDS, SECRET, bytes(SALT_BYTES))
    shaken = False
    try:
        for frame in f.decode(data):
            note(type(frame).__name__)
            if isinstance(frame, f.LinkUnknown):  # of a later version: passed over
                continue
            assert [*f.decode(f.encode(frame))] == [frame]
            if not shaken:
                try:
                    shaking.take(frame)
                except LinkRefusedByPeer:
                    shaken = True
            with contextlib.suppress(KeyError, ValueError):
                _read(frame)
    except f.BadLinkFrame as error:
        note(str(error))
    assert shaking.peer is None, "somebody came in without the secret"


def _read(frame: f.AnyFrame) -> None:
    match frame:
        case f.LinkCommand():
            _codec.encode(_codec.command(frame.kind, frame.body))
        case f.LinkQuery():
            _codec.encode(_codec.query(frame.kind, frame.body))
        case f.LinkReactions():
            for _, _, body in frame.items:
                _codec.command(frame.kind, body)
        case f.LinkShown():
            for push in frame.pushes:
                _codec.events(frame.kind, push.events)
        case _:
            pass


def messages() -> list[bytes]:
    """Return one good message of each frame, and one with several."""
    hello = Handshake(Member("b:2", "s", ("hunts",)), "log", SHARDS, SECRET, bytes(SALT_BYTES)).begin()
    body = msgspec.msgpack.encode({"op": "guess", "clue": "c1", "text": "one"})
    push = f.PushFrame("hunt", 3, b'[{"type":"solved"}]', False, None)
    made: list[f.LinkFrame] = [
        *hello,
        f.LinkProof(bytes(32)),
        f.LinkRefusal("version", "another one"),
        f.LinkBeat(False),
        f.LinkTenures((("hunts", 1, "b:2", "s", "n@7", 7, False),)),
        f.LinkCommand(1, "hunt", "h", "n@7", body, "p:ann", "player", "Ann", "phone", 3),
        f.LinkQuery(2, "hunt", "h", "", msgspec.msgpack.encode({"op": "board"}), "p:ann", "player", "Ann"),
        f.LinkReactions(3, "player", "ann", "n@7", "hunt/h", ((4, 0, body),)),
        f.LinkAccepted(1, b'{"verdict":"correct"}', 4, push),
        f.LinkRefused(1, 4, "moved", "elsewhere", True, 0, None, "n@9"),
        f.LinkView(2, 4, b"\x80"),
        f.LinkWatch("hunt", "h", -1),
        f.LinkUnwatch("hunt", "h"),
        f.LinkWatching("hunt", "h", True),
        f.LinkShown("hunt", "h", 5, 1, (push,), 1),
        f.LinkRewound("hunt", "h", 4),
    ]
    each = [f.encode(one) for one in made]
    return [*each, b"".join(each)]
