"""The channels of a hunt: what a record shows on which, and who may listen to them. Pure.

One push per record and channel; moves the channels' last seqs, which are part of the state. What another team may see
carries nothing personal and no text that is not theirs.
"""

from __future__ import annotations

from actors.entity import Push
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Team


class Telling:
    """The pushes of one record as they are made, in order."""

    __slots__ = ("made", "seq", "state")

    def __init__(self, state: Hunt, seq: int) -> None:
        self.state = state
        self.seq = seq
        self.made: list[Push] = []

    def team(self, team: Team, shown: Shown) -> None:
        """Tell one team."""
        self.made.append(Push(team.channel, team.seq, (shown,)))
        team.seq = self.seq

    def all(self, shown: Shown) -> None:
        """Tell everybody in the hunt."""
        self.made.append(Push("hunt", self.state.hunt_seq, (shown,)))
        self.state.hunt_seq = self.seq

    def hosts(self, shown: Shown) -> None:
        """Tell the hosts."""
        self.made.append(Push("host", self.state.host_seq, (shown,)))
        self.state.host_seq = self.seq

    def board(self, name: str = "board") -> None:
        """Say that the standings changed: state, not an event, so it moves no seq. `teams`: at their end only."""
        self.made.append(Push("hunt", 0, state=name))


def channels(state: Hunt, team: Team | None, host: bool) -> dict[str, int]:
    """Return the channels one may listen to, with their last seqs."""
    open_ = {"hunt": state.hunt_seq} if team is not None or host else {}
    if team is not None:
        open_[team.channel] = team.seq
    if host:
        open_["host"] = state.host_seq
    return open_
