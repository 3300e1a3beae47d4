"""Clues made of parts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntserver.game.definition.explained import explain
from huntserver.game.definition.oddities import oddities
from huntserver.game.definition.shape import source
from huntserver.game.definition.solvability import check_definition
from huntserver.game.features.amending import Accept, AwardSolve, Existing
from huntserver.game.features.authoring import Define
from huntserver.game.features.beginning import Begin, Unbegin
from huntserver.game.features.big_board import BigBoardQuery, WouldAcceptQuery
from huntserver.game.features.checking_in import CheckIn
from huntserver.game.features.clearing import ClearCoolDown
from huntserver.game.features.extra_time import RemoveInterval
from huntserver.game.features.guessing import Guess
from huntserver.game.features.merging import Merge
from huntserver.game.features.page import Page, PageQuery
from huntserver.game.features.queueing import QueueQuery
from huntserver.game.features.rescheduling import Unstart
from huntserver.game.features.reviewing import AcceptPhoto, RejectPhoto
from huntserver.game.features.scanning import Scan
from huntserver.game.features.schedule import Start
from huntserver.game.features.solving import Solved
from huntserver.game.state import Team, parts_done
from huntserver.playthrough import play_through
from lab.rigs.game import HUNT, OWNER, Table, code, definition, digest, hand_in

TOUR = """
title = "Tour"
[[clues]]
id = "tour"
title = "The tour"
kind = "compound"
parts_needed = 2
points = 20
attempts = { free = 0, cool_down_s = 60 }
[[clues.parts]]
id = "word"
text = "![The gate](gate.png) Which word?"
answers = ["alpha"]
partial = [{ text = "alp", reply = "go on" }]
[[clues.parts]]
id = "tree"
kind = "code"
codes = ["TREE-4711"]
[[clues.parts]]
id = "tower"
kind = "location"
location = { lat = 48.85837, lon = 2.294481, radius_m = 100 }
[[clues]]
id = "next"
title = "Next"
answers = ["beta"]
unlock = "tour"
"""
TEAMS = TOUR.replace("[[clues]]", '[teams]\nmode = "teams"\n[[clues]]', 1)
TOWER = CheckIn(48.85837, 2.294481)


def part(table: Table, id: str, text: str, player: str = "ann") -> Any:
    return table.send(Guess("tour", text, id), f"p:{player}")


def done(table: Table, team: str = "t1") -> list[str]:
    return list(parts_done(table.state.teams[team], "tour"))


def amended(table: Table, old: str, new: str, existing: Existing = "rejudge") -> Any:
    table.toml = table.toml.replace(old, new)
    answer = table.host(Define(source(definition(table.toml)), existing))
    table.tick(5)
    return answer


def test_parts_are_judged_by_their_kind_and_enough_of_them_solve_the_clue_for_the_whole_team() -> None:
    table = Table(TEAMS).published()
    invite = table.join("ann", team="Owls").invite
    table.join("bob", invite=invite)
    table.host(Start())
    assert table.send(Scan("tree 4711"), "p:bob").done == 1
    view = table.ask(PageQuery()).clues[0]
    assert msgspec.to_builtins(view.parts) == [{"id": "tree", "done": True}]
    assert not view.solved
    told = [e for push in table.pushes("team:t1") for e in push.events if e.type == "part_solved"]
    assert [(e.clue, e.part, e.done, e.needed, e.by) for e in told] == [("tour", "tree", 1, 2, "p:bob")]
    answer = table.send(TOWER)
    assert (answer.verdict, answer.points, answer.done, answer.needed) == ("correct", 20, 2, 2)
    assert [c.id for c in table.ask(PageQuery()).clues] == ["tour", "next"]
    assert code(part(table, "word", "alpha")) == "already_solved"


def test_a_team_sees_the_parts_and_never_what_solves_them() -> None:
    table = Table(TOUR).running("ann")
    page = table.ask(PageQuery())
    assert isinstance(page, Page)
    asks = msgspec.to_builtins(page.clues[0].asks)
    assert (asks["kind"], asks["needed"]) == ("compound", 2)
    assert [p["id"] for p in asks["parts"]] == ["word", "tree", "tower"]
    assert "/media/key-of-gate-png/" in asks["parts"][0]["text"]
    seen = msgspec.json.encode(page).decode() + table.json_of_shown()
    assert not [secret for secret in ("alpha", "4711", "48.85") if secret in seen]


def test_what_trying_costs_at_a_part_is_its_own() -> None:
    table = Table(TOUR).running("ann")
    assert part(table, "word", "nope").wait_ms == 60_000
    assert code(part(table, "word", "alpha")) == "cool_down"
    assert part(table, "word", "alp").code == "cool_down"
    assert table.send(Scan("TREE 4711")).done == 1, "another part waits for nothing"
    view = table.ask(PageQuery()).clues[0]
    assert (view.wrong, view.wait_until_ms) == (1, 0)
    assert msgspec.to_builtins(view.parts[0]) == {
        "id": "word",
        "wrong": 1,
        "wait_until_ms": table.now_ms + 60_000,
    }
    table.tick(60)
    assert code(part(table, "word", "nope")) == "duplicate"
    assert part(table, "word", "alp").reply == "go on"
    assert part(table, "word", "Alpha").verdict == "correct"
    assert table.state.attempts == 0
    assert table.state.tried == [0, 0]


def test_a_guess_that_names_no_part_or_the_wrong_kind_of_one_says_so() -> None:
    table = Table(TOUR).running("ann")
    assert table.guess("alpha", clue="tour").msg == "this clue is answered part by part; say which: word, tree, tower"
    assert code(part(table, "tree", "TREE-4711")) == "wrong_kind"
    assert part(table, "wrod", "alpha").msg == "the clue has no such part; its parts are word, tree, tower"
    assert code(table.send(Guess("next", "beta", "x"))) == "locked"
    table.host(AwardSolve("t1", "tour"))
    assert table.send(Guess("next", "beta", "x")).msg == "this clue has no parts"
    assert table.state.wrongs == [0, 0]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("parts_needed = 2", "parts_needed = 4", "clues[0].parts_needed: is 4, the clue has 3 parts"),
        ('id = "tree"', 'id = "word"', "clues[0].parts[1].id: 'word' stands at parts[0] already"),
        ('id = "tree"', 'id = "The tree"', "clues[0].parts[1].id: 'The tree' is no id"),
        ('kind = "code"', 'kind = "choice"', "clues[0].parts[1].options: is missing in a clue of kind 'choice'"),
        ('kind = "code"', 'kind = "compound"', "clues[0].parts[1].kind: is 'compound'"),
        (
            'answers = ["alpha"]',
            'answres = ["alpha"]',
            "clues[0].parts[0].answres: unknown key 'answres'; did you mean",
        ),
        ('"TREE-4711"', '"T"', "clues[0].parts[1].codes[0]: has 1 characters"),
        ('id = "next"', 'id = "next"\nkind = "compound"', "clues[1].parts: is missing in a clue of kind 'compound'"),
        ('answers = ["beta"]', 'kind = "code"\ncodes = ["tree4711"]', "clues[1].codes[0]: this code stands at"),
        ("radius_m = 100", "radius_m = 1", "clues[0].parts[2].location.radius_m: is 1"),
    ],
)
def test_a_fault_in_a_part_is_named_with_its_path(old: str, new: str, fault: str) -> None:
    found = check_definition(TOUR.replace(old, new).encode(), "toml")
    assert isinstance(found, list)
    assert any(str(problem).startswith(fault) for problem in found), list(map(str, found))


def test_check_tells_what_is_odd_in_parts_explains_them_and_plays_them_through() -> None:
    twin = TOUR.replace(
        'answers = ["beta"]', 'kind = "location"\nlocation = { lat = 48.85837, lon = 2.294481 }'
    ).replace('"TREE-4711"', '"T-47"')
    odd = [str(problem) for problem in oddities(definition(twin.replace('"T-47"', '"TR47"')))]
    assert any(line.startswith("clues[0].parts[1].codes[0]: has 4 letters and digits") for line in odd)
    assert any(line.startswith("clues[1].location: is the place of clues[0].parts[2]") for line in odd)
    told = dict(explain(definition(TOUR)))
    assert told["tour"] == "solved by 2 of 3 parts"
    assert "alp" in told["tour.word"]
    seen = play_through(definition(TOUR), teams=3)
    assert [clue.solved for clue in seen.clues] == [3, 3]


def test_what_hosts_see_and_do_at_a_part() -> None:
    table = Table(TOUR).running("ann", "bob")
    part(table, "word", "alfa")
    table.tick(60)
    table.send(Scan("TREE-4711"))
    board = table.ask(BigBoardQuery(), OWNER, "host")
    assert (board.clues[0].needed, board.parts) == (2, {"t1": {"tour": 1}})
    assert [(g.clue, g.part, g.personal.text) for _, g in board.guesses] == [("tour", "word", "alfa")]
    would = table.ask(WouldAcceptQuery("tour", "alfa", "word"), OWNER, "host")
    assert (would.teams, would.points, would.names) == (1, 20, ["Ann"])
    assert code(table.host(Accept("tour", "x", "tree"))) == "wrong_kind"
    assert code(table.host(Accept("tour", "x"))) == "wrong_kind"
    table.host(Accept("tour", "alfa", "word"))
    table.tick(5)
    assert done(table) == ["tree", "word"]
    assert table.state.teams["t1"].score == 20
    assert table.host(AwardSolve("t2", "tour", "tower")).done == 1
    assert code(table.host(AwardSolve("t2", "tour", "tower"))) == "already_solved"
    assert code(table.host(AwardSolve("t2", "tour", "x"))) == "no_such_clue"


def test_a_cool_down_of_a_part_is_cleared_moved_and_forgotten_with_its_clue() -> None:
    table = Table(TOUR).running("ann")
    table.tick(100)
    part(table, "word", "nope")
    table.host(RemoveInterval(50))
    assert table.state.teams["t1"].attempts is not None
    assert part(table, "word", "x").after_ms == 60_000, "what is removed passed before the guess"
    assert not code(table.host(ClearCoolDown("t1", "tour")))
    assert part(table, "word", "x").verdict == "incorrect"
    table.host(ClearCoolDown("t1"))
    assert part(table, "word", "alpha").done == 1
    assert code(table.host(Unstart())) == "wrong_phase", "a team has done something"


def test_an_own_start_is_not_taken_back_once_a_part_is_done() -> None:
    toml = TOUR.replace("[[clues]]", '[schedule]\nstart = "own"\nlimit_s = 600\n[[clues]]', 1)
    table = Table(toml).running("ann")
    table.send(Begin())
    table.send(Scan("TREE-4711"))
    assert code(table.host(Unbegin("t1"))) == "wrong_phase"


def test_merged_teams_have_the_parts_of_both_and_what_they_have_done_together() -> None:
    table = Table(TEAMS).published()
    for player in ("ann", "bob", "cid"):
        table.join(player, team=f"Team {player}")
    table.host(Start())
    table.send(Scan("TREE-4711"), "p:ann")
    table.send(Scan("TREE-4711"), "p:bob")
    assert table.host(Merge("t1", "t2"))["points"] == 0
    assert done(table) == ["tree"]
    table.send(TOWER, "p:cid")
    assert table.host(Merge("t1", "t3"))["points"] == 20
    assert done(table) == ["tree", "tower"]
    solved = [e for record in table.log for e in record.events if isinstance(e, Solved)]
    assert [(e.team, e.clue, e.rank, e.members) for e in solved] == [("t1", "tour", 1, ["p:ann", "p:bob", "p:cid"])]
    assert table.state.teams["t1"].unlocked == 0b11


def test_parts_that_teams_may_have_done_stay_and_keep_their_kind() -> None:
    table = Table(TOUR).running("ann")
    gone = table.toml.replace('[[clues.parts]]\nid = "tree"\nkind = "code"\ncodes = ["TREE-4711"]\n', "")
    refused = table.host(Define(source(definition(gone)), "keep"))
    assert refused.msg.startswith("clues: part 'tree' of 'tour' is gone")
    other = table.toml.replace('kind = "code"\ncodes = ["TREE-4711"]', 'answers = ["x"]')
    refused = table.host(Define(source(definition(other)), "keep"))
    assert refused.msg.startswith("clues: part 'tree' of 'tour' has another kind")


@pytest.mark.parametrize(("existing", "solved"), [("keep", False), ("rejudge", True)])
def test_when_fewer_parts_are_enough_teams_that_have_them_solve_by_rejudging(existing: Existing, solved: bool) -> None:
    table = Table(TOUR).running("ann")
    table.send(Scan("TREE-4711"))
    amended(table, "parts_needed = 2", "parts_needed = 1", existing)
    assert bool(table.state.teams["t1"].solved) is solved
    if not solved:
        assert table.send(TOWER).points == 20, "the next part does it"


MOVES = st.lists(
    st.sampled_from(["alpha", "alp", "nope", "nein", "TREE-4711", "ASH-1", "tower", "wait", "store"]), max_size=12
)


def moved(table: Table, move: str) -> None:
    """Make a move, and hold what parts promise against the state."""
    before = done(table)
    if move == "wait":
        table.tick(600)
    elif move == "store":
        table.state = HUNT.decode("h1", list(HUNT.encode(table.state)))
    elif move == "tower":
        table.send(TOWER)
    elif "-" in move:
        table.send(Scan(move))
    else:
        part(table, "word", move)
    now = done(table)
    assert now[: len(before)] == before
    assert bool(table.state.teams["t1"].solved & 1) == (len(now) >= 2)
    assert table.state.teams["t1"].score == (20 if len(now) >= 2 else 0)


@settings(max_examples=60, deadline=None)
@given(MOVES)
def test_a_done_part_stays_done_and_the_clue_is_solved_once_enough_are(moves: list[str]) -> None:
    table = Table(TOUR).running("ann")
    for move in moves:
        moved(table, move)
    assert digest(table.replay()) == digest(table.state)


@settings(max_examples=60, deadline=None)
@given(MOVES, st.permutations(["word", "tree", "tower", "new"]), st.booleans())
def test_an_amended_order_of_parts_changes_nothing_of_what_a_team_has(
    moves: list[str], order: list[str], front: bool
) -> None:
    table = Table(TOUR).running("ann")
    for move in moves:
        moved(table, move)

    def of(team: Team) -> Any:
        plan = table.state.plan
        names = {n: plan.parts.numbered(n).id if n < -2 else n for n in team.attempts or {}}
        tries = {
            str(names[n] if n < 0 else plan.clues[n].id): (a.wrong, a.until, a.tried)
            for n, a in (team.attempts or {}).items()
        }
        return tries, list(parts_done(team, "tour")), team.score, team.solved.bit_count()

    before = of(table.state.teams["t1"])
    head, *parts = TOUR.split("[[clues.parts]]")
    rest = "[[clues]]" + parts[-1].split("[[clues]]")[1]
    by_id = dict(zip(["word", "tree", "tower"], [p.split("[[clues]]")[0] for p in parts], strict=True))
    by_id["new"] = '\nid = "new"\nanswers = ["gamma"]\n'
    first = '[[clues]]\nid = "zero"\ntitle = "Zero"\nkind = "compound"\nparts = [{ id = "p", answers = ["p"] }]\n'
    toml = head.replace("[[clues]]", f"{first}[[clues]]" if front else "[[clues]]", 1)
    table.toml = toml + "".join(f"[[clues.parts]]{by_id[id]}" for id in order) + rest
    assert not code(table.host(Define(source(definition(table.toml)), "keep")))
    assert of(table.state.teams["t1"]) == before
    assert digest(table.replay()) == digest(table.state)


PHOTO_PART = """
title = "Photo part"
[[clues]]
id = "a"
title = "A"
kind = "compound"
NEEDED
points = 100
decay_s = 100
points_min = 0
attempts = { free = 9 }
parts = [
    { id = "pic", kind = "photo" },
    { id = "two", kind = "photo", title = "Second" },
    { id = "word", answers = ["w"] },
]
"""


@pytest.mark.parametrize(("needed", "steps"), [("", 3), ("parts_needed = 2", 2), ("parts_needed = 1", 1)])
def test_photos_are_parts_that_hosts_accept_and_the_clue_counts_as_of_its_last_part(needed: str, steps: int) -> None:
    table = Table(PHOTO_PART.replace("NEEDED", needed)).running("ann")
    table.tick(10)
    assert code(table.send(hand_in("a.pic", "one"))) == ""
    table.tick(10)
    if steps > 1:
        assert table.send(Guess("a", "w", "word")).verdict == "correct"
    table.tick(10)
    if steps > 2:
        assert code(table.send(hand_in("a.two", "two"))) == ""
        queue = table.ask(QueueQuery(), OWNER, "host")
        assert [(i.title, i.photo.part) for i in queue.items] == [("A: pic", "pic"), ("A: Second", "two")]
        page = table.ask(PageQuery())
        assert [(p.clue, p.part) for p in page.photos] == [("a", "pic"), ("a", "two")]
    table.tick(30)
    if steps > 2:
        assert table.host(AcceptPhoto("p2"))["points"] == 0
    answer = table.host(AcceptPhoto("p1"))
    assert answer["points"] == 100 - 10 * steps, (
        "of decay until the last part that counts, and not until it was accepted"
    )
    assert digest(table.replay()) == digest(table.state)
    assert digest(HUNT.decode("h1", list(HUNT.encode(table.state)))) == digest(table.state)


def test_a_photo_of_a_part_waits_no_more_once_the_part_or_the_clue_is_done_otherwise() -> None:
    table = Table(PHOTO_PART.replace("NEEDED", "parts_needed = 2")).running("ann", "bob")
    for player in ("ann", "bob"):
        table.send(hand_in("a.pic", f"pic-{player}"), f"p:{player}")
        table.send(hand_in("a.two", f"two-{player}"), f"p:{player}")
    assert table.ask(QueueQuery(), OWNER, "host").waiting == 4
    assert code(table.host(AwardSolve("t1", "a", "pic"))) == ""
    assert [i.id for i in table.ask(QueueQuery(), OWNER, "host").items] == ["p2", "p3", "p4"]
    assert code(table.host(AcceptPhoto("p1"))) == "photo_judged"
    table.send(Guess("a", "w", "word"))
    assert [i.id for i in table.ask(QueueQuery(), OWNER, "host").items] == ["p3", "p4"]
    assert code(table.send(hand_in("a.two", "late"))) == "already_solved"
    assert code(table.host(RejectPhoto("p3", "No."))) == ""
    assert code(table.send(hand_in("a.pic", "pic-bob"), "p:bob")) == "duplicate"
    assert code(table.send(hand_in("a.nine", "x"), "p:bob")) == "no_such_clue"
