"""The real rules of the game in the simulation: hunts by hosts, players that race for them, treasures that run out.

Owns what is played, and I9 of the promises: no accepted answer is in anything that a player is told or shown before
that player's team has solved the clue. I8 is the game's own (`huntserver.game.invariants`).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from actors.checker.history import VIEWED, Call, ReceivedPush
from actors.checker.log_judge import Rules
from actors.entity import EntityType
from actors.shard.actor import Caller
from huntserver.game.definition.shape import Attempts, Clue, Definition, Hint, Schedule, Treasure, source
from huntserver.game.features.amending import Accept
from huntserver.game.features.announcing import Announce
from huntserver.game.features.authoring import Create, Define
from huntserver.game.features.clearing import ClearCoolDown
from huntserver.game.features.errata import Erratum
from huntserver.game.features.extra_time import ExtraTime, RemoveInterval
from huntserver.game.features.guessing import Guess
from huntserver.game.features.hints import TakeHint
from huntserver.game.features.joining import Join
from huntserver.game.features.leaderboard import BoardQuery
from huntserver.game.features.overview import OverviewQuery
from huntserver.game.features.page import MembershipQuery, PageQuery
from huntserver.game.features.reopening import Reopen
from huntserver.game.features.rescheduling import Unstart
from huntserver.game.features.scanning import Scan
from huntserver.game.features.schedule import End, Extend, Pause, Publish, Start, Unpause
from huntserver.game.features.treasures import Claim
from huntserver.game.hunt import HuntType
from huntserver.game.invariants import GameInvariants
from huntserver.game.player.commands import ProfileQuery
from huntserver.game.player.entity import PlayerType
from huntserver.privacy.ring import new_ring
from lab.sim.workload import Move


def secrets(clues: int) -> dict[str, str]:
    """Return the answers of the clues."""
    return {f"c{i}": f"zebra{i}quagga" for i in range(1, clues + 1)}


CLUES: Final = 5
OPENING: Final = 12
QUANTITIES: Final = {"coin": 2, "crown": 1}
PEOPLE: Final = ("ann", "bob", "cat")
SECRETS: Final = secrets(CLUES)
LARGE_CLUES: Final = 40
LARGE_PEOPLE: Final = tuple(f"p{i:02}" for i in range(40))
LARGE_TEXT: Final = "Where the old wall meets the river a bell is cast into the stone. "
"""With it the definition is nearly what one record of the simulated log may hold when that is small."""

encode = msgspec.json.Encoder().encode


def definition(duration_s: int, count: int = CLUES, text: str = "") -> str:
    """Return the hunt: clues that open one another (with a `text`: that are open), a code, hints, two treasures."""
    clues, said = [], secrets(count)
    for i in range(1, count + 1):
        code = i == 3
        clues.append(
            Clue(
                id=f"c{i}",
                title=f"Clue {i}",
                kind="code" if code else "text",
                text=text,
                answers=[] if code else [said[f"c{i}"]],
                codes=[said[f"c{i}"]] if code else [],
                points=10 * i,
                first_bonus=[5, 3],
                decay=1,
                unlock="" if i < 3 or text else f"c{i - 2}",
                hints=[Hint(id="h", text=f"Think of {i}.", price=2)],
                attempts=Attempts(cool_down_s=0.2, free=2, max_s=1.0),
            )
        )
    treasures = [Treasure(id=id, title=id.title(), quantity=n, points=5) for id, n in QUANTITIES.items()]
    return source(Definition(title="Sim", schedule=Schedule(duration_s=duration_s), clues=clues, treasures=treasures))


class GameRules(GameInvariants):
    """I8 over the log, and I9: no accepted answer is let out before the team that hears it has solved its clue."""

    def __init__(self, secrets: dict[str, str] = SECRETS) -> None:
        super().__init__()
        self._secrets = secrets

    def leaks(self, calls: Iterable[Call], seen: Iterable[ReceivedPush]) -> Iterable[str]:
        """Yield each accepted answer that was let out too early (I9). Hosts may see everything."""
        for push in seen:
            if push.channel != "host" and push.events is not None:
                for clue in self._leaked(push.events, push.entity, push.channel.removeprefix("team:"), push.seq):
                    yield f"{push.entity}:{push.seq} shows the answer of {clue} on {push.channel}"
        for call in calls:
            if call.role != "host" and call.answer is not None:
                body = encode(call.answer) if call.outcome == VIEWED else bytes(call.answer)
                for clue in self._leaked(body, call.entity, self.teams.get((call.entity, call.by), ""), call.pos):
                    yield f"{call.session} was told the answer of {clue} at {call.entity}:{call.pos}"

    def _leaked(self, body: bytes, entity: str, team: str, pos: int) -> list[str]:
        named = [clue for clue, secret in self._secrets.items() if secret.encode() in body]
        return [clue for clue in named if self.solved.get((entity, team, clue), pos + 1) > pos]


class GameWorkload:
    """One or two hunts, three players (one with two devices), a host that makes, runs and disturbs them."""

    roomy = False

    door: Any = None

    people: Sequence[str] = PEOPLE
    secrets: dict[str, str] = SECRETS

    def __init__(self, draw: random.Random) -> None:
        self.kinds: Sequence[tuple[EntityType[Any], int]] = [
            (HuntType(new_ring(b"salt", bytes(32))), draw.choice((1, 2))),  # sealed, as a server writes
            (PlayerType(), draw.choice((1, 2))),
        ]
        self.rules = Rules(proof_s=0.3)
        self._hunts = [f"hunt{i}" for i in range(draw.choice((1, 1, 2)))]
        self._size = draw.choice((8, 20, 30, 45))
        self._definition = definition(draw.choice((60, 3600)))
        self._opening = dict.fromkeys(self._hunts, 0)
        self._knows = draw.choice((0.3, 0.7))

    def kinds_of(self, node: str) -> Sequence[tuple[EntityType[Any], int]]:
        """Every node runs the same."""
        return self.kinds

    def players(self, draw: random.Random) -> list[tuple[Caller, int]]:
        """The players and the host."""
        out = [(Caller(f"p:{who}", "player", who.title()), self._size) for who in (*self.people, self.people[0])]
        return [*out, (Caller("h:host", "host", "Host"), OPENING * len(self._hunts) + self._size)]

    def next(self, draw: random.Random, caller: Caller) -> Move | None:
        """Draw a command; players wait until the host has sent all that opens the hunts."""
        opening = [id for id, step in self._opening.items() if step < OPENING]
        if caller.role == "host":
            return self._open(opening[0]) if opening else self._run(draw, draw.choice(self._hunts))
        if opening and draw.random() < 0.98:
            return None
        return self._play(draw, draw.choice(self._hunts), caller)

    def _open(self, hunt: str) -> Move:
        steps = (Create(), Define(self._definition), Publish(), Start())
        self._opening[hunt] += 1  # three times round: a step may overtake the one before
        return Move("hunt", hunt, steps[(self._opening[hunt] - 1) % len(steps)])

    def _run(self, draw: random.Random, hunt: str) -> Move:
        roll = draw.random()
        if roll < 0.2:
            return Move("hunt", hunt, OverviewQuery(), True)
        choices: list[Any] = [Pause(), Unpause(), Unpause(), Announce("Hurry!"), Extend(1), Start()]
        choices += [Extend(-59)] if roll > 0.8 else [Unpause()]
        if roll > 0.9:  # second thoughts: ends are undone, time is given, answers are mended
            choices += [Reopen(30), Reopen(30), ExtraTime("t1", 5), RemoveInterval(1), ClearCoolDown("t1")]
            choices += [Accept("c0", f"wrong {draw.randrange(4)}"), Erratum("c0", "The other one."), Unstart()]
        return Move("hunt", hunt, End() if roll > 0.98 else draw.choice(choices))

    def _play(self, draw: random.Random, hunt: str, caller: Caller) -> Move:
        roll, clue = draw.random(), f"c{draw.randrange(1, len(self.secrets) + 1)}"
        if roll < 0.2:
            return Move("hunt", hunt, Join())
        if roll < 0.6:
            text = self.secrets[clue] if draw.random() < self._knows else f"wrong {draw.randrange(20)}"
            return Move("hunt", hunt, Scan(text) if clue == "c3" else Guess(clue, text))
        if roll < 0.75:
            return Move("hunt", hunt, Claim(draw.choice(("coin", "crown"))))
        if roll < 0.82:
            return Move("hunt", hunt, TakeHint(clue, "h"))
        if roll < 0.88:
            return Move("player", caller.by[2:], ProfileQuery(), True)
        return Move("hunt", hunt, draw.choice((PageQuery(), BoardQuery(), MembershipQuery())), True)

    def probes(self) -> list[Move]:
        """Ask for every board, and every profile (those of others are refused, which is an answer)."""
        hunts = [Move("hunt", id, BoardQuery(), True) for id in self._hunts]
        return [*hunts, *(Move("player", who, ProfileQuery(), True) for who in self.people)]

    def game(self) -> GameRules:
        """The game's own promises."""
        return GameRules(self.secrets)


class LargeGameWorkload(GameWorkload):
    """One hunt of many clues with long texts, forty people of few commands each: nothing of it is small for the log.

    Its definition nearly fills a record of the simulated log, its snapshots take many parts.
    """

    people = LARGE_PEOPLE
    roomy = True
    secrets = secrets(LARGE_CLUES)

    def __init__(self, draw: random.Random) -> None:
        super().__init__(draw)
        self._hunts = self._hunts[:1]
        self._opening = dict.fromkeys(self._hunts, 0)
        self._came: set[str] = set()
        self._size = draw.choice((4, 6, 10))
        self._definition = definition(draw.choice((60, 3600)), LARGE_CLUES, LARGE_TEXT)

    def next(self, draw: random.Random, caller: Caller) -> Move | None:
        """Draw a command; nobody begins before the hunt is open, and everybody joins first."""
        if caller.role != "host" and any(step < OPENING for step in self._opening.values()):
            return None
        if caller.role != "host" and caller.by not in self._came:
            self._came.add(caller.by)
            return Move("hunt", self._hunts[0], Join())
        return super().next(draw, caller)

    def _run(self, draw: random.Random, hunt: str) -> Move:
        """End the hunt sooner than in the small one: its end writes a place for everybody."""
        return Move("hunt", hunt, End()) if draw.random() < 0.1 else super()._run(draw, hunt)
