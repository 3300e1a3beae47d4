"""A definition that is mended while the hunt runs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntserver.game.bits import bits
from huntserver.game.definition.shape import Definition, source
from huntserver.game.features.amending import Accept, Amended, AwardSolve, Preview, PreviewQuery, Rejudged
from huntserver.game.features.authoring import Define
from huntserver.game.features.errata import Erratum
from huntserver.game.features.page import PageQuery
from huntserver.game.features.schedule import End
from huntserver.game.features.solving import Solved
from huntserver.game.state import Hunt, Phase, Team
from lab.rigs.game import OWNER, SMALL, Table, code, definition, digest

OPEN = """
title = "Open"
[[clues]]
id = "a"
title = "A"
answers = ["alpha"]
hints = [{ id = "h1", text = "1" }, { id = "h2", text = "2" }]
attempts = { free = 100 }
[[clues]]
id = "b"
title = "B"
answers = ["beta"]
attempts = { free = 100 }
[[clues]]
id = "c"
title = "C"
answers = [{ number = 7 }]
attempts = { free = 100 }
[[treasures]]
id = "t"
title = "T"
quantity = 3
[[treasures]]
id = "u"
title = "U"
unlock = "b"
"""
WORDS = st.sampled_from(["one", "two", "three", "alpha", "beta", "7", "7.5"])


def by_id(state: Hunt, team: Team) -> dict[str, Any]:
    """Return what a team has, by ids instead of numbers."""
    plan = state.plan
    things = [*(c.id for c in plan.clues), *(t.id for t in plan.treasures)]
    return {
        "solved": {things[i] for i in bits(team.solved)},
        "unlocked": {things[i] for i in bits(team.unlocked)},
        "treasures": {plan.treasures[i].id for i in bits(team.treasures)},
        "hints": {(plan.clues[n // 32].id, plan.clues[n // 32].hints[n % 32].id) for n in team.hints},
        "attempts": {plan.clues[i].id: (a.wrong, a.until, a.tried) for i, a in (team.attempts or {}).items()},
        "score": team.score,
    }


def rewritten(d: Definition, **changed: Any) -> Define:
    return Define(source(msgspec.structs.replace(d, **changed)))


@given(
    guesses=st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("abc"), WORDS), max_size=12),
    order=st.permutations([0, 1, 2, 3]),
    hints=st.booleans(),
)
def test_whatever_the_order_of_the_amended_file_every_team_keeps_what_it_has(
    guesses: list[tuple[str, str, str]], order: list[int], hints: bool
) -> None:
    from huntserver.game.features.hints import TakeHint
    from huntserver.game.features.treasures import Claim

    table = Table(OPEN).running("a", "b")
    table.send(TakeHint("a", "h2"), "p:a")
    table.send(Claim("t"), "p:b")
    for player, clue, text in guesses:
        table.guess(text, player=player, clue=clue)
    before = {t.id: by_id(table.state, t) for t in table.state.teams.values()}
    totals = {c.id: (table.state.solves[i], table.state.wrongs[i]) for i, c in enumerate(table.state.plan.clues)}
    d = definition(OPEN)
    new = msgspec.structs.replace(d.clues[0], id="n", unlock="a and b and c", hints=[])
    clues = [[*d.clues, new][i] for i in order]
    if hints:
        clues = [msgspec.structs.replace(c, hints=c.hints[::-1]) for c in clues]
    assert code(table.host(rewritten(d, clues=clues, treasures=d.treasures[::-1]))) == ""
    state = table.state
    after = {t.id: by_id(state, t) for t in state.teams.values()}
    for id, team in after.items():  # the new clue opens at once to a team that has solved all others
        assert ("n" in team["unlocked"]) == ({"a", "b", "c"} <= before[id]["solved"])
        team["unlocked"] -= {"n"}
    assert after == before
    assert {c.id: (state.solves[i], state.wrongs[i]) for i, c in enumerate(state.plan.clues) if c.id != "n"} == totals
    assert table.join("zoe").team == "t3"
    assert digest(table.replay()) == digest(state)


@given(guesses=st.lists(st.tuples(st.sampled_from("abz"), WORDS), max_size=20), more=st.lists(WORDS, max_size=3))
def test_rejudging_solves_for_exactly_those_who_would_have_solved_with_the_answers_of_now(
    guesses: list[tuple[str, str]], more: list[str]
) -> None:
    late, early = Table(OPEN).running("a", "b", "z"), Table(OPEN).running("a", "b", "z")
    d = definition(OPEN)
    mended = [msgspec.structs.replace(d.clues[0], answers=[*d.clues[0].answers, *more]), *d.clues[1:]]
    early.host(rewritten(d, clues=mended))
    for player, text in guesses:
        for table in (late, early):
            table.guess(text, player=player, clue="a")
    answer = late.host(msgspec.structs.replace(rewritten(d, clues=mended), existing="rejudge"))
    assert code(answer) == ""
    late.tick(1)
    assert not late.state.more.rejudging
    solved = [{t.id for t in table.state.teams.values() if t.solved & 1} for table in (late, early)]
    assert solved[0] == solved[1]
    ranks = [e.rank for r in late.log for e in r.events if isinstance(e, Solved)]
    assert ranks == list(range(1, len(ranks) + 1))
    assert digest(late.replay()) == digest(late.state)


def test_an_accepted_number_is_found_among_the_youngest_guesses_too() -> None:
    table = Table(OPEN).running("ann", "bob")
    table.guess("heptad", clue="c")
    table.guess("8.0", player="bob", clue="c")
    d = definition(OPEN)
    wider = msgspec.structs.replace(d.clues[2], answers=[msgspec.structs.replace(d.clues[2].answers[0], tolerance=1.0)])
    table.host(Define(source(msgspec.structs.replace(d, clues=[*d.clues[:2], wider])), "rejudge"))
    table.tick(1)
    assert [t.solved for t in table.state.teams.values()] == [0, 4]


def test_a_thousand_teams_are_rejudged_one_a_record_in_the_order_of_joining() -> None:
    table = Table(OPEN).running(*[f"p{i}" for i in range(1100)])
    right = list(range(0, 1100, 137))
    for i in right:
        table.guess("gamma", player=f"p{i}", clue="a")
    before = len(table.log)
    table.host(Accept("a", "Gamma!"))
    assert table.state.more.rejudging
    table.tick(1)
    assert not table.state.more.rejudging
    records = table.log[before:]
    assert all(sum(isinstance(e, Solved) for e in r.events) <= 1 for r in records)
    solved = [e for r in records for e in r.events if isinstance(e, Solved)]
    assert [e.team for e in solved] == [f"t{i + 1}" for i in right]
    assert [e.how for e in solved] == ["rejudged"] * len(right)
    assert sum(isinstance(e, Rejudged) for r in records for e in r.events) == len(right) + 1
    assert table.pushes("team:t1")[-1].events[0].type == "solved"


def test_places_are_written_only_when_every_guess_was_judged_anew() -> None:
    table = Table(OPEN).running("ann", "bob")
    table.guess("gamma", clue="a")
    table.host(Accept("a", "gamma"))
    table.host(End())
    table.tick(1)
    kinds = [type(e).__name__ for r in table.log[-5:] for e in r.events]
    assert kinds.index("Solved") < kinds.index("Placed")


def test_what_a_published_hunt_cannot_become_is_refused_with_every_reason() -> None:
    table = Table("brackets = ['x', 'y']\n" + OPEN).running("ann")
    d = table.state.definition
    gone = rewritten(d, clues=d.clues[1:], treasures=d.treasures[1:], brackets=["y"])
    refused = table.host(gone)
    assert code(refused) == "bad_definition"
    assert [why.partition(":")[0] for why in refused.why or ()] == ["clues", "treasures", "brackets"]
    kind = msgspec.structs.replace(d.clues[0], kind="code", answers=[], codes=["ABCD"])
    assert "another kind" in table.host(rewritten(d, clues=[kind, *d.clues[1:]])).msg
    assert code(table.send(Define(source(d)))) == "not_allowed"
    table.host(End())
    assert code(table.host(Define(source(d)))) == "wrong_phase"


def test_no_fewer_pieces_of_a_treasure_than_are_claimed() -> None:
    from huntserver.game.features.treasures import Claim

    table = Table(OPEN).running("ann", "bob")
    table.send(Claim("t"))
    table.send(Claim("t"), "p:bob")
    d = table.state.definition
    fewer = [msgspec.structs.replace(d.treasures[0], quantity=n) for n in (1, 2)]
    assert code(table.host(rewritten(d, treasures=[fewer[0], d.treasures[1]]))) == "bad_definition"
    assert code(table.host(rewritten(d, treasures=[fewer[1], d.treasures[1]]))) == ""
    assert code(table.send(Claim("t"), "p:cid")) != ""


def test_a_preview_changes_nothing_and_tells_whom_a_change_touches() -> None:
    table = Table(OPEN).running("ann", "bob")
    table.guess("alpha", clue="a")
    table.guess("x", player="bob", clue="a")
    d = table.state.definition
    dearer = msgspec.structs.replace(d.clues[0], points=15)
    text = source(msgspec.structs.replace(d, clues=[dearer, *d.clues[1:]]))
    before = digest(table.state)
    seen = table.ask(PreviewQuery(text), OWNER, "host")
    assert isinstance(seen, Preview)
    assert seen.changes == [("a", ("points",), 1, 1, 5)]
    assert digest(table.state) == before
    assert code(table.ask(PreviewQuery(text))) == "not_allowed"


def test_compensating_pays_the_difference_to_those_who_have_solved_and_to_nobody_else() -> None:
    table = Table(OPEN).running("ann", "bob")
    table.guess("alpha", clue="a")
    d = table.state.definition
    for points in (15, 4):
        dearer = msgspec.structs.replace(d.clues[0], points=points)
        text = source(msgspec.structs.replace(d, clues=[dearer, *d.clues[1:]]))
        table.host(Define(text, "compensate"))
        assert [t.score for t in table.state.teams.values()] == [points, 0]


@pytest.mark.parametrize("existing", ["keep", "rejudge", "compensate"])
def test_nothing_that_was_open_closes_and_what_opens_is_told(existing: str) -> None:
    table = Table(SMALL).running("ann")
    table.guess("one")
    d = table.state.definition
    locked = [d.clues[0], msgspec.structs.replace(d.clues[1], unlock="c1 and c3"), d.clues[2]]
    new = msgspec.structs.replace(d.clues[0], id="c4", title="New", unlock="c1", hints=[])
    text = source(msgspec.structs.replace(d, clues=[*locked, new]))
    before = {c.id for c in table.ask(PageQuery()).clues}
    table.host(Define(text, existing))  # type: ignore[arg-type]
    assert {c.id for c in table.ask(PageQuery()).clues} == before | {"c4"}
    assert [c.id for c in table.pushes("team:t1")[-1].events[-1].clues] == ["c4"]


def test_accepting_is_for_texts_that_are_not_accepted_yet_in_clues_of_words() -> None:
    table = Table(SMALL).running("ann")
    assert code(table.host(Accept("c1", "ONE"))) == "wrong_phase"
    assert code(table.host(Accept("c2", "x"))) == "wrong_kind"
    assert code(table.host(Accept("c9", "x"))) == "no_such_clue"
    assert code(table.host(Accept("c1", " "))) == "bad_definition"
    assert code(table.send(Accept("c1", "x"))) == "not_allowed"


def test_a_host_awards_a_clue_that_is_open_once() -> None:
    table = Table(SMALL).running("ann")
    assert code(table.host(AwardSolve("Ann", "c2"))) == "locked"
    assert table.host(AwardSolve("Ann", "c1")).points == 15
    assert code(table.host(AwardSolve("Ann", "c1"))) == "already_solved"


def test_an_erratum_is_told_to_those_who_have_the_clue_open_and_kept_for_the_others() -> None:
    table = Table(SMALL).running("ann", "bob")
    table.guess("one")
    table.host(Erratum("c2", "Its other side."))
    assert table.pushes("team:t1")[-1].events[0].text == "Its other side."
    assert "Its other side." not in msgspec.json.encode(table.ask(PageQuery(), "p:bob")).decode()
    assert all("Its other side." not in str(p.events) for p in table.pushes("hunt") + table.pushes("team:t2"))
    table.guess("one", player="bob")
    [clue] = [c for c in table.ask(PageQuery(), "p:bob").clues if c.id == "c2"]
    assert [e.text for e in clue.errata] == ["Its other side."]
    assert [c.errata[0].text for c in table.pushes("team:t2")[-1].events[0].clues if c.id == "c2"] == [
        "Its other side."
    ]


def test_marks_of_guesses_are_never_shown() -> None:
    table = Table(OPEN).running("ann")
    table.guess("gamma", clue="a")
    table.host(Accept("a", "gamma"))
    [event] = [e for r in table.log for e in r.events if isinstance(e, Amended)]
    assert event.marks
    assert "marks" not in table.json_of_shown()
    assert "gamma" not in msgspec.json.encode([p.events for p in table.pushes("hunt")]).decode()
    assert table.state.phase is Phase.RUNNING


def test_a_text_made_from_an_older_one_is_refused_and_what_changed_meanwhile_is_named() -> None:
    table = Table(OPEN).running("a")
    base = table.state.digest
    stale = rewritten(definition(OPEN), title="Other")
    table.guess("nope", player="a", clue="a")
    assert code(table.host(Accept("a", "nope"))) == ""
    for message in (msgspec.structs.replace(stale, base=base), PreviewQuery(stale.definition, base)):
        told = table.host(message) if isinstance(message, Define) else table.ask(message, OWNER, "host")
        assert (told.code, told.why) == ("conflict", (f"{OWNER} changed a: answers ('nope' accepted)",))
    assert "nope" in table.state.definition.clues[0].answers
    table.tick(1)
    fresh = msgspec.structs.replace(table.state.definition, title="Other")
    assert code(table.host(Define(source(fresh), base=table.state.digest))) == ""
    assert code(table.host(stale)) == ""  # who names no base is taken at his word


def test_a_draft_is_not_overwritten_by_a_text_made_from_an_older_one_either() -> None:
    table = Table(OPEN).draft()
    base = table.state.digest
    other = rewritten(definition(OPEN), title="Other")
    assert code(table.host(other)) == ""
    assert (
        code(table.host(msgspec.structs.replace(rewritten(definition(OPEN), title="Third"), base=base))) == "conflict"
    )


def test_the_trail_says_which_answer_was_accepted_where_and_which_keys_changed() -> None:
    table = Table(OPEN).running("a")
    table.host(Accept("a", "nope"))
    table.tick(1)
    clues = [msgspec.structs.replace(c, title="x", points=3) for c in table.state.definition.clues]
    table.host(rewritten(table.state.definition, clues=clues, intro="y" * 500))
    first, second = (msgspec.json.decode(line.detail) for line in table.state.more.audit[-2:])
    assert (first["changed"], first["accepted"]) == ({"a": ["answers"]}, "nope")
    assert second["changed"] == {c.id: ["title", "points"] for c in clues}
    assert "marks" not in second
