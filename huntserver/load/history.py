"""What the players of a run sent and were told, on disk: one file a worker, one JSON array a line.

Owns the form of the files. It never judges: the checker does (`huntserver.load.verdict`).

Every line begins with a letter:

`r`  Run       `[r, version, scenario, run, monotonic_ns, wall_ns]`, the first line; all later times are of that clock
`p`  Who       `[p, player, by, epoch, hunt]`, once a player; `by` is `p:ID` as in the log
`s`  Began     `[s, player, session, at_ns, recovered]`: a session was greeted; `recovered` null: it resumed nothing,
               true: the exact tail follows, false: a snapshot does
`c`  Command   `[c, player, session, n, intended_ns, sent_ns, answered_ns, outcome, code, pos, floor, order, answer,
               frame]`, written when the final answer is there or at the end of the run: `n` is the N of its key;
               `sent_ns` is of the first copy; `outcome` is ok, refused or none; `floor` the highest pos that the
               session had seen in refusals; `order` the place of the answer in its session; `answer` is the `ok` as it
               came, `frame` the message as it went
`h`  Heard     `[h, player, session, hunt, channel, seq, prev]`: a push, or an answer that stands for one;
               `prev` -1: a snapshot said that the channel stands at `seq`
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Any, Final

import msgspec

from actors.checker.history import NONE, OK, REFUSED, Call, ReceivedPush
from huntserver.wire.messages import UNDECODABLE, decode_json

VERSION: Final = 1
PATTERN: Final = "history-*.jsonl"
FLUSH_BYTES: Final = 256 * 1024
NULL: Final = msgspec.Raw(b"null")


class HistoryLine(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Root of all lines."""


class RunLine(HistoryLine, tag="r", frozen=True):
    """The first line: version of the format, scenario, run, and both clocks at its beginning, in ns."""

    version: int
    scenario: str
    run: str
    monotonic_ns: int
    wall_ns: int


class PlayerLine(HistoryLine, tag="p", frozen=True):
    """A player."""

    player: int
    by: str
    epoch: str
    hunt: str


class SessionLine(HistoryLine, tag="s", frozen=True):
    """A session was greeted."""

    player: int
    session: int
    at_ns: int
    recovered: bool | None


class CommandLine(HistoryLine, tag="c", frozen=True):
    """A command and its fate."""

    player: int
    session: int
    n: int
    intended_ns: int
    sent_ns: int
    answered_ns: int
    outcome: str
    code: str
    pos: int
    floor: int
    order: int
    answer: msgspec.Raw
    frame: msgspec.Raw


class PushLine(HistoryLine, tag="h", frozen=True):
    """A push."""

    player: int
    session: int
    hunt: str
    channel: str
    seq: int
    prev: int


AnyLine = RunLine | PlayerLine | SessionLine | CommandLine | PushLine


class HistoryWriter:
    """Writes one file, in pieces large enough not to be felt."""

    def __init__(self, path: Path, scenario: str, run: str) -> None:
        self._encode = msgspec.json.Encoder().encode
        self._file = path.open("wb", buffering=0)
        self._lines: list[bytes] = []
        self._bytes = 0
        self.write(RunLine(VERSION, scenario, run, time.monotonic_ns(), time.time_ns()))

    def write(self, line: HistoryLine) -> None:
        """Add a line."""
        text = self._encode(line)
        self._lines.append(text)
        self._bytes += len(text) + 1
        if self._bytes > FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand what is kept to the file."""
        if self._lines:
            self._file.write(b"\n".join(self._lines) + b"\n")
        self._lines.clear()
        self._bytes = 0

    def close(self) -> None:
        """Flush and close."""
        self.flush()
        self._file.close()


def read(path: Path) -> Iterator[AnyLine]:
    """Yield the lines of one file. Raises ValueError for what is no history, or of another version."""
    decode = msgspec.json.Decoder(AnyLine).decode
    with path.open("rb") as file:
        for i, text in enumerate(file):
            try:
                line = decode(text)
            except msgspec.DecodeError as error:
                raise ValueError(f"{path}:{i + 1}: not a line of a history: {error}") from error
            if i == 0 and (not isinstance(line, RunLine) or line.version != VERSION):
                raise ValueError(f"{path}: not a history of version {VERSION}")
            yield line


def files(folder: Path) -> list[Path]:
    """Return the files of a run. Raises ValueError when there are none."""
    found = sorted(folder.glob(PATTERN))
    if not found:
        raise ValueError(f"{folder}: no {PATTERN} there; give the folder that --out named")
    return found


def for_checker(path: Path) -> Iterator[Call | ReceivedPush]:
    """Yield the file in the checker's words. Times are seconds of the monotonic clock, the same for all files.

    A listener is a player over all its sessions, for its hunt's channels; its own channel begins anew with a session.
    """
    people: dict[int, PlayerLine] = {}
    for line in read(path):
        if isinstance(line, PlayerLine):
            people[line.player] = line
        elif isinstance(line, CommandLine):
            yield _call(people[line.player], line)
        elif isinstance(line, PushLine):
            yield _seen(people[line.player], line)


def _call(who: PlayerLine, line: CommandLine) -> Call:
    frame = bytes(line.frame)
    command: Any = None
    if frame != b"null":
        try:
            command = decode_json(frame)
        except UNDECODABLE as error:
            raise ValueError(f"player {line.player}: {frame!r} is no command: {error}") from error
    answer = bytes(line.answer)
    return Call(
        session=f"{who.by}/{line.session}",
        by=who.by,
        role="player",
        entity=f"hunt/{who.hunt}",
        key=f"{who.epoch}:{line.n}",
        command=command,
        sent_s=line.sent_ns / 1e9,
        answered_s=line.answered_ns / 1e9 if line.outcome != NONE else inf,
        outcome=line.outcome,
        code=line.code,
        pos=line.pos,
        answer=answer if line.outcome == OK and answer != b"null" else None,
        floor=line.floor,
        order=line.order,
    )


def _seen(who: PlayerLine, line: PushLine) -> ReceivedPush:
    if line.hunt:
        return ReceivedPush(who.by, f"hunt/{line.hunt}", line.channel, line.seq, line.prev, None)
    return ReceivedPush(f"{who.by}/{line.session}", f"player/{who.by[2:]}", line.channel, line.seq, line.prev, None)


__all__ = ["NONE", "OK", "REFUSED", "HistoryWriter", "files", "for_checker", "read"]
