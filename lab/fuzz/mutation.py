"""How inputs are changed: as bytes by libFuzzer, or as what they are (a tree of JSON or MessagePack, a frame, parts).

Pure: all chance comes from the seed that the fuzzer gives.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

import msgspec

from lab.fuzz.seeds import words
from lab.fuzz.targets import cut, joined
from lab.rigs.frames import frame

Bytes = Callable[[bytes, int], bytes]
"""libFuzzer's own mutator: input and maximum size in, mutated bytes out."""

NUMBERS: Final = (0, 1, -1, 2, 16, 127, 255, 1 << 31, 1 << 53, (1 << 53) + 1, (1 << 63) - 1, 1 << 64, -(1 << 63), 0.5)
LEAVES: Final[tuple[Any, ...]] = (
    None, True, False, "", "c1", "c2", "coin", "t1", "one", "free", "x" * 201, "é", "\u2028", "\x00", 1e308,
    "2030-05-01T10:00:00Z", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+23:59", "a1:3", [], {},
)  # fmt: skip


def mutate(target: str, data: bytes, size_max: int, seed: int, as_bytes: Bytes) -> bytes:
    """Return a changed input for a target."""
    rng = random.Random(seed)
    if rng.random() < 0.3:
        return as_bytes(data, size_max)
    try:
        made = _SHAPED[target](data, size_max, rng, as_bytes) if target in _SHAPED else as_bytes(data, size_max)
    except (ValueError, OverflowError, RecursionError):
        return as_bytes(data, size_max)
    return made if len(made) <= size_max else as_bytes(data, size_max)


def _grown(tree: Any, rng: random.Random, names: list[str]) -> Any:
    """Return the tree with one place changed."""
    if isinstance(tree, dict) and tree and rng.random() < 0.85:
        tree = dict(tree)
        key = rng.choice(list(tree))
        roll = rng.random()
        if roll < 0.1:
            del tree[key]
        elif roll < 0.25:
            tree[rng.choice(names)] = rng.choice(list(tree.values()))
        elif roll < 0.35:
            tree[rng.choice(names)] = _leaf(rng, names)
        else:
            tree[key] = _grown(tree[key], rng, names)
        return tree
    if isinstance(tree, list) and tree and rng.random() < 0.85:
        tree = list(tree)
        at = rng.randrange(len(tree))
        roll = rng.random()
        if roll < 0.15:
            del tree[at]
        elif roll < 0.35:
            tree.insert(at, rng.choice(tree))
        else:
            tree[at] = _grown(tree[at], rng, names)
        return tree
    if isinstance(tree, str) and rng.random() < 0.5:
        at = rng.randint(0, len(tree))
        return tree[:at] + rng.choice((" ", "(", ")", "|", "+", "a", "0", ":", " and ", " or ", "é")) + tree[at:]
    if isinstance(tree, int | float) and rng.random() < 0.5:
        return tree + rng.choice((-1, 1))
    return _leaf(rng, names)


def _leaf(rng: random.Random, names: list[str]) -> Any:
    roll = rng.random()
    if roll < 0.4:
        return rng.choice(NUMBERS)
    return rng.choice(LEAVES) if roll < 0.8 else rng.choice(names)


def _json(target: str, head: int) -> Callable[..., bytes]:
    def change(data: bytes, size_max: int, rng: random.Random, as_bytes: Bytes) -> bytes:
        tree = msgspec.json.decode(data[head:])
        for _ in range(rng.randint(1, 3)):
            tree = _grown(tree, rng, words(target))
        return data[:head] + msgspec.json.encode(tree)

    return change


def _msgpack(data: bytes, size_max: int, rng: random.Random, as_bytes: Bytes) -> bytes:
    tree = msgspec.msgpack.decode(data)
    for _ in range(rng.randint(1, 3)):
        tree = _grown(tree, rng, words("command_msgpack"))
    return msgspec.msgpack.encode(tree)


def _parts(data: bytes, size_max: int, rng: random.Random, as_bytes: Bytes) -> bytes:
    parts = cut(data[1:])
    at = rng.randrange(len(parts))
    roll = rng.random()
    if roll < 0.1:
        parts.insert(at, parts[at])
    elif roll < 0.2:
        del parts[at]
    else:
        tree = msgspec.msgpack.decode(parts[at])
        parts[at] = msgspec.msgpack.encode(_grown(tree, rng, words("snapshot")))
    return data[:1] + joined(parts)


def _frames(data: bytes, size_max: int, rng: random.Random, as_bytes: Bytes) -> bytes:
    """Put a frame, mostly well made, somewhere."""
    payload = rng.choice(
        (b"", b"a", "é".encode(), b"\xff", b"\x03\xe8", b"x" * 125, b"x" * 126, b"y" * rng.randint(0, 310))
    )
    first = rng.choice((0x81, 0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x88, 0x89, 0x8A, 0xC1, 0x83, 0x09))
    made = frame(payload, first, masked=rng.random() < 0.95, long=rng.choice((0, 0, 0, 0, 2, 8)), mask=rng.randbytes(4))
    at = rng.choice((1, len(data), rng.randint(1, max(1, len(data)))))
    return data[:at] + made + data[at:]


_SHAPED: Final[dict[str, Callable[..., bytes]]] = {
    "lane": _frames,
    "command_json": _json("command_json", 0),
    "command_msgpack": _msgpack,
    "hunt_file": _json("hunt_file", 1),
    "record": _json("record", 1),
    "snapshot": _parts,
}
