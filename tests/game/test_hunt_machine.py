"""Random hunts: whatever is sent, in whatever order, the promises hold."""

from __future__ import annotations

import typing
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from actors.entity import Rejected
from huntserver.game.command import Command
from huntserver.game.definition.shape import source
from huntserver.game.features.admitting import Admit
from huntserver.game.features.amending import Accept, AwardSolve, Existing
from huntserver.game.features.announcing import Announce
from huntserver.game.features.asking import Ask, AskMore, Withdraw
from huntserver.game.features.authoring import Define
from huntserver.game.features.captaincy import HandOver
from huntserver.game.features.enrolling import Enroll, SetBracket, Unenroll
from huntserver.game.features.errata import Erratum, Unerratum
from huntserver.game.features.extra_time import ExtraTime, IntervalRemoved
from huntserver.game.features.guessing import Guess, Guessed, cool_down_ms
from huntserver.game.features.hints import HintTaken, TakeHint
from huntserver.game.features.joining import Join
from huntserver.game.features.leaderboard import BoardQuery
from huntserver.game.features.merging import Merged
from huntserver.game.features.moving import PlayerMoved
from huntserver.game.features.naming import Rename
from huntserver.game.features.overview import OverviewQuery
from huntserver.game.features.page import PageQuery
from huntserver.game.features.pairing import Pair, UsePairing
from huntserver.game.features.reopening import Reopen
from huntserver.game.features.rescheduling import Reschedule, Unstarted
from huntserver.game.features.roles import Grant, Revoke, TakeRole
from huntserver.game.features.scanning import Scan
from huntserver.game.features.schedule import End, Extend, Pause, Start, Unpause
from huntserver.game.features.solving import Solved
from huntserver.game.features.standing import Adjust, Disqualify
from huntserver.game.features.treasures import Claim, Claimed
from huntserver.game.features.unsolving import SolveUndone, Unsolve
from huntserver.game.hunt import HuntEvent
from huntserver.game.invariants import GameInvariants
from huntserver.game.state import Phase
from lab.rigs.game import HUNT, OWNER, Table, definition
from tests.game import moves
from tests.game.moves import CLUES, CURTAIN, DESK, HOSTS_OF_TEAMS, PLAYERS, SECRETS, TEAM_COMMANDS, TEAMS, TEXTS, TOML


class HuntMachine(RuleBasedStateMachine):
    """Sends anything at any time; `invariant`s are looked at after every step."""

    @initialize(players=st.integers(0, 4), started=st.sampled_from([True, True, True, False]))
    def begin(self, players: int, started: bool) -> None:
        self.table = Table(TOML).published()
        self.refused: list[Rejected] = []
        self.judge, self.judged = GameInvariants(), 0
        self.happened = moves.Happened(self.table)
        self.shown = self.said = 0
        for i in range(players):
            self.send(Join(), f"p:q{i}")
        if started:
            self.send(Start(), OWNER, "host")

    def send(self, command: Any, by: int | str, role: str = "player") -> None:
        members = list(self.table.state.members)
        if isinstance(by, int):
            by = members[by % len(members)] if members and by < 8 and not isinstance(command, Join) else f"p:q{by}"
        answer = self.table.send(command, by, role)
        if isinstance(answer, Rejected):
            self.refused.append(answer)

    @rule(player=PLAYERS, name=st.sampled_from(["Owls", "Bats", None]), bracket=st.sampled_from(["old", "x", None]))
    def joins(self, player: int, name: str | None, bracket: str | None) -> None:
        self.send(Join(team=name, bracket=bracket), player)

    @rule(player=PLAYERS, team=st.integers(0, 3))
    def joins_by_invite(self, player: int, team: int) -> None:
        invites = [*self.table.state.invites, "WRONG1"]
        self.send(Join(invite=invites[team % len(invites)]), player)

    @rule(player=PLAYERS, clue=CLUES, text=TEXTS)
    def guesses(self, player: int, clue: str, text: str) -> None:
        self.send(Guess(clue, text), player)

    @rule(player=PLAYERS)
    def solves_the_first(self, player: int) -> None:
        self.send(Guess("c1", "secretalpha"), player)

    @rule(player=PLAYERS, word=st.integers(0, 99))
    def guesses_wrong(self, player: int, word: int) -> None:
        self.send(Guess("c1", f"wrong {word}"), player)

    @rule(player=PLAYERS, move=moves.PARTS)
    def tries_a_part(self, player: int, move: tuple[str, str]) -> None:
        part, text = move
        self.send(Guess("c4", text, part), player)

    @rule(player=PLAYERS)
    def claims_the_coin(self, player: int) -> None:
        self.send(Claim("coin"), player)

    @rule(player=PLAYERS, code=st.sampled_from(["secretbeta", "secretzeta", "nope", "nope 2"]))
    def scans(self, player: int, code: str) -> None:
        self.send(Scan(code), player)

    @rule(player=PLAYERS)
    def takes_the_hint(self, player: int) -> None:
        self.send(TakeHint("c2", "h"), player)

    @rule(player=PLAYERS, treasure=st.sampled_from(["coin", "crown", "none"]))
    def claims(self, player: int, treasure: str) -> None:
        self.send(Claim(treasure), player)

    @rule(command=st.sampled_from([Start(), Unpause(), Unpause(), Pause(), Extend(900), Announce("hi")]))
    def hosts(self, command: Command) -> None:
        self.send(command, OWNER, "host")

    @rule(roll=st.integers(0, 9))
    def ends(self, roll: int) -> None:
        if roll == 0:
            self.send(End(), OWNER, "host")

    @rule(team=TEAMS, points=st.integers(-5, 5))
    def adjusts(self, team: str, points: int) -> None:
        self.send(Adjust(team, points, "because"), OWNER, "host")

    @rule(team=TEAMS, roll=st.integers(0, 5))
    def disqualifies(self, team: str, roll: int) -> None:
        self.send(Disqualify(team, "because", back=roll > 0), OWNER, "host")

    @rule(team=TEAMS, name=st.sampled_from(["Owls", "Bats", "Newts"]))
    def renames(self, team: str, name: str) -> None:
        self.send(Rename(team, name), OWNER, "host")

    @rule(player=PLAYERS, command=st.sampled_from(TEAM_COMMANDS))
    def changes_teams(self, player: int, command: Command) -> None:
        self.send(command, player)

    @rule(command=st.sampled_from(HOSTS_OF_TEAMS))
    def sorts_teams(self, command: Command) -> None:
        self.send(command, OWNER, "host")

    @rule(refuse=st.booleans())
    def who_asks_is_answered(self, refuse: bool) -> None:
        team_of = next((t for t in self.table.state.teams.values() if t.members and t.more and t.more.approval), None)
        if team_of is not None:
            self.send(Join(invite=team_of.invite), 9)
        for player, (team, _) in list(self.table.state.more.asking.items()):
            self.send(Admit(player, team, refuse=refuse), OWNER, "host")

    @rule(role=st.sampled_from(["host", "reviewer", "spectator"]), who=st.integers(0, 2))
    def others_run_it_too(self, role: str, who: int) -> None:
        offered = self.table.send(Grant(role), OWNER, "host")
        if not isinstance(offered, Rejected):
            self.send(TakeRole(offered["code"]), f"h:{who}", "host")
        self.send(Pause(), f"h:{who}", "host")
        self.send(Revoke(f"h:{who - 1}"), OWNER, "host")

    @rule(team=TEAMS, bracket=st.sampled_from(["young", "old"]))
    def is_enrolled(self, team: str, bracket: str) -> None:
        self.send(Enroll(f"School {len(self.table.state.teams)}", bracket), OWNER, "host")
        self.send(SetBracket(team, bracket), OWNER, "host")
        self.send(Unenroll(f"t{len(self.table.state.teams) - 1}"), OWNER, "host")

    @rule(player=PLAYERS)
    def pairs_a_device(self, player: int) -> None:
        member = next(iter(self.table.state.members), "")
        offered = self.table.send(Pair(member), OWNER, "host")
        if not isinstance(offered, Rejected):
            assert self.table.send(UsePairing(offered["code"]), "system", "system")["player"] == member
        self.send(Pair(), player)

    @rule(team=TEAMS)
    def the_youngest_member_leads(self, team: str) -> None:
        known = self.table.state.teams.get(team)
        if known is not None and known.members:
            self.send(HandOver(known.members[-1], team), OWNER, "host")

    @rule(command=st.sampled_from([Reopen(600), *moves.SECOND_THOUGHTS]))
    def has_second_thoughts(self, command: Command) -> None:
        self.send(command, OWNER, "host")

    @rule(word=st.integers(0, 99))
    def accepts(self, word: int) -> None:
        self.send(Accept("c1", f"wrong {word}"), OWNER, "host")

    @rule(points=st.integers(5, 12), existing=st.sampled_from(["keep", "rejudge", "compensate"]), front=st.booleans())
    def amends(self, points: int, existing: Existing, front: bool) -> None:
        toml = TOML.replace("points = 10", f"points = {points}")
        if front or len(self.table.state.plan.clues) > 4:
            toml = toml.replace(
                "[[clues]]", '[[clues]]\nid = "c0"\ntitle = "T"\nanswers = ["secretdelta"]\n[[clues]]', 1
            )
        self.send(Define(source(definition(toml)), existing), OWNER, "host")

    @rule(team=TEAMS, clue=CLUES)
    def awards(self, team: str, clue: str) -> None:
        self.send(AwardSolve(team, clue), OWNER, "host")

    @rule(team=TEAMS, clue=CLUES, part=st.sampled_from(["", "", "word", "pick", "tag"]))
    def takes_a_solve_back(self, team: str, clue: str, part: str) -> None:
        self.send(Unsolve(team, "c4" if part else clue, part), OWNER, "host")

    @rule(team=TEAMS, part=st.sampled_from(["word", "pick", "tag", "none"]), word=st.integers(0, 9))
    def awards_a_part(self, team: str, part: str, word: int) -> None:
        self.send(AwardSolve(team, "c4", part) if word < 4 else Accept("c4", f"secret eps {word}", part), OWNER, "host")

    @rule(clue=CLUES)
    def corrects(self, clue: str) -> None:
        self.send(Erratum(clue, "It is its right side."), OWNER, "host")
        if len(self.table.state.more.errata.get(clue, ())) > 1:
            self.send(Unerratum(clue), OWNER, "host")

    @rule(team=TEAMS, seconds=st.sampled_from([600, 60, -60]))
    def gives_extra_time(self, team: str, seconds: int) -> None:
        self.send(ExtraTime(team, seconds), OWNER, "host")

    @rule(ahead_s=st.sampled_from([None, 100, 5000]), ends=st.booleans())
    def reschedules(self, ahead_s: int | None, ends: bool) -> None:
        def written(seconds: int) -> str:
            return datetime.fromtimestamp(self.table.now_ms / 1000 + seconds, UTC).isoformat()

        starts_at = "" if ahead_s is None else written(ahead_s)
        self.send(Reschedule(starts_at=starts_at, ends_at=written(9000) if ends else None), OWNER, "host")

    @rule(command=st.sampled_from(CURTAIN))
    def draws_the_curtain(self, command: Command) -> None:
        self.send(command, OWNER, "host")

    @rule(player=PLAYERS, number=st.integers(1, 9))
    def asks_the_hosts(self, player: int, number: int) -> None:
        self.send(Ask(("c2", "c3", "c1")[number % 3], "Is it a word?"), player)
        self.send(AskMore(f"q{self.youngest_question()}", "Which?"), player)
        if number > 7:
            self.send(Withdraw(f"q{self.youngest_question()}"), player)

    def youngest_question(self) -> int:
        desk = self.table.state.rest.desk
        return desk.asked if desk is not None else 1

    @rule(command=st.sampled_from(DESK), back=st.integers(0, 1))
    def hosts_answer(self, command: Any, back: int) -> None:
        number = max(1, self.youngest_question() - back)
        self.send(msgspec.structs.replace(command, question=f"q{number}"), OWNER, "host")

    @rule(seconds=st.sampled_from([0.5, 5, 31, 300, 1300]))
    def waits(self, seconds: float) -> None:
        self.table.tick(seconds)

    @rule()
    def is_stored_and_comes_back(self) -> None:
        parts = list(HUNT.encode(self.table.state))
        self.table.state = HUNT.decode("h1", parts)
        assert list(HUNT.encode(self.table.state)) == parts

    def events(self, *kinds: type) -> list[Any]:
        return [event for _, event in self.happened.numbered(*kinds)]

    @invariant()
    def no_treasure_is_oversold_and_ranks_count_up(self) -> None:
        for treasure in self.table.state.plan.treasures:
            claims = [x for x in self.events(Claimed) if x.treasure == treasure.id]
            counting = [x.rank for x in claims if x.rank]
            assert counting == list(range(1, len(counting) + 1))
            assert len(counting) <= treasure.quantity
            assert len({x.team for x in claims}) == len(claims)

    @invariant()
    def a_clue_has_one_first_finder_and_a_team_solves_it_once(self) -> None:
        assert moves.ranks_hold(self.events(Solved, SolveUndone))

    @invariant()
    def a_part_is_done_once_and_enough_of_them_solve_the_clue(self) -> None:
        assert moves.parts_hold(self.table.state)

    @invariant()
    def a_score_is_the_sum_of_its_parts(self) -> None:
        gone = {x.other for x in self.events(Merged)}
        parts = moves.scores(self.happened, list(self.table.state.teams))
        for team in self.table.state.teams.values():
            assert team.score == (0 if team.id in gone else parts[team.id])

    @invariant()
    def the_board_is_in_order_and_complete(self) -> None:
        state = self.table.state
        standing = sorted((t for t in state.teams.values() if t.stands), key=lambda t: (-t.score, t.score_at, t.index))
        assert list(state.standings.top(100)) == standing
        for bracket in ("young", "old"):
            assert list(state.standings.top(100, bracket)) == [t for t in standing if t.bracket == bracket]

    @invariant()
    def what_is_frozen_is_seen_as_it_was(self) -> None:
        curtain = self.table.state.rest.curtain
        if curtain is None or curtain.hidden >= 0:
            return
        board = self.table.ask(BoardQuery(), "system", "system")
        kept = {row.team: (row.score, row.solved, row.at_ms) for row in curtain.rows}
        assert all(kept[row.team] == (row.score, row.solved, row.at_ms) for row in board.rows)
        assert [row.place for row in board.rows] == list(range(1, len(board.rows) + 1))

    @invariant()
    def the_judge_of_logs_finds_nothing(self) -> None:
        new, self.judged = self.table.log[self.judged :], len(self.table.log)
        assert [e for r in new for e in self.judge.record("hunt/h1", r.seq, "", r.events, r.at_ms)] == []

    @invariant()
    def what_is_solved_was_open_and_what_is_open_follows_from_the_rules(self) -> None:
        state = self.table.state
        if state.phase is Phase.PUBLISHED or not state.started_ms:
            assert all(not t.unlocked for t in state.teams.values())
            return
        for team in state.teams.values():
            if team.is_dissolved:
                continue
            assert team.solved & ~team.unlocked == 0
            wanted = sum(1 << i for i, o in enumerate(state.plan.opens) if o(team.solved, state.released_s))
            if self.events(SolveUndone):  # what a solve opened that was taken back stays open
                assert not wanted & ~team.unlocked or state.phase is Phase.ENDED
                continue
            assert not team.unlocked & ~wanted if state.phase is Phase.ENDED else team.unlocked == wanted
        if state.phase is Phase.RUNNING and not self.events(IntervalRemoved):  # what was open then stays open
            passed = max((s for s in state.plan.after_s if s * 1000 <= state.play_ms(self.table.now_ms)), default=0)
            assert state.released_s <= passed

    @invariant()
    def every_player_is_in_one_team_and_no_team_is_too_large(self) -> None:
        state = self.table.state
        members = [by for team in state.teams.values() for by in team.members]
        assert sorted(members) == sorted(state.members)
        assert len(members) == len(set(members)) <= 5
        beyond = self.events(PlayerMoved, Merged)
        assert all(len(t.members) <= 2 for t in state.teams.values()) or beyond
        assert all(not t.members for t in state.teams.values() if t.is_dissolved)
        assert sum(t.stands for t in state.teams.values()) == state.standings.size()

    @invariant()
    def a_team_is_found_by_its_name_and_no_two_share_one(self) -> None:
        state = self.table.state
        assert state.names == {t.name.casefold(): t for t in state.teams.values() if not t.is_dissolved}

    @invariant()
    def no_wrong_guess_was_taken_during_a_cool_down(self) -> None:
        rule_ = next(c for c in self.table.state.plan.clues if c.id == "c1").attempts
        wrong: Counter[str] = Counter()
        for guess in self.events(Guessed, Unstarted, Merged):
            if isinstance(guess, Unstarted):
                wrong.clear()
            elif isinstance(guess, Merged):
                wrong[guess.team] = max(wrong[guess.team], wrong.pop(guess.other, 0))
            elif guess.clue == "c1" and guess.verdict == "incorrect":
                wrong[guess.team] += 1
                assert guess.wait_ms == cool_down_ms(rule_, wrong[guess.team])

    @invariant()
    def nothing_secret_is_shown_or_refused(self) -> None:
        new = [push.events for _, push in self.table.shown[self.shown :]], self.refused[self.said :]
        self.shown, self.said = len(self.table.shown), len(self.refused)  # what was looked at stays as it was
        pages = [self.table.ask(q, by) for q in (PageQuery(), BoardQuery()) for by in ("p:q0", "p:q1", "p:q9")]
        pages.append(self.table.ask(OverviewQuery(), OWNER, "host"))
        text = msgspec.json.encode((new, pages)).decode().lower()
        # A team is shown what it wrote itself where it was wrong: none of these is right for the clue it was tried at.
        own = {x.personal.text.lower() for x in self.events(Guessed)}
        for secret in SECRETS:
            if secret not in own:
                assert secret not in text
        if not self.events(HintTaken):
            assert "secrethint" not in text
        if not any(x.clue == "c3" for x in self.events(Solved)):
            assert "secretending" not in text

    def teardown(self) -> None:
        table = self.table
        assert list(HUNT.encode(table.replay())) == list(HUNT.encode(table.state)), "the fold is not the state"
        for event in self.events(*typing.get_args(HuntEvent)):
            told = msgspec.to_builtins(event)
            told.pop("personal", None)
            told.pop("definition", None)
            text = msgspec.json.encode(told).decode().lower()
            assert not any(s in text for s in SECRETS), "an answer outside of what is personal"


HuntMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=50, deadline=None)
TestHuntMachine = HuntMachine.TestCase
