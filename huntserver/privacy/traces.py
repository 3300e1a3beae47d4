"""What a log holds of one person: by hunt, what can still be read of it, and what an erasure has to do.

Reads every record of the hunts, those that do not count included: their bytes are there, too. Never writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from huntserver.game.event import Author
from huntserver.game.features.enrolling import Enrolled
from huntserver.game.features.erasing import Erased, is_known
from huntserver.game.features.handing_in import Picture
from huntserver.game.features.joining import Joined
from huntserver.game.features.naming import Renamed
from huntserver.game.sealing import holder_of, opened
from huntserver.game.state import Hunt
from huntserver.game.vault import GONE, nameless, team_holder
from huntserver.privacy.ring import KeyRing

TEXTS: Final = ("name", "text")
WORD_MIN: Final = 12
"""Of what a person wrote, shorter texts are anybody's."""


class HuntTrace(msgspec.Struct):
    """One person in one hunt. `records` name the person's id; of what is personal in them `plain` were written before
    anything was sealed, `sealed` can be opened, `gone` cannot. `pos` is that of the last record with the id, `erased`
    that of the last erasure. `teams` were called by this person; `holders` are the keys that go with the erased."""

    hunt: str
    records: int = 0
    plain: int = 0
    sealed: int = 0
    gone: int = 0
    pos: int = 0
    erased: int = 0
    known: bool = False
    teams: list[str] = []
    holders: list[str] = []
    photos: list[str] = []
    words: set[str] = set()

    @property
    def open(self) -> bool:
        """Whether there is something left to erase in the hunt."""
        return self.known or bool(self.teams) or not self.erased or self.erased < self.pos


class Traces:
    """Gathers what there is of one person, record by record."""

    def __init__(self, person: str, ring: KeyRing | None) -> None:
        self.person = person
        self.hunts: dict[str, HuntTrace] = {}
        self._ring = ring
        self._times: dict[tuple[str, str], int] = {}
        self._seen: set[tuple[str, str]] = set()

    def see(self, hunt: str, pos: int, by: str, events: list[Any]) -> None:
        """Look at a record of a hunt."""
        for event in events:
            if isinstance(event, Erased):
                self._erased(hunt, pos, event)
            else:
                self._look(hunt, pos, by, event)

    def _of(self, hunt: str) -> HuntTrace:
        found = self.hunts.get(hunt)
        if found is None:
            found = self.hunts[hunt] = HuntTrace(hunt)
        return found

    def _erased(self, hunt: str, pos: int, event: Erased) -> None:
        for team in event.teams:
            times = self._times.get((hunt, team), 0)
            self._times[hunt, team] = times + 1
            if event.person == self.person:
                self._of(hunt).holders.append(team_holder(hunt, team, times))
        if event.person == self.person:
            trace = self._of(hunt)
            trace.erased = pos
            trace.records += 1

    def _look(self, hunt: str, pos: int, by: str, event: Any) -> None:
        personal: Author | None = getattr(event, "personal", None)
        is_new = isinstance(event, Joined | Enrolled) and (hunt, event.team) not in self._seen
        if isinstance(event, Joined | Enrolled):
            self._seen.add((hunt, event.team))
        named = (self.person in (by, getattr(event, "player", ""), getattr(event, "who", ""))) or (
            personal is not None and personal.by == self.person
        )
        if not named:
            return
        trace = self._of(hunt)
        trace.records += 1
        if not isinstance(event, Erased):
            trace.pos = pos
        if personal is None:
            return
        names = (isinstance(event, Joined) and is_new) or isinstance(event, Renamed)
        if names and personal.by == self.person and event.team not in trace.teams:
            trace.teams.append(event.team)
        if holder_of(event) == self.person:
            self._weigh(trace, hunt, event, personal)

    def _weigh(self, trace: HuntTrace, hunt: str, event: Any, personal: Author) -> None:
        if personal.sealed:
            read = opened(self._ring, hunt, event).personal if self._ring is not None else personal
            if personal.sealed == GONE or read.sealed == GONE:
                trace.gone += 1
                return
            trace.sealed += 1
            personal = read
        elif any(getattr(personal, name) for name in TEXTS) or personal.lat is not None:
            trace.plain += 1
        trace.words.update(text for text in (personal.name, personal.team_name) if text)
        if len(personal.text) >= WORD_MIN:
            trace.words.add(personal.text)
        if isinstance(personal, Picture) and personal.digest:
            trace.photos.append(personal.digest)

    def settle(self, states: dict[str, Any], *, team_names: bool = False) -> None:
        """Look at how the hunts stand: which still know the person, and which teams that this person named nobody else
        is in; `team_names`: others may be."""
        for trace in self.hunts.values():
            state = states.get(f"hunt/{trace.hunt}")
            if not isinstance(state, Hunt):
                continue
            trace.known = is_known(state, self.person)
            solo = state.plan.solo
            trace.teams = [
                id
                for id in trace.teams
                if (team := state.teams.get(id)) is not None
                and team.name != nameless(id)
                and (team_names or solo or not team.members or team.members == (self.person,))
            ]

    def in_order(self) -> Iterator[HuntTrace]:
        """Yield the hunts by id."""
        for hunt in sorted(self.hunts):
            yield self.hunts[hunt]
