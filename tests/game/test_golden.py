"""Logs that were written once and must be read for ever: every event of every version, with the digests they fold to.

A change of these files is a change of the stored format. A new event version adds a file; none is ever rewritten.
"""

from __future__ import annotations

import hashlib
import typing
from pathlib import Path

import msgspec
import pytest

from huntserver.game.hunt import HuntEvent
from huntserver.game.player.entity import PlayerType
from huntserver.game.player.events import AnyPlayerEvent
from lab.rigs.game import HUNT, digest

GOLDEN = Path(__file__).parent / "golden"


class Line(msgspec.Struct):
    """One record of a golden log."""

    pos: int
    at: int
    events: list[msgspec.Raw]


def lines(name: str) -> list[Line]:
    return [msgspec.json.decode(line, type=Line) for line in (GOLDEN / f"{name}.jsonl").read_bytes().splitlines()]


def wanted(name: str) -> str:
    return (GOLDEN / f"{name}.digest").read_text().strip()


def tags(union: object) -> set[str]:
    return {t.__struct_config__.tag for t in typing.get_args(union)}


HUNTS = sorted(path.stem for path in GOLDEN.glob("hunt-*.jsonl"))
PLAYERS = sorted(path.stem for path in GOLDEN.glob("player-*.jsonl"))
ALL = [*((name, HuntEvent) for name in HUNTS), *((name, AnyPlayerEvent) for name in PLAYERS)]


@pytest.mark.parametrize("name", HUNTS)
def test_a_hunts_golden_log_folds_to_its_digest(name: str) -> None:
    state = HUNT.create("golden")
    decode = msgspec.json.Decoder(HUNT.event_type).decode
    for line in lines(name):
        events = [decode(raw) for raw in line.events]
        for event in events:
            HUNT.apply(state, event, line.pos, line.at)
        HUNT.pushes(state, events, line.pos, line.at)
    assert digest(state) == wanted(name)


@pytest.mark.parametrize("name", PLAYERS)
def test_a_players_golden_log_folds_to_its_digest(name: str) -> None:
    kind = PlayerType()
    state = kind.create("golden")
    decode = msgspec.json.Decoder(kind.event_type).decode
    for line in lines(name):
        events = [decode(raw) for raw in line.events]
        for event in events:
            kind.apply(state, event, line.pos, line.at)
        kind.pushes(state, events, line.pos, line.at)
    assert hashlib.blake2b(b"\0".join(kind.encode(state)), digest_size=16).hexdigest() == wanted(name)


@pytest.mark.parametrize(("names", "union"), [(HUNTS, HuntEvent), (PLAYERS, AnyPlayerEvent)], ids=["hunt", "player"])
def test_the_golden_logs_hold_every_event(names: list[str], union: object) -> None:
    seen = {msgspec.json.decode(raw)["type"] for name in names for line in lines(name) for raw in line.events}
    assert seen == tags(union)


@pytest.mark.parametrize(("name", "union"), ALL)
def test_events_are_written_as_they_were(name: str, union: object) -> None:
    decode = msgspec.json.Decoder(union).decode
    for line in lines(name):
        for raw in line.events:
            assert msgspec.json.encode(decode(raw)) == bytes(raw)
