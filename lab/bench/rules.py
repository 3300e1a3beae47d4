"""What the rules alone cost, without runtime, log and sockets: `python -m lab.bench.rules`, and rows of `make bench`.

Each is CPU time, the least of some rounds: a guess in a large hunt, a change of the standings, a solve that opens a
thousand things, and the steps in which a million guesses are judged anew after an amendment.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from actors.entity import Context, Decision
from huntserver.game.definition.shape import Definition, source
from huntserver.game.event import Author
from huntserver.game.features.amending import Accept
from huntserver.game.features.authoring import Created, Defined
from huntserver.game.features.guessing import Guess, Guessed
from huntserver.game.features.joining import Joined
from huntserver.game.features.schedule import Published, Started
from huntserver.game.hunt import HuntType
from huntserver.game.state import Attempt, Hunt
from lab.bench.rows import Rows

HUNT: Final = HuntType()
NOW_MS: Final = 1_900_000_000_000
ROUNDS: Final = 5
TEAMS, CLUES = 3_000, 500
GUESSES: Final = 1_000_000


def made(clues: list[dict[str, Any]], teams: int) -> Hunt:
    """Return a hunt of these clues that so many players play, each alone; larger than hosts may have, if asked for."""
    definition = msgspec.convert({"title": "Rules", "clues": clues}, Definition)
    text, state = source(definition), HUNT.create("rules")
    events: list[Any] = [Created("h:owner"), Defined("digest", text), Published()]
    events += [Joined(f"t{n + 1}", "Rules", Author(f"p:{n}", name=f"Player {n}")) for n in range(teams)]
    for seq, event in enumerate([*events, Started(0)]):
        HUNT.apply(state, event, seq, NOW_MS)
        HUNT.pushes(state, (event,), seq, NOW_MS)
    return state


def plain(count: int, **keys: Any) -> list[dict[str, Any]]:
    """Return so many clues."""
    return [{"id": f"c{n}", "title": f"Clue {n}", "answers": [f"answer {n}"], **keys} for n in range(count)]


def context(by: str, role: str = "player") -> Context:
    """Return what a decision may know."""
    ctx = Context()
    ctx.by, ctx.role, ctx.name, ctx.now_ms, ctx.roll, ctx.seq = by, role, by, NOW_MS + 60_000, lambda: 7, 1
    return ctx


def least_us(work: Callable[[], Any], times: int) -> float:
    """Return the CPU time of one call, in us: the least of some rounds of so many."""
    found = []
    for _ in range(ROUNDS):
        began = time.process_time_ns()
        for _ in range(times):
            work()
        found.append((time.process_time_ns() - began) / times / 1000)
    return min(found)


def guesses(rows: Rows) -> None:
    """Decide wrong guesses of all teams at all clues, in a small hunt and in a large one."""
    for name, clues, teams in (("small", 12, 25), ("large", CLUES, TEAMS)):
        rows.add(f"rules_guess_{name}_us", _guess_us(clues, teams), "us", "rules_guess_small_us")


def _guess_us(clues: int, teams: int) -> float:
    state, rng = made(plain(clues), teams), random.Random(1)
    asked = [
        (Guess(f"c{rng.randrange(clues)}", f"wrong {n}"), context(f"p:{rng.randrange(teams)}")) for n in range(5_000)
    ]
    turn = itertools.cycle(asked)
    return least_us(lambda: HUNT.decide(state, *next(turn)), len(asked))


def standings(rows: Rows) -> None:
    """Change the place of a team among 200, and among 20,000."""
    for teams in (200, 20_000):
        rows.add(f"rules_board_{teams}_us", _move_us(teams), "us", "rules_board_200_us")


def _move_us(count: int) -> float:
    state, rng = made(plain(2), count), random.Random(2)
    teams = list(state.teams.values())
    return least_us(lambda: state.score(rng.choice(teams), rng.randrange(1, 50), NOW_MS), 2_000)


def cascade(rows: Rows, wait: int = 1_000) -> None:
    """Solve the one clue for which a thousand others `wait`: decided, applied and told."""
    clues = [*plain(1), *({**clue, "id": f"w{n}", "unlock": "c0"} for n, clue in enumerate(plain(wait)))]
    state, players = made(clues, 100), iter(range(100))

    def solve() -> None:
        decision = HUNT.decide(state, Guess("c0", "answer 0"), context(f"p:{next(players)}"))
        assert isinstance(decision, Decision)
        for event in decision.events:
            HUNT.apply(state, event, 200, NOW_MS)
        HUNT.pushes(state, decision.events, 200, NOW_MS)

    rows.add(f"rules_cascade_{wait}_ms", least_us(solve, 10) / 1000, "ms")


def rejudging(rows: Rows, teams: int = TEAMS) -> None:
    """Accept an answer that every tenth team has tried, after a million guesses; the longest step, and all of them."""
    state, rng = made(plain(CLUES), teams), random.Random(3)
    each = GUESSES // TEAMS
    right = HUNT.decide(state, Guess("c0", "nearly"), context("p:0"))
    assert isinstance(right, Decision)
    (guessed,) = right.events
    assert isinstance(guessed, Guessed)
    mark = guessed.mark.to_bytes(4, "big")
    for n, team in enumerate(state.teams.values()):
        tried = {0: rng.randbytes(4 * 63) + (mark if n % 10 == 0 else b"none")}
        left = each - 64
        while left > 0:
            tried[len(tried)] = rng.randbytes(4 * min(64, left))
            left -= 64
        team.attempts = {clue: Attempt(len(marks) // 4, 0, marks) for clue, marks in tried.items()}
        for clue in tried:
            state.tried[clue] += 1
    began = time.process_time_ns()
    decision = HUNT.decide(state, Accept("c0", "nearly"), context("h:owner", "host"))
    assert isinstance(decision, Decision), decision
    assert sum(len(a.tried) // 4 for t in state.teams.values() for a in (t.attempts or {}).values()) == each * teams
    steps = [_step(state, decision.events, began)]
    while (due := HUNT.due(state)) is not None and due.id.startswith("rejudge"):
        began = time.process_time_ns()
        ctx = context("timer", "system")
        steps.append(_step(state, HUNT.fire(state, due.id, ctx), began))
    assert state.solves[0] == teams // 10, state.solves[0]
    rows.add("rules_rejudge_longest_step_ms", max(steps), "ms")
    rows.add("rules_rejudge_all_ms", sum(steps), "ms")
    rows.add("rules_rejudge_steps", len(steps), "steps")


def _step(state: Hunt, events: Any, began_ns: int) -> float:
    for event in events:
        HUNT.apply(state, event, 10_000, NOW_MS)
    HUNT.pushes(state, events, 10_000, NOW_MS)
    return (time.process_time_ns() - began_ns) / 1e6


def measure(rows: Rows) -> None:
    """Add all of them."""
    guesses(rows)
    standings(rows)
    cascade(rows)
    rejudging(rows)


if __name__ == "__main__":
    measure(Rows())
