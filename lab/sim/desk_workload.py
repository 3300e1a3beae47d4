"""Questions to hosts and photos in the simulation: asked, taken up, answered, refunded; handed in, accepted, rejected.

Owns what is asked and shown, and that it stays between a team and its hosts. A workload beside `rules`, whose seeds
stay what they were.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from actors.checker.history import Call, ReceivedPush
from huntserver.game.definition.shape import Clue, Definition, Help, source
from huntserver.game.features.answering import Answer, CloseQuestion, Refund
from huntserver.game.features.asking import Ask, AskMore, Withdraw
from huntserver.game.features.handing_in import HandIn, TakeBack
from huntserver.game.features.queueing import PutBack, QueueQuery, TakeUp
from huntserver.game.features.reviewing import AcceptPhoto, RejectPhoto
from lab.sim.rules_workload import FrozenRules, RulesWorkload
from lab.sim.workload import Move

NUMBERS: Final = 4
"""Questions and photos are named from 1; hosts and teams try the first of them, whether they are there or not."""


def mark(by: str) -> str:
    """Return what stands in everything that a player tells hosts."""
    return f"between us says {by}."


class DeskRules(FrozenRules):
    """What the game promises, and that nobody hears what another team asks or shows its hosts."""

    def leaks(self, calls: Iterable[Call], seen: Iterable[ReceivedPush]) -> Iterable[str]:
        """Yield what was let out to those whom it is not for."""
        calls, seen = list(calls), list(seen)
        yield from super().leaks(calls, seen)
        for push in seen:
            if push.channel == "host" or push.events is None:
                continue
            for (entity, by), team in self.teams.items():
                told = entity == push.entity and push.channel != f"team:{team}"
                if told and mark(by).encode() in push.events:
                    yield f"{push.entity}:{push.seq} tells {push.channel} what {by} told the hosts"


class DeskWorkload(RulesWorkload):
    """`rules` with teams that ask and hand in photos, and hosts at their queue."""

    def __init__(self, draw: random.Random) -> None:
        super().__init__(draw)
        made = msgspec.json.decode(self._definition, type=Definition)
        photo = Clue(id="photo", title="A photo", kind="photo", points=5)
        terms = Help(price=draw.choice((0, 1)), open_max=2)
        self._definition = source(msgspec.structs.replace(made, clues=[*made.clues, photo], help=terms))

    def _run(self, draw: random.Random, hunt: str) -> Move:
        if draw.random() < 0.5:
            return super()._run(draw, hunt)
        number = draw.randrange(1, NUMBERS)
        question, photo = f"q{number}", f"p{number}"
        choices: list[Any] = [TakeUp(question), PutBack(question), Answer(question, "Perhaps."), Refund(question)]
        choices += [Answer(question, "Where?", back=True), CloseQuestion(question), TakeUp(photo), PutBack(photo)]
        choices += [AcceptPhoto(photo), RejectPhoto(photo, "Too dark."), QueueQuery(closed=True)]
        command = draw.choice(choices)
        return Move("hunt", hunt, command, isinstance(command, QueueQuery))

    def _play(self, draw: random.Random, hunt: str, caller: Any) -> Move:
        if draw.random() < 0.5:
            return super()._play(draw, hunt, caller)
        number, text = draw.randrange(1, NUMBERS), mark(caller.by)
        digest = hashlib.sha256(f"{caller.by} {number}".encode()).hexdigest()
        photo = HandIn("photo", digest, digest, 1000, f"{text}{number}", 4, 3)
        choices = (Ask("c1", text), Ask("c2", text), AskMore(f"q{number}", text), Withdraw(f"q{number}"))
        return Move("hunt", hunt, draw.choice((*choices, photo, photo, TakeBack(f"p{number}"))))

    def game(self) -> DeskRules:
        """The game's own promises."""
        return DeskRules()
