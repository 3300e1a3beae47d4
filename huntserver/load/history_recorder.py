"""What one player's history holds, written down as it happens: greetings, commands with their fates, pushes.

Owns the numbering of its answers and the highest pos that it saw refused. Judges nothing but one thing that needs no
log: the text of an answer that nobody gave must be in no byte that the server sends.
"""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from huntserver.client.incoming import Incoming
from huntserver.load.history import (
    NONE,
    NULL,
    OK,
    REFUSED,
    CommandLine,
    HistoryWriter,
    PlayerLine,
    PushLine,
    SessionLine,
)

_HEADER: Final = {False: 6, True: 8}
"""Bytes before the payload of a client's frame: short, or with an extended length."""

_AGAIN: Final = b'{"again":true}'
"""The answer of a join that had no effect because it had one before."""


class ObservedPlayer(Protocol):
    """What is written down of a player: who it is, which session this is, its unanswered commands (see `Session`)."""

    number: int
    hunt: str
    sessions: int
    intended: list[int]
    sent: list[int] | None

    def frame(self, n: int) -> bytes:
        """Return the frame of a command."""


class HistoryRecorder:
    """Writes one player's history as it happens, and finds answers that came too early (I9)."""

    __slots__ = ("_floor", "_order", "_session", "_writer")

    def __init__(self, writer: HistoryWriter, session: ObservedPlayer, subject: str, epoch: str) -> None:
        self._writer = writer
        self._session = session
        self._floor = self._order = 0
        writer.write(PlayerLine(session.number, f"p:{subject}", epoch, session.hunt))

    def began(self, now_ns: int, recovered: bool | None) -> None:
        """A session was greeted, or told how it resumed."""
        self._writer.write(SessionLine(self._session.number, self._session.sessions, now_ns, recovered))

    def greeted(self) -> None:
        """A new session: its answers are counted anew."""
        self._floor = self._order = 0

    def heard(self, hunt: str, channel: str, seq: int, prev: int) -> None:
        """Write a push down; `prev` -1: a snapshot said that the channel stands at `seq`."""
        self._writer.write(PushLine(self._session.number, self._session.sessions, hunt, channel, seq, prev))

    def answered(self, n: int, now_ns: int, m: Incoming | None) -> None:
        """Write a command and its outcome down; without a message it has none."""
        session = self._session
        sent = session.sent
        assert sent is not None
        answer, outcome, code, pos = NULL, NONE, "", -1
        if m is not None:
            self._order += 1
            pos = m.pos
            if m.err is not None:
                outcome, code = REFUSED, m.err.code
            else:
                # "already joined" is told as an answer that says so; it is no effect of this command
                again = bytes(m.ok) == _AGAIN
                outcome, code = (REFUSED, "already_joined") if again else (OK, "")
                answer = m.ok
        frame = session.frame(n)
        payload = frame[_HEADER[frame[1] & 127 == 126] :]
        slot = n & 15
        self._writer.write(
            CommandLine(
                session.number, session.sessions, n, session.intended[slot], sent[slot], now_ns, outcome, code, pos,
                self._floor, self._order, answer, msgspec.Raw(payload),
            )
        )  # fmt: skip
        if m is not None and m.err is not None:
            self._floor = max(self._floor, m.pos)
