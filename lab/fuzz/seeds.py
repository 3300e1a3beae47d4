"""Where fuzzing begins: good inputs of every kind, made from the project's own structs, examples and golden logs."""

from __future__ import annotations

import functools
from typing import Any, Final

import msgspec

from actors.log.codec import Cursor, Done, Probe, ShardReleased, Tenure, encode
from actors.shard.dedup import Dedup
from actors.shard.fence import FoldState
from actors.snapshots.format import Header, Marker, encode_sealed
from huntserver.config import Config
from huntserver.game.definition.shape import Definition
from huntserver.game.definition.solvability import check_definition
from huntserver.game.player.entity import PlayerType
from huntserver.wire.messages import ROUTE
from lab import ROOT
from lab.fuzz.link import messages
from lab.fuzz.targets import joined
from lab.rigs.frames import frame
from lab.rigs.game import HUNT, SMALL, played

RAW: Final = msgspec.Raw(b"{}")


def seeds(target: str) -> list[bytes]:
    """Return the first inputs of a target."""
    return list(_SEEDS[target]())


@functools.cache
def words(target: str) -> list[str]:
    """Return the names that mean something to a target's decoder."""
    found = {"id", "key", "hunt", "op", "type"}
    shapes: list[type] = list(ROUTE)
    if target == "hunt_file":
        shapes = _structs(Definition)
    elif target in ("record", "snapshot"):
        shapes = [Tenure, Cursor, Done, *HUNT.event_type.__args__, *PlayerType.event_type.__args__]
    elif target == "config":
        shapes = _structs(Config)
    for shape in shapes:
        found |= {f.encode_name for f in msgspec.structs.fields(shape)}
        tag = shape.__struct_config__.tag  # type: ignore[attr-defined]
        if tag:
            found.add(str(tag))
    return sorted(found)


def _structs(root: type) -> list[type]:
    found, text = [root], {root}
    for shape in found:
        for field in msgspec.structs.fields(shape):
            for part in (field.type, *getattr(field.type, "__args__", ())):
                if isinstance(part, type) and issubclass(part, msgspec.Struct) and part not in text:
                    text.add(part)
                    found.append(part)
    return found


def dictionary(target: str) -> str:
    """Return libFuzzer's dictionary for a target."""
    return "".join(f'"{word}"\n' for word in words(target))


def frames() -> list[dict[str, Any]]:
    """Return one frame of every operation, all of them good."""
    values: dict[str, Any] = {
        "id": 1, "hunt": "h1", "key": 3, "token": "t", "epoch": "phone", "resume": [{"hunt": "h1", "seq": 4}],
        "takes": ["texts", "pieces"], "texts": True,
        "clue": "c1", "text": "one", "code": "TREE-4711", "lat": 48.85837, "lon": 2.294481, "hint": "free",
        "treasure": "coin", "team": "t1", "by_s": 60, "points": 5, "reason": "late", "top": 5, "seq": 1, "pos": 1,
        "channels": {"hunt": 1}, "accuracy_m": 5.0, "invite": "ABC", "bracket": "young", "device": "d", "back": True,
    }  # fmt: skip
    made = []
    shape: type[msgspec.Struct]
    for shape in ROUTE:
        fields = {f.encode_name: values.get(f.encode_name, _any(f.type)) for f in msgspec.structs.fields(shape)}
        made.append({"op": shape.__struct_config__.tag, **fields})
    return made


def _any(kind: Any) -> Any:
    """Return some value of a field that has no own one above."""
    kinds = {kind, *getattr(kind, "__args__", ())}
    return next((value for of, value in ((str, "some"), (bool, True), (int, 7), (float, 7.5)) if of in kinds), None)


def _streams() -> list[bytes]:
    text, ping = frame(b'{"id":1}'), frame(b"p", 0x89)
    streams = [text, text + ping + text, frame(b"a", 0x01) + ping + frame(b"b", 0x80), frame(b"\x03\xe8", 0x88)]
    streams += [frame(b"x" * 200), frame(b"x" * 301), frame(b"\xff") + text, frame("é".encode(), 0x82, long=2)]
    return [bytes((step,)) + s for s in streams for step in (0, 3)]


def _files() -> list[bytes]:
    files = [SMALL.encode(), *(p.read_bytes() for p in sorted((ROOT / "examples").glob("*.toml")))]
    made = [b"T" + files[0]]
    for file in files:
        found = check_definition(file, "toml")
        made.append(b"J" + msgspec.json.encode(found))
    return made


def _records() -> list[bytes]:
    made = [
        b"H" + encode(r) for r in (Tenure("n", 0, 1, "a:1", "s", 0, 64), Probe("n", 1, 2), ShardReleased("n", 1, 2))
    ]
    made.append(b"H" + encode(Cursor("n", 1, 2, 7)))
    for path in sorted((ROOT / "tests" / "game" / "golden").glob("*.jsonl")):
        letter = b"P" if path.stem.startswith("player") else b"H"
        for line in path.read_bytes().splitlines():
            events = msgspec.json.decode(line)["events"]
            made.append(letter + encode(Done("n", 1, 2, "hunt/x", 1, "p:a", "e:1", events, RAW)))
    return made


def _snapshots() -> list[bytes]:
    dedup = Dedup()
    for epoch in "abcde":
        for n in range(1, 9):
            dedup.add("p:ann", epoch, n, n, b'{"verdict":"correct"}')
    dedup.marks["hunt/x"] = (3, 1)
    player = PlayerType()
    state = player.create("p")
    return [
        b"D" + joined(list(dedup.encode())),
        b"H" + joined(list(HUNT.encode(played().state))),
        b"H" + joined(list(HUNT.encode(HUNT.create("h1")))),
        b"P" + joined(list(player.encode(state))),
        b"M" + joined([encode_sealed(Marker(7, FoldState("n", 4, "a#1"), 9, 2, 77, 64))]),
        b"S" + joined([encode_sealed(Header(7, 1, 9, 0, 1, 3, "00ff"))]),
    ]


_UPGRADE: Final = (
    b"Host: play.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


def _requests() -> list[bytes]:
    made = [
        b"GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n",
        b"HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /readyz HTTP/1.0\r\n\r\n",
        b"POST /guest HTTP/1.1\r\nHost: a\r\nContent-Length: 14\r\n\r\n" + b'{"name":"Ada"}',
        b"POST /guest HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b'e\r\n{"name":"Ada"}\r\n0\r\n\r\n',
        b"PUT /hunts/h/definition HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x.y.z\r\nContent-Length: 1\r\n\r\n#",
        b"GET /ws HTTP/1.1\r\n" + _UPGRADE + b"Sec-WebSocket-Protocol: huntserver.v1.msgpack\r\n\r\n",
        b"GET /ws?x HTTP/1.1\r\n" + _UPGRADE + b"Origin: https://play.example\r\n\r\n" + frame(b'{"id":1,"op":"ping"}'),
    ]
    return [bytes((step,)) + m for m in made for step in (0, 7)]


_PATTERNS: Final = ("(red|blue) door", "[0-9]{2,4}", "a*b?c+", "(?i)x(?=y)", r"\bword\b", "(a|b)*c", "é+", "^a{3}$")
_RULES: Final = ("c1", "c1 and c2", "2 of (c1, c2, c3)", "after 0:30 or (c1 and c2)", "((c1))", "")
_SEEDS: Final[dict[str, Any]] = {
    "lane": _streams,
    "command_json": lambda: [msgspec.json.encode(f) for f in frames()],
    "command_msgpack": lambda: [msgspec.msgpack.encode(f) for f in frames()],
    "hunt_file": _files,
    "pattern": lambda: [p.encode() + b"\naab" for p in _PATTERNS],
    "rule": lambda: [r.encode() for r in _RULES],
    "record": _records,
    "snapshot": _snapshots,
    "request": _requests,
    "link": messages,
    "config": lambda: [(ROOT / "config.toml").read_bytes(), b"[limits]\ncommands_per_s = 5\n"],
}
