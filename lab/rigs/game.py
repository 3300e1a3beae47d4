"""A hunt at a table: commands in, decisions out, with everything that was recorded and shown. No runtime, no clock."""

from __future__ import annotations

import hashlib
import itertools
from typing import Any, NamedTuple

import msgspec

from actors.entity import Context, Decision, Push, Reaction, Rejected
from huntserver.errors import REFUSALS
from huntserver.game.definition.shape import Definition, source
from huntserver.game.definition.solvability import check_definition
from huntserver.game.features.announcing import Announce
from huntserver.game.features.authoring import Create, Define
from huntserver.game.features.guessing import Guess
from huntserver.game.features.handing_in import HandIn
from huntserver.game.features.hints import TakeHint
from huntserver.game.features.joining import Join
from huntserver.game.features.media import AddMedium
from huntserver.game.features.schedule import Pause, Publish, Start
from huntserver.game.features.standing import Disqualify
from huntserver.game.features.treasures import Claim
from huntserver.game.hunt import HuntEvent, HuntType
from huntserver.game.media import references, type_of
from huntserver.game.state import Hunt

HUNT = HuntType()
_events = msgspec.json.Decoder(list[HuntEvent]).decode
OWNER = "h:owner"
START_MS = 1_900_000_000_000

SMALL = """
title = "Small"
intro = "Three clues."
[schedule]
duration_s = 3600
[[clues]]
id = "c1"
title = "First"
text = "Say one."
answers = ["one"]
partial = [{ text = "on", reply = "one letter more" }]
solved_text = "It was a number."
points = 10
first_bonus = [5, 2]
hints = [{ id = "free", text = "It is less than two." }]
[clues.attempts]
free = 2
cool_down_s = 10
grows = 2.0
max_s = 30
[[clues]]
id = "c2"
title = "Second"
kind = "code"
codes = ["TREE-4711"]
unlock = "c1"
hints = [{ id = "late", text = "It has leaves.", price = 4, after_s = 60 }]
[[clues]]
id = "c3"
title = "Third"
kind = "location"
location = { lat = 48.85837, lon = 2.294481, radius_m = 100 }
unlock = "c1 and after 0:10"
final = true
[[treasures]]
id = "coin"
title = "Coin"
quantity = 2
points = 7
bonus = [3]
unlock = "c1"
"""

TEAMS = SMALL.replace("[schedule]", '[teams]\nmode = "teams"\nsize_max = 2\nplayers_max = 5\n[schedule]')


def add_medium(name: str, body: bytes = b"") -> AddMedium:
    """Return the command that adds a medium of some bytes; its key is made of its name, which no server does."""
    digest = hashlib.sha256(body or name.encode()).hexdigest()
    return AddMedium(name, digest, len(body) or 1000, type_of(name), f"key-of-{name.replace('.', '-')}")


def hand_in(clue: str, picture: str) -> HandIn:
    """Return the command that hands in a picture of this name at a clue, or at CLUE.PART; digest and key are made of
    it, which no server does."""
    digest = hashlib.sha256(picture.encode()).hexdigest()
    clue, _, part = clue.partition(".")
    return HandIn(clue, digest, digest, 84_000, f"key-of-{picture}", 1600, 1200, part)


class Record(NamedTuple):
    """What was written."""

    seq: int
    at_ms: int
    events: tuple[Any, ...]


def definition(text: str) -> Definition:
    """Read TOML that must be a good hunt."""
    found = check_definition(text.encode(), "toml")
    assert isinstance(found, Definition), [str(p) for p in found]
    return found


def digest(state: Hunt) -> str:
    """Return a digest of all that is stored of a hunt."""
    return hashlib.blake2b(b"\0".join(HUNT.encode(state)), digest_size=16).hexdigest()


class Table:
    """One hunt with its history. Every step checks what must hold for all steps."""

    def __init__(self, toml: str = SMALL) -> None:
        self.toml = toml
        self.state = HUNT.create("h1")
        self.now_ms = START_MS
        self.seq = 0
        self.log: list[Record] = []
        self.shown: list[tuple[int, Push]] = []
        self.reactions: list[Reaction] = []
        self.rolls = itertools.count(1)
        self.last: dict[str, int] = {}

    def context(self, by: str, role: str, name: str) -> Context:
        """Return what a decision may know."""
        ctx = Context()
        ctx.by, ctx.role, ctx.name = by, role, name
        roll = next(self.rolls) * 0x9E3779B97F4A7
        ctx.now_ms, ctx.roll, ctx.seq = self.now_ms, lambda: roll, self.seq + 1
        return ctx

    def tick(self, seconds: float) -> None:
        """Let time pass; timers that come due fire at their time."""
        end = self.now_ms + int(seconds * 1000)
        self.fire_until(end)
        self.now_ms = end

    def fire_until(self, end_ms: int) -> None:
        """Fire what is due by then."""
        for _ in range(10_000):
            due = HUNT.due(self.state)
            if due is None or due.due_ms > end_ms:
                return
            self.now_ms = max(due.due_ms, self.now_ms)
            events = HUNT.fire(self.state, due.id, self.context("timer", "system", ""))
            self.record(tuple(events))
            assert HUNT.due(self.state) != due, "a timer fires for ever"
        raise AssertionError("timers never come to rest")

    def send(self, command: Any, by: str = "p:ann", role: str = "player", name: str = "") -> Any:
        """Decide a command; return its answer or the refusal."""
        self.fire_until(self.now_ms)
        before = list(HUNT.encode(self.state)) if len(self.state.teams) < 20 else None
        decision = HUNT.decide(self.state, command, self.context(by, role, name or by[2:].title()))
        if before is not None:
            assert list(HUNT.encode(self.state)) == before, "deciding changed the state"
        if isinstance(decision, Rejected):
            assert decision.code in REFUSALS, decision
            return decision
        assert isinstance(decision, Decision)
        assert decision.events
        assert len(msgspec.json.encode(decision.answer)) <= 200
        self.record(tuple(decision.events))
        return decision.answer

    def record(self, events: tuple[Any, ...]) -> None:
        """Write, apply and show a record, as the runtime does."""
        assert _events(msgspec.json.encode(events)) == list(events), "an event does not survive the log"
        self.seq += 1
        self.log.append(Record(self.seq, self.now_ms, events))
        for event in events:
            HUNT.apply(self.state, event, self.seq, self.now_ms)
        pushes = HUNT.pushes(self.state, events, self.seq, self.now_ms)
        assert not any(p.told for p in pushes[1:]), "what the answer stands for comes first"
        named = [p.channel for p in pushes if p.tells]
        assert len(named) == len(set(named)), "two pushes of one record on one channel"
        for push in pushes:
            msgspec.json.encode(push.events)
            if push.tells:
                assert push.prev == self.last.get(push.channel, 0), "a channel's chain is broken"
                self.last[push.channel] = self.seq
        self.shown += [(self.seq, push) for push in pushes]
        self.reactions += HUNT.reactions(events, "h1")

    def replay(self) -> Hunt:
        """Fold the history from nothing."""
        state = HUNT.create("h1")
        for seq, at_ms, events in self.log:
            for event in events:
                HUNT.apply(state, event, seq, at_ms)
            HUNT.pushes(state, events, seq, at_ms)
        return state

    # ---- the usual ways

    def host(self, command: Any) -> Any:
        """Send as the hunt's owner."""
        return self.send(command, OWNER, "host")

    def draft(self) -> Table:
        """Create and define."""
        self.host(Create())
        answer = self.host(Define(source(definition(self.toml))))
        assert not isinstance(answer, Rejected), answer
        return self

    def published(self) -> Table:
        """Create, define, add every medium that the texts name, publish."""
        self.draft()
        for name in references(self.state.definition):
            self.host(add_medium(name))
        answer = self.host(Publish())
        assert not isinstance(answer, Rejected), answer
        return self

    def running(self, *players: str) -> Table:
        """Publish, let players join, start."""
        self.published()
        for player in players or ("ann", "bob"):
            assert not isinstance(self.join(player), Rejected)
        answer = self.host(Start())
        assert not isinstance(answer, Rejected), answer
        return self

    def join(self, player: str, **how: Any) -> Any:
        """Join as a player."""
        return self.send(Join(**how), f"p:{player}")

    def guess(self, text: str, player: str = "ann", clue: str = "c1") -> Any:
        """Guess as a player."""
        return self.send(Guess(clue, text), f"p:{player}")

    def ask(self, query: Any, by: str = "p:ann", role: str = "player") -> Any:
        """Ask a question."""
        self.fire_until(self.now_ms)
        return HUNT.query(self.state, query, self.context(by, role, ""))

    def pushes(self, channel: str) -> list[Push]:
        """Return what a channel was shown, state apart."""
        return [p for _, p in self.shown if p.channel == channel and p.tells]

    def json_of_shown(self) -> str:
        """Return all that was shown so far as JSON text."""
        return msgspec.json.encode([(p.channel, p.events) for _, p in self.shown]).decode()


def code(answer: Any) -> str:
    """Return the code of a refusal; "" for an answer."""
    return answer.code if isinstance(answer, Rejected) else ""


def played() -> Table:
    """Return a hunt in which everything that is stored has a value of its own."""
    table = Table(TEAMS).published()
    invite = table.join("ann", team="Owls").invite
    table.join("cid", team="Bats")
    table.join("bob", invite=invite)
    table.host(Announce("welcome"))
    table.host(Start())
    for text in ("x", "y", "z"):
        table.guess(text, "cid")
    table.tick(60)
    table.guess("one", "bob")
    table.tick(60)
    table.send(TakeHint("c2", "late"))
    table.send(Claim("coin"))
    table.host(Disqualify("t2", "x"))
    table.tick(600)
    table.host(Pause())
    return table
