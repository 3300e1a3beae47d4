"""Questions to hosts: who may ask, who answers, what it costs, and what becomes of a question."""

from __future__ import annotations

import msgspec

from huntserver.game.features.answering import Answer, CloseQuestion, Refund
from huntserver.game.features.asking import Ask, AskMore, Withdraw
from huntserver.game.features.merging import Merge
from huntserver.game.features.page import PageQuery
from huntserver.game.features.queueing import PutBack, QueueQuery, TakeUp
from huntserver.game.features.reopening import Reopen
from huntserver.game.features.roles import Grant, TakeRole
from huntserver.game.features.schedule import End, Start
from huntserver.game.features.standing import Adjust
from huntserver.game.invariants import GameInvariants
from huntserver.game.questions import KEPT_MAX, THREAD_MAX
from lab.rigs.game import HUNT, OWNER, SMALL, TEAMS, Table, code, digest

HELP = "[help]\nprice = 4\nopen_max = 2\n[schedule]"


def asked(toml: str = SMALL) -> Table:
    """Return a hunt in which Ann has asked about the first clue, and has points to pay for an answer."""
    table = Table(toml.replace("[schedule]", HELP)).running("ann", "bob")
    table.host(Adjust("t1", 10, "to begin with"))
    assert table.send(Ask("c1", " Is it a number? ")).question == "q1"
    return table


def waiting(table: Table) -> list[str]:
    return [item.id for item in table.ask(QueueQuery(), OWNER, "host").items]


def test_a_question_is_seen_by_its_team_and_by_hosts_and_nobody_else() -> None:
    table = asked()
    table.host(Answer("q1", "Yes."))
    (question,) = table.ask(PageQuery()).questions
    assert [(line.text, line.host) for line in question.thread] == [("Is it a number?", False), ("Yes.", True)]
    assert not table.ask(PageQuery(), "p:bob").questions
    assert code(table.ask(QueueQuery(), "p:bob")) == "not_allowed"
    told = msgspec.json.encode([p.events for _, p in table.shown if p.channel in ("hunt", "team:t2")]).decode()
    assert "number?" not in told
    assert "Yes." not in told
    own = table.pushes("team:t1")[-1].events[-1]
    assert own.question == question, "what is pushed is what a page shows"
    assert code(table.send(AskMore("q1", "Sure?"), "p:bob")) == "no_such_question"
    assert digest(HUNT.decode("h1", list(HUNT.encode(table.state)))) == digest(table.replay())


def test_two_hosts_do_not_answer_the_same_question_until_ten_minutes_are_over() -> None:
    table = asked()
    offer = table.host(Grant("reviewer"))["code"]
    table.send(TakeRole(offer), "h:eve", "host")
    table.host(TakeUp("q1"))
    assert code(table.send(Answer("q1", "No."), "h:eve", "host")) == "held"
    assert code(table.send(PutBack("q1"), "h:eve", "host")) == "held"
    table.tick(601)
    assert code(table.host(PutBack("q1"))) == "wrong_phase"
    assert table.send(Answer("q1", "No."), "h:eve", "host")["price"] == 4


def test_a_team_is_told_that_a_host_looks_at_its_question_and_hosts_what_it_tried() -> None:
    table = asked()
    for text in ("uno", "een", "uno"):
        table.guess(text)
    (item,) = table.ask(QueueQuery(), OWNER, "host").items
    assert (item.tried, item.wrong, item.score) == (["een", "uno"], 2, 10)
    table.host(TakeUp("q1"))
    told = table.pushes("team:t1")[-1].events[-1]
    assert (told.type, told.question) == ("taken_up", table.ask(PageQuery()).questions[0])
    assert told.question.held_until_ms == table.now_ms + 600_000
    table.host(PutBack("q1"))
    assert not table.pushes("team:t1")[-1].events[-1].question.held_until_ms
    assert digest(HUNT.decode("h1", list(HUNT.encode(table.state)))) == digest(table.replay())


def test_a_hunt_keeps_a_bounded_number_of_questions() -> None:
    table = asked()
    table.send(Withdraw("q1"))
    for number in range(2, KEPT_MAX + 3):
        table.send(Ask("c1", "And?"))
        table.send(Withdraw(f"q{number}"))
    assert len(table.state.rest.desk.questions) == KEPT_MAX  # type: ignore[union-attr]
    assert code(table.send(AskMore("q1", "Still?"))) == "no_such_question"


def test_hosts_see_what_was_closed_last_where_they_ask_for_it() -> None:
    table = asked()
    table.host(Answer("q1", "Yes."))
    table.guess("one")
    seen = table.ask(QueueQuery(closed=True), OWNER, "host")
    assert (seen.items, [(item.id, item.paid) for item in seen.closed]) == ([], [("q1", 4)])
    assert table.ask(QueueQuery(), OWNER, "host").closed == []


def test_an_answer_is_paid_once_and_given_back_once() -> None:
    table = asked()
    for text in ("Yes.", "Yes, indeed."):
        table.host(Answer("q1", text))
    assert table.state.teams["t1"].score == 6
    assert table.host(Refund("q1"))["score"] == 10
    assert code(table.host(Refund("q1"))) == "wrong_phase"
    judge = GameInvariants()
    assert [x for r in table.log for x in judge.record("hunt/h1", r.seq, "", r.events, r.at_ms)] == []
    twice = [r for r in table.log if r.events[0].__class__.__name__ == "QuestionRefunded"]
    assert list(judge.record("hunt/h1", 99, "", twice[0].events, 0)) != [], "the judge sees a second refund"


def test_a_team_asks_no_more_than_it_can_pay_and_than_is_allowed() -> None:
    table = asked()
    table.host(Adjust("t1", -5, "a slip"))
    assert code(table.send(Ask("c1", "And?"))) == "too_expensive"
    table.host(Adjust("t1", 5, "it was none"))
    table.send(Ask("c1", "And?"))
    assert code(table.send(Ask("c1", "And then?"))) == "too_many_questions"
    assert code(table.send(Ask("c1", "x" * 301))) == "bad_text"
    for _ in range(THREAD_MAX - 1):
        table.send(AskMore("q1", "And?"))
    assert code(table.send(AskMore("q1", "And?"))) == "too_many_questions"
    assert code(Table(SMALL).running().send(Ask("c1", "Help!"))) == "no_help"


def test_a_question_closes_with_its_clue_and_with_the_hunt_and_is_open_again_when_the_end_is_undone() -> None:
    table = asked()
    table.host(End())
    assert waiting(table) == []
    assert code(table.host(Answer("q1", "Late."))) == "wrong_phase"
    table.host(Reopen(600))
    table.tick(5)
    assert waiting(table) == ["q1"]
    table.guess("one")
    assert waiting(table) == []
    assert code(table.host(CloseQuestion("q1"))) == "question_closed"
    assert table.ask(PageQuery()).questions[0].closed


def test_questions_go_along_when_teams_are_merged_and_what_was_paid_stays_behind() -> None:
    table = Table(TEAMS.replace("[schedule]", HELP)).published()
    table.join("ann", team="Owls")
    table.join("bob", team="Bats")
    table.host(Start())
    table.host(Adjust("t2", 10, "to begin with"))
    table.send(Ask("c1", "Is it a number?"), "p:bob")
    table.host(Answer("q1", "Yes."))
    table.host(Merge("t1", "t2"))
    assert [q.id for q in table.ask(PageQuery()).questions] == ["q1"]
    assert code(table.host(Refund("q1"))) == "wrong_phase"
    table.send(AskMore("q1", "Sure?"))
    assert waiting(table) == ["q1"]
