"""Whole hunts of the kinds that hosts run, played to the end by generated players; the standings are known beforehand.

The oracle here knows no rule of the game: each structure says in a line what a solve is worth. What was sent is played
once more on real logs by `tests/integration/test_structures.py`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from math import log1p
from typing import Any, Final, NamedTuple

import msgspec
import pytest

from actors.entity import Rejected
from huntserver.game.features.amending import AwardSolve
from huntserver.game.features.beginning import Begin
from huntserver.game.features.checking_in import CheckIn
from huntserver.game.features.guessing import Guess
from huntserver.game.features.hints import TakeHint
from huntserver.game.features.leaderboard import BoardQuery
from huntserver.game.features.page import PageQuery
from huntserver.game.features.reviewing import AcceptPhoto, RejectPhoto
from huntserver.game.features.scanning import Scan
from huntserver.game.features.schedule import End
from lab.rigs.game import OWNER, Table, code, digest, hand_in

Worth = Callable[[int, int], int]
"""Points of a clue, by its number from 0, for the solve of that rank, from 1."""


class Oracle:
    """Scores and their times, counted apart from the game."""

    def __init__(self, worth: Worth, players: Sequence[str]) -> None:
        self.worth = worth
        self.solves: dict[int, int] = {}
        self.score = dict.fromkeys(players, 0)
        self.since = dict.fromkeys(players, 0)

    def solved(self, player: str, clue: int, at_ms: int) -> int:
        """Count a solve; return its points."""
        rank = self.solves[clue] = self.solves.get(clue, 0) + 1
        points = self.worth(clue, rank)
        self.score[player] += points
        if points > 0:
            self.since[player] = at_ms
        return points

    def standings(self) -> list[tuple[str, int]]:
        """Return names and scores: more points first, then who had them earlier, then who joined earlier."""
        joined = list(self.score)
        order = sorted(joined, key=lambda p: (-self.score[p], self.since[p], joined.index(p)))
        return [(player.title(), self.score[player]) for player in order]


class Sent(NamedTuple):
    """One command of a script: when, by whom, and what was answered."""

    at_ms: int
    by: str
    role: str
    command: Any
    said: str


class Scripted(Table):
    """A table that writes down what is sent."""

    def __init__(self, toml: str) -> None:
        super().__init__(toml)
        self.script: list[Sent] = []

    def send(self, command: Any, by: str = "p:ann", role: str = "player", name: str = "") -> Any:
        answer = super().send(command, by, role, name)
        self.script.append(Sent(self.now_ms, by, role, command, said(answer)))
        return answer


def said(answer: Any) -> str:
    """Return an answer in short: the code of a refusal, or points and rank."""
    if isinstance(answer, Rejected):
        return answer.code
    told = msgspec.to_builtins(answer)
    return f"{told.get('verdict', 'ok')} {told.get('points', 0)} {told.get('rank', 0)}"


class Race:
    """A running hunt, its players and the oracle beside it."""

    def __init__(self, toml: str, players: int, worth: Worth, seed: int, at_start: int = 0) -> None:
        self.players = [f"p{n}" for n in range(players)]
        self.table = Scripted(toml)
        self.table.running(*self.players[: at_start or players])
        self.oracle = Oracle(worth, self.players[: at_start or players])
        self.rng = random.Random(seed)
        self.paid: dict[str, int] = {}

    def come(self, player: str) -> None:
        """Let a player in who was not there at the start."""
        if player in self.oracle.score:
            return
        self.table.tick(self.rng.randint(1, 60))
        assert not isinstance(self.table.join(player), Rejected)
        self.oracle.score[player], self.oracle.since[player] = 0, self.table.now_ms

    def solve(self, player: str, clue: int, command: Any, *, by_host: bool = False) -> None:
        """Let some time pass, solve, and compare what it brought."""
        self.table.tick(self.rng.randint(1, 20))
        answer = self.table.host(command) if by_host else self.table.send(command, f"p:{player}")
        assert not isinstance(answer, Rejected), (player, clue, answer)
        assert answer.verdict == "correct", (player, clue, answer)
        assert answer.points == self.oracle.solved(player, clue, self.table.now_ms)

    def pay(self, player: str, command: TakeHint, price: int) -> None:
        """Take a hint."""
        answer = self.table.send(command, f"p:{player}")
        assert not isinstance(answer, Rejected), answer
        self.oracle.score[player] -= price
        self.paid[player] = self.paid.get(player, 0) + 1

    def team(self, player: str) -> Any:
        """Return a player's team."""
        return self.table.state.members[f"p:{player}"]

    def end(self, afterwards: Callable[[], Any] = lambda: None) -> Race:
        """End the hunt, do what is left to do, and compare the standings, and those of the log folded again."""
        assert not isinstance(self.table.host(End()), Rejected)
        afterwards()
        self.table.tick(60)
        rows = self.table.ask(BoardQuery(top=500), OWNER, "host").rows
        assert [(row.name, row.score) for row in rows] == self.oracle.standings()[:500]
        assert digest(self.table.replay()) == digest(self.table.state)
        return self

    def interleaved(self, ways: dict[str, list[int]]) -> list[tuple[str, int]]:
        """Return every player's steps, each in its own order, the players mixed."""
        turns = [player for player, way in ways.items() for _ in way]
        self.rng.shuffle(turns)
        left = {player: iter(way) for player, way in ways.items()}
        return [(player, next(left[player])) for player in turns]


def clue(id: str, keys: str, title: str = "A clue") -> str:
    return f'[[clues]]\nid = "{id}"\ntitle = "{title}"\n{keys}\n'


def trail(seed: int) -> Race:
    spots = [(48.85 + n / 100, 2.35) for n in range(5)]
    toml = 'title = "Five bridges"\n' + "".join(
        clue(
            f"s{n}",
            f'kind = "location"\nlocation = {{ lat = {lat}, lon = {lon}, radius_m = 40 }}\nfirst_bonus = [5, 3, 1]\n'
            + (f'unlock = "s{n - 1}"\n' if n else "")
            + ("final = true" if n == 4 else ""),
        )
        for n, (lat, lon) in enumerate(spots)
    )
    race = Race(toml, 8, lambda _, rank: 10 + (5, 3, 1, *[0] * 10)[rank - 1], seed)
    ways = {player: list(range(5 if n else 3)) for n, player in enumerate(race.players)}  # the first one gives up
    for player, n in race.interleaved(ways):
        if n < 4:
            ahead = race.table.send(CheckIn(*spots[n + 1], clue=f"s{n + 1}"), f"p:{player}")
            assert code(ahead) == "locked"
        race.solve(player, n, CheckIn(*spots[n]))
    finished = {row.name for row in race.table.ask(BoardQuery(), OWNER, "host").rows if row.finished}
    assert finished == {player.title() for player in race.players[1:]}
    return race.end()


def weekend(seed: int) -> Race:
    toml = 'title = "The long weekend"\n'
    numbers: dict[str, int] = {}
    for r in range(5):
        opens = f'unlock = "round r{r - 1} or after {2 * r}:00"' if r else ""
        toml += f'[[rounds]]\nid = "r{r}"\ntitle = "Round {r}"\n{opens}\n'
    for r in range(5):
        fed = [f"r{r}p{n}" for n in range(5)]
        toml += "".join(clue(id, f'answers = ["{id} it is"]\nround = "r{r}"') for id in fed)
        keys = f'round = "r{r}"\nmeta_of = ["r{r}"]\nmeta_needs = 4'
        toml += clue(f"m{r}", f'answers = ["meta {r}"]\npoints = 50\n{keys}')
        numbers |= {id: len(numbers) + n for n, id in enumerate([*fed, f"m{r}"])}
    metas = ", ".join(f'"m{r}"' for r in range(5))
    toml += clue("meta", f'answers = ["the end"]\npoints = 200\nfinal = true\nmeta_of = [{metas}]')
    numbers["meta"] = len(numbers)
    assert len(numbers) == 31
    worth = {n: 200 if id == "meta" else 50 if id[0] == "m" else 10 for id, n in numbers.items()}
    race = Race(toml, 6, lambda n, _: worth[n], seed)
    ids = {n: id for id, n in numbers.items()}
    ways: dict[str, list[int]] = {}
    for player in race.players:  # four puzzles of a round, its meta, perhaps the fifth; the rounds in turn
        way: list[int] = []
        for r in range(race.rng.randint(1, 5)):
            puzzles = [numbers[f"r{r}p{n}"] for n in race.rng.sample(range(5), 5)]
            way += [*puzzles[:4], numbers[f"m{r}"], *puzzles[4 : race.rng.choice((4, 5))]]
        ways[player] = way + ([numbers["meta"]] if len([n for n in way if worth[n] == 50]) == 5 else [])
    for player, n in race.interleaved(ways):
        id = ids[n]
        text = "the end" if id == "meta" else f"meta {id[1]}" if id[0] == "m" else f"{id} it is"
        race.solve(player, n, Guess(id, text))
    race.table.tick(9 * 3600)  # what is released by time is open to everybody, however far they are
    late = race.table.state.plan.clue_index["r4p0"]
    assert all(race.team(player).unlocked >> late & 1 for player in race.players)
    return race.end()


def jeopardy(seed: int, players: int) -> Race:
    tasks = 60
    toml = 'title = "Sixty flags"\n' + "".join(
        clue(
            f"t{n}",
            f'answers = ["flag{{{n}-x}}"]\npoints = 500\npoints_min = 100\ndecay_solves = 400\ndecay_shape = "log"',
        )
        for n in range(tasks)
    )

    def worth(_: int, rank: int) -> int:
        return 100 if rank > 400 else 500 - int(400 * log1p(rank - 1) / log1p(400))

    race = Race(toml, players, worth, seed)
    ways = {p: race.rng.sample(range(tasks), min(tasks, 1 + int(race.rng.expovariate(1 / 8)))) for p in race.players}
    for player, n in race.interleaved(ways):
        if race.rng.random() < 0.1:
            assert race.table.send(Guess(f"t{n}", "flag{wrong}"), f"p:{player}").verdict == "incorrect"
        race.solve(player, n, Guess(f"t{n}", f"flag{{{n}-x}}"))
    assert race.table.state.solves == [race.oracle.solves.get(n, 0) for n in range(tasks)]
    return race.end()


class Desk:
    """The hosts' queue of a race: photos that wait, judged in another order than they came, some of them twice."""

    def __init__(self, race: Race) -> None:
        self.race = race
        self.waiting: list[tuple[str, int, str, int]] = []  # player, clue, the photo's id, when it was handed in
        self.pictures = 0

    def hand_in(self, player: str, clue: int, at: str) -> None:
        """Let a player hand in a photo; one of three is none, is rejected at once, and comes again."""
        race, table = self.race, self.race.table
        while True:
            table.tick(race.rng.randint(1, 20))
            self.pictures += 1
            answer = table.send(hand_in(at, f"picture {self.pictures}"), f"p:{player}")
            assert not isinstance(answer, Rejected), (player, at, answer)
            if race.rng.random() < 0.66:
                self.waiting.append((player, clue, answer["photo"], table.now_ms))
                return
            assert code(table.send(RejectPhoto(answer["photo"], "me"), f"p:{player}")) == "not_allowed"
            assert code(table.host(RejectPhoto(answer["photo"], "Where are you?"))) == ""

    def judge(self, which: int) -> None:
        """Accept a photo that waits: it counts as of when it was handed in, its rank as of now."""
        race, (player, clue, photo, at_ms) = self.race, self.waiting.pop(which)
        race.table.tick(race.rng.randint(1, 20))
        answer = race.table.host(AcceptPhoto(photo))
        assert not isinstance(answer, Rejected), (player, clue, answer)
        since = race.oracle.since[player]
        assert answer["points"] == race.oracle.solved(player, clue, max(at_ms, since)), (player, clue)

    def judge_all(self) -> None:
        """Accept all that waits, oldest first."""
        while self.waiting:
            self.judge(0)

    def judge_of(self, player: str) -> None:
        """Accept all that waits of a player."""
        while mine := [n for n, (who, *_) in enumerate(self.waiting) if who == player]:
            self.judge(self.race.rng.choice(mine))


def company(seed: int) -> Race:
    """A scavenger hunt: photos that hosts accept, one of them part of a clue of two parts, one clue before the boss."""
    keys = 'kind = "photo"\npoints = 20\nfirst_bonus = [6, 3]\nattempts = { free = 100 }'
    toml = 'title = "The summer party"\n' + "".join(clue(f"k{n}", keys) for n in range(4))
    parts = 'parts = [{ id = "all", kind = "photo" }, { id = "motto", answers = ["onwards"] }]'
    toml += clue("k4", f'kind = "compound"\npoints = 20\nfirst_bonus = [6, 3]\nattempts = {{ free = 100 }}\n{parts}')
    toml += clue("k5", 'kind = "manual"\npoints = 20\nfirst_bonus = [6, 3]')
    toml += clue("last", 'kind = "survey"\npoints = 5\nunlock = "4 of (k0, k1, k2, k3, k4, k5)"')
    race = Race(toml, 7, lambda n, rank: 5 if n == 6 else 20 + (6, 3, *[0] * 9)[rank - 1], seed)
    desk, table = Desk(race), race.table
    ways = {p: race.rng.sample(range(6), race.rng.randint(2, 6)) for p in race.players}
    ways = {p: [*way[:4], 6, *way[4:]] if len(way) >= 4 else way for p, way in ways.items()}
    for player, n in race.interleaved(ways):
        while desk.waiting and race.rng.random() < 0.4:
            desk.judge(race.rng.randrange(len(desk.waiting)))
        if n == 6:
            desk.judge_of(player)
            race.solve(player, n, Guess("last", f"{player} liked it"))
        elif n == 5:
            award = AwardSolve(race.team(player).id, "k5")
            assert code(table.send(award, f"p:{player}")) == "not_allowed"
            race.solve(player, n, award, by_host=True)
        elif n == 4:
            assert table.send(Guess("k4", "Onwards!", "motto"), f"p:{player}").verdict == "correct"
            desk.hand_in(player, n, "k4.all")
        else:
            desk.hand_in(player, n, f"k{n}")
    return race.end(desk.judge_all)


def museum(seed: int) -> Race:
    """Visitors of a museum, three at each of two tablets: who has gone round signs out, and the next one comes in."""
    toml = 'title = "Twelve rooms"\n' + "".join(
        clue(
            f"room{n}",
            f'kind = "code"\ncodes = ["ROOM-{n:04d}"]\nhints = [{{ id = "h", text = "Look up.", price = 3 }}]',
        )
        for n in range(12)
    )
    race = Race(toml, 6, lambda *_: 10, seed, at_start=2)
    ways = {p: race.rng.sample(range(12), race.rng.randint(1, 12)) for p in race.players}
    tablets = {t: [(p, n) for p in race.players[t::2] for n in ways[p]] for t in (0, 1)}
    turns = race.interleaved({str(t): list(range(len(steps))) for t, steps in tablets.items()})
    for tablet, step in turns:
        player, n = tablets[int(tablet)][step]
        race.come(player)
        if race.oracle.score[player] >= 3 and race.rng.random() < 0.4:
            race.pay(player, TakeHint(f"room{n}", "h"), 3)
        elif race.oracle.score[player] < 3:
            assert code(race.table.send(TakeHint(f"room{n}", "h"), f"p:{player}")) == "too_expensive"
        link = f"https://hunts.example/?hunt=rooms&code=room-{n:04d}"
        race.solve(player, n, Scan(race.rng.choice((f"ROOM-{n:04d}", f"room {n:04d}", f"ＲＯＯＭ{n:04d}", link))))
        page = race.table.ask(PageQuery(), f"p:{player}")
        taken = [hint.text for one in page.clues for hint in one.hints if hint.text]
        assert len(taken) == race.paid.get(player, 0), "what the visitor before has taken is not the next one's"
    return race.end()


def drop_in(seed: int) -> Race:
    """A trail that is open for days: every team begins when it likes, and points sink with its own time."""
    least, most, over_s = 20, 100, 900
    toml = 'title = "The old town"\nschedule = { start = "own", limit_s = 7200 }\n' + "".join(
        clue(
            f"d{n}",
            f'answers = ["stop {n}"]\npoints = {most}\npoints_min = {least}\ndecay_s = {over_s}\n'
            + (f'unlock = "d{n - 1}"' if n else ""),
        )
        for n in range(5)
    )
    race = Race(toml, 12, lambda *_: 0, seed)
    table, began, opened = race.table, dict[str, int](), dict[str, int]()

    def worth(player: str) -> int:
        open_ms = min(table.now_ms - opened[player], over_s * 1000)
        return most - (most - least) * open_ms // (over_s * 1000)

    fastest: dict[int, int] = {}
    told: list[tuple[int, str]] = []
    ways = {p: list(range(-1, race.rng.choice((2, 4, 5)))) for p in race.players}
    for player, n in race.interleaved(ways):
        table.tick(race.rng.randint(5, 200))
        if n < 0:
            assert code(table.send(Guess("d0", "stop 0"), f"p:{player}")) == "not_running"
            assert code(table.send(Begin(), f"p:{player}")) == ""
            began[player] = opened[player] = table.now_ms
            continue
        used = table.now_ms - began[player]
        points = worth(player)
        answer = table.send(Guess(f"d{n}", f"stop {n}"), f"p:{player}")
        if used >= 7_200_000:
            assert code(answer) == "too_late"
            continue
        assert answer.points == points, (player, n, answer)
        race.oracle.score[player] += points
        race.oracle.since[player] = used  # of equal scores, who needed less time of its own
        opened[player] = table.now_ms
        if n not in fastest or used < fastest[n]:
            fastest[n] = used
            told.append((n + 1, player.title()))
    found = [(e.clue_number, e.name) for p in table.pushes("hunt") for e in p.events if e.type == "first_finder"]
    assert found == told
    return race.end()


STRUCTURES: Final[dict[str, Callable[[int], Race]]] = {
    "a linear trail of five places": trail,
    "a weekend of thirty puzzles with rounds, metas and a meta-meta": weekend,
    "a jeopardy of sixty tasks": lambda seed: jeopardy(seed, 40),
    "a company's scavenger hunt with photos": company,
    "a museum with codes and hints on shared tablets": museum,
    "a drop-in trail with own starts": drop_in,
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", STRUCTURES)
def test_a_structure_is_played_to_its_right_standings(name: str, seed: int) -> None:
    STRUCTURES[name](seed)


def test_a_jeopardy_with_three_thousand_teams() -> None:
    jeopardy(1, 3000)
