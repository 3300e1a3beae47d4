"""The game's own invariants (I8): no treasure is oversold, ranks have no gap, a clue has one first finder.

What simulation, campaigns and load harness give to the judge of the log. Sees every counting record in log order. Pure;
the rules are written here a second time, on purpose: it asks none of the game's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from huntserver.game.features.amending import Amended
from huntserver.game.features.answering import QuestionAnswered, QuestionRefunded
from huntserver.game.features.authoring import Defined
from huntserver.game.features.beginning import BeginningUndone, Begun
from huntserver.game.features.freezing import BoardFrozen, BoardRevealed, BoardThawed, SolvesTold
from huntserver.game.features.guessing import Guessed
from huntserver.game.features.handing_in import PhotoHandedIn
from huntserver.game.features.joining import Joined
from huntserver.game.features.leaving import Left
from huntserver.game.features.merging import Merged
from huntserver.game.features.moving import PlayerMoved
from huntserver.game.features.placing import Placed
from huntserver.game.features.reopening import Reopened
from huntserver.game.features.rescheduling import Unstarted
from huntserver.game.features.reviewing import PhotoJudged
from huntserver.game.features.schedule import Ended
from huntserver.game.features.solving import Solved
from huntserver.game.features.treasures import Claimed
from huntserver.game.features.unsolving import SolveUndone


class _Treasure(msgspec.Struct):
    id: str
    quantity: int = 1


class _Starts(msgspec.Struct):
    start: str = "common"


class _Definition(msgspec.Struct):
    schedule: _Starts = msgspec.field(default_factory=_Starts)
    treasures: list[_Treasure] = []


_definition = msgspec.json.Decoder(_Definition).decode


class GameInvariants:
    """I8 over the log, the judge's `WorkloadRules`: ranks, quantities, and nothing after the end, unless it was undone.

    `teams` says which team a member of an entity is in, `solved` at which pos a team solved a clue: whoever judges what
    was shown (I9) asks for them.
    """

    def __init__(self) -> None:
        self._quantity: dict[tuple[str, str], int] = {}
        self._claims: dict[tuple[str, str], int] = {}
        self._claimed: set[tuple[str, str, str]] = set()
        self._solves: dict[tuple[str, str], int] = {}
        self.teams: dict[tuple[str, str], str] = {}
        self.solved: dict[tuple[str, str, str], int] = {}
        self._ended: set[str] = set()
        self._frozen: set[str] = set()
        self._apart: set[str] = set()
        self._begun: set[tuple[str, str]] = set()
        self._held: dict[tuple[str, str], list[str]] = {}
        self._handed_in: set[tuple[str, int]] = set()
        self._paid: dict[tuple[str, int], tuple[str, int]] = {}
        self.claims = self.firsts = 0

    def record(self, entity: str, pos: int, by: str, events: Sequence[Any], at_ms: int) -> Iterable[str]:
        """Yield what is unfair in a record."""
        if not entity.startswith("hunt/"):
            return ()
        first = events[0].__class__ if events else None
        if first is Guessed and entity not in self._ended:
            return ()
        return list(self._hunt(entity, pos, by, events))

    def _hunt(self, entity: str, pos: int, by: str, events: Sequence[Any]) -> Iterator[str]:
        for event in events:
            played = isinstance(event, Claimed | Solved | Guessed | PhotoHandedIn)
            played = played and getattr(event, "how", "") not in ("rejudged", "photo")
            if played and entity in self._ended:
                yield f"{type(event).__name__.lower()} by {event.team} after the end of the hunt"
            if played and entity in self._apart and (entity, event.team) not in self._begun:
                yield f"{type(event).__name__.lower()} by {event.team}, which has not begun"
            if isinstance(event, Begun):
                self._begun.add((entity, event.team))
            elif isinstance(event, BeginningUndone):
                self._begun.discard((entity, event.team))
            elif isinstance(event, Claimed):
                yield from self._claim(entity, event)
            elif isinstance(event, Solved):
                yield from self._solve(entity, pos, event)
            elif isinstance(event, SolveUndone):
                yield from self._unsolve(entity, event)
            elif isinstance(event, PhotoHandedIn):
                self._handed_in.add((entity, event.number))
            elif isinstance(event, PhotoJudged):
                if (entity, event.number) not in self._handed_in:
                    yield f"photo {event.number} of {event.team} is judged and does not wait"
                if event.accepted:  # judged once more: only after it was rejected
                    self._handed_in.discard((entity, event.number))
            elif isinstance(event, QuestionAnswered | QuestionRefunded):
                yield from self._question(entity, event)
            elif isinstance(event, Joined):
                self.teams[entity, event.personal.by] = event.team
            elif isinstance(event, Left):
                self.teams.pop((entity, event.player), None)
            elif isinstance(event, PlayerMoved):
                self.teams[entity, event.player] = event.team
            elif isinstance(event, Merged):
                self._merge(entity, pos, event)
            elif isinstance(event, Defined | Amended):
                given = _definition(event.definition.encode())
                if given.schedule.start == "own":
                    self._apart.add(entity)
                for treasure in given.treasures:
                    self._quantity[entity, treasure.id] = treasure.quantity
            elif isinstance(event, BoardFrozen):
                self._frozen.add(entity)
            elif isinstance(event, BoardThawed | Unstarted) or (isinstance(event, BoardRevealed) and not event.leave):
                self._frozen.discard(entity)
                if isinstance(event, Unstarted):
                    self._begun = {who for who in self._begun if who[0] != entity}
            elif isinstance(event, SolvesTold | Placed):
                yield from self._told(entity, event)
            elif isinstance(event, Ended):
                self._ended.add(entity)
            elif isinstance(event, Reopened):
                self._ended.discard(entity)

    def _unsolve(self, entity: str, event: SolveUndone) -> Iterator[str]:
        """What is taken back was there; only the last rank of a clue is free again."""
        if event.photo:
            self._handed_in.add((entity, event.photo))
        if event.only_part:
            return
        if self.solved.pop((entity, event.team, event.clue), None) is None:
            yield f"clue {event.clue}: {event.team} loses a solve that it has not"
        if event.last:
            self._solves[entity, event.clue] -= 1
        if event.clue in (held := self._held.get((entity, event.team), [])):
            held.remove(event.clue)

    def _question(self, entity: str, event: QuestionAnswered | QuestionRefunded) -> Iterator[str]:
        """An answer is paid once, and given back once, to who paid it."""
        which = (entity, event.number)
        if isinstance(event, QuestionAnswered):
            if event.price and which in self._paid:
                yield f"question {event.number}: {event.team} pays twice"
            if event.price:
                self._paid[which] = (event.team, event.price)
        elif self._paid.get(which) != (event.team, event.points):
            yield f"question {event.number}: {event.team} has {event.points} back, which it did not pay"
        else:
            self._paid[which] = ("", 0)

    def _told(self, entity: str, event: SolvesTold | Placed) -> Iterator[str]:
        """What frozen standings keep back is told once, and after they are shown."""
        if entity in self._frozen:
            yield f"{type(event).__name__} while the standings are frozen"
        if isinstance(event, SolvesTold):
            held, told = self._held.pop((entity, event.team), []), [solve.clue for solve in event.solves]
            if held != told:
                yield f"{event.team} is credited with {told} after the reveal, kept back were {held}"

    def _merge(self, entity: str, pos: int, event: Merged) -> None:
        for by in event.members:
            self.teams[entity, by] = event.team
        for where, team, clue in list(self.solved):
            if (where, team) == (entity, event.other):
                self.solved.setdefault((entity, event.team, clue), pos)
        if held := self._held.pop((entity, event.other), []):
            self._held.setdefault((entity, event.team), []).extend(held)
        if (entity, event.other) in self._begun:
            self._begun.add((entity, event.team))
        theirs = [who for who in self._claimed if who[0] == entity and who[2] == event.other]
        self._claimed |= {(entity, treasure, event.team) for _, treasure, _ in theirs}

    def _claim(self, entity: str, event: Claimed) -> Iterator[str]:
        if not event.rank:  # the team does not count
            return
        self.claims += 1
        which = (entity, event.treasure)
        count = self._claims[which] = self._claims.get(which, 0) + 1
        if event.rank != count:
            yield f"treasure {event.treasure}: claim {count} has rank {event.rank}"
        if count > self._quantity.get(which, 0):
            yield f"treasure {event.treasure}: claim {count} of {self._quantity.get(which, 0)}"
        who = (*which, event.team)
        if who in self._claimed:
            yield f"treasure {event.treasure}: {event.team} has it twice"
        self._claimed.add(who)

    def _solve(self, entity: str, pos: int, event: Solved) -> Iterator[str]:
        if event.held is not (entity in self._frozen):
            yield f"clue {event.clue}: {event.team} solved it with held={event.held}"
        if event.rank:
            which = (entity, event.clue)
            count = self._solves[which] = self._solves.get(which, 0) + 1
            if count == 1:
                self.firsts += 1
            if event.rank != count:
                yield f"clue {event.clue}: solve {count} has rank {event.rank}"
            if event.held:
                self._held.setdefault((entity, event.team), []).append(event.clue)
        who = (entity, event.team, event.clue)
        if who in self.solved:
            yield f"clue {event.clue}: {event.team} solved it twice"
        self.solved.setdefault(who, pos)
