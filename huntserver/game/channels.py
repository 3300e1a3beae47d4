"""The channels of a hunt: what a record shows on which, and who may listen to them. Pure.

One push per record and channel; moves the channels' last seqs, which are part of the state. What another team may see
carries nothing personal and no text that is not theirs.
"""

from __future__ import annotations

from actors.entity import Push
from huntserver.game import views
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Team


class Telling:
    """The pushes of one record as they are made, in order."""

    __slots__ = ("_told", "made", "seq", "state")

    def __init__(self, state: Hunt, seq: int) -> None:
        self.state = state
        self.seq = seq
        self.made: list[Push] = []
        self._told: dict[str, int] = {}

    def team(self, team: Team, shown: Shown) -> None:
        """Tell one team."""
        if not self._joined(team.channel, shown):
            self.made.append(Push(team.channel, team.seq, (shown,)))
            team.seq = self.seq

    def opened(self, team: Team) -> None:
        """Tell a team what the record opened to it, if anything."""
        mask = self.state.opened_to(team)
        if mask:
            self.team(team, Shown("opened", **views.opened(self.state, team, mask)))

    def all(self, shown: Shown) -> None:
        """Tell everybody in the hunt."""
        if not self._joined("hunt", shown):
            self.made.append(Push("hunt", self.state.hunt_seq, (shown,)))
            self.state.hunt_seq = self.seq

    def news(self, shown: Shown) -> None:
        """Tell everybody in the hunt what hurries nobody: what other teams did."""
        if not self._joined("hunt", shown, can_wait=True):
            self.made.append(Push("hunt", self.state.hunt_seq, (shown,), can_wait=True))
            self.state.hunt_seq = self.seq

    def hosts(self, shown: Shown) -> None:
        """Tell the hosts."""
        if not self._joined("host", shown):
            self.made.append(Push("host", self.state.host_seq, (shown,)))
            self.state.host_seq = self.seq

    def _joined(self, channel: str, shown: Shown, *, can_wait: bool = False) -> bool:
        """Put what is shown behind what the record shows on the channel already; tell whether there was something."""
        if channel not in self._told:
            self._told[channel] = len(self.made)
            return False
        at = self._told[channel]
        told = self.made[at]
        self.made[at] = Push(channel, told.prev, (*told.events, shown), can_wait=told.can_wait and can_wait)
        return True

    def parted(self, team: Team, player: str) -> None:
        """Let a player hear nothing more of a team, from before what this record shows on."""
        self.parted_from(team.channel, player)

    def parted_from(self, channel: str, client: str) -> None:
        """Let a client hear nothing more of a channel."""
        self.made.insert(0, Push(channel, 0, parted=client))
        self._told = {channel: at + 1 for channel, at in self._told.items()}

    def boards(self) -> None:
        """Say that the standings are told otherwise: frozen, going on, or revealed."""
        self.made.append(Push("hunt", 0, state="board"))

    def board(self, name: str = "board") -> None:
        """Say that the standings changed: state, not an event, so it moves no seq. `teams`: at their end only.

        Frozen ones do not: that something was scored is told to nobody.
        """
        if self.state.rest.curtain is not None and name == "board":
            return
        self.made.append(Push("hunt", 0, state=name))


def channels(state: Hunt, team: Team | None, host: bool, watches: bool = False) -> dict[str, int]:
    """Return the channels one may listen to, with their last seqs. `watches`: without a team."""
    open_ = {"hunt": state.hunt_seq} if team is not None or host or watches else {}
    if team is not None:
        open_[team.channel] = team.seq
    if host:
        open_["host"] = state.host_seq
    return open_
