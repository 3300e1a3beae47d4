"""Hosts and reviewers answer what teams ask: take it up, answer, ask back, close, give the price back. Pure.

The first answer is what costs: a question that nobody answered has cost nothing.
"""

from __future__ import annotations

from typing import Any, Final

from actors.entity import Context, Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import HostCommand
from huntserver.game.desk import HelpQuestion, Line, Photo
from huntserver.game.event import Author, HostEvent
from huntserver.game.feature import Feature, Makes, SentBy, Takes
from huntserver.game.features.asking import show_question
from huntserver.game.permission import RIGHTS, act, not_host
from huntserver.game.questions import ANSWER_MAX, PHASES, THREAD_MAX, desk, found, holder, is_open
from huntserver.game.state import Hunt, Phase

LINES_MAX: Final = THREAD_MAX + 2


class Answer(HostCommand, tag="answer", frozen=True):
    """Answer a team's question (`q7`, as the queue names it); with `back`, ask the team something first, which costs it
    nothing. `text` is at most 500 characters."""

    question: str
    text: str
    back: bool = False


class CloseQuestion(HostCommand, tag="close_question", frozen=True):
    """Close a team's question; one that nobody has answered costs nothing."""

    question: str


class Refund(HostCommand, tag="refund", frozen=True):
    """Give a team back what the answer to its question cost."""

    question: str


class QuestionAnswered(HostEvent, tag="question_answered", frozen=True, gc=False):
    """A host wrote to a team; `price` is what the first answer costs. `back`: it is the team's turn."""

    team: str
    clue: str
    number: int
    text: str
    price: int = 0
    back: bool = False


class QuestionClosed(HostEvent, tag="question_closed", frozen=True, gc=False):
    """A host closed a team's question."""

    team: str
    clue: str
    number: int


class QuestionRefunded(HostEvent, tag="question_refunded", frozen=True, gc=False):
    """A team has `points` back that it paid for an answer."""

    team: str
    clue: str
    number: int
    points: int


def by_host(ctx: Context, command: HostCommand) -> Author:
    """Return who does it, by name, and why."""
    return act(ctx, command, name=ctx.name)


def asked(state: Hunt, command: Any, ctx: Context) -> HelpQuestion | Rejected:
    """Return the question that a host means, or why it is not for them."""
    op = str(command.__struct_config__.tag)
    question = found(state, command.question)
    refused = not_host(state, ctx, least=RIGHTS[op])
    if refused is not None:
        return refused
    if question is None:
        return Rejected(
            "no_such_question", f"{command.question[:20]!r} is no question; the queue names them q1, q2, ..."
        )
    return question


def held_by_other(question: HelpQuestion | Photo, ctx: Context) -> Rejected | None:
    """Return the refusal for what somebody else has taken up, or None."""
    held = holder(question.held, ctx.now_ms)
    if held is None or held.by == ctx.by:
        return None
    return Rejected("held", f"{held.name or held.by} has taken it up", retry=True)


def open_question(state: Hunt, command: Any, ctx: Context) -> HelpQuestion | Rejected:
    """Return the open question that a host means and nobody else has taken up, or the refusal."""
    question = asked(state, command, ctx)
    if isinstance(question, Rejected):
        return question
    refused = not_host(state, ctx, *PHASES, least=RIGHTS["answer"])
    if refused is not None:
        return refused
    if not is_open(state, question):
        return Rejected("question_closed", "the question is closed, or its clue is solved")
    return held_by_other(question, ctx) or question


def answer(state: Hunt, command: Answer, ctx: Context) -> Decision | Rejected:
    """Answer, or ask back."""
    question = open_question(state, command, ctx)
    if isinstance(question, Rejected):
        return question
    text = command.text.strip()
    if not 1 <= len(text) <= ANSWER_MAX:
        return Rejected("bad_text", f"{len(text)} characters, allowed is 1 to {ANSWER_MAX}")
    if len(question.thread) >= LINES_MAX:
        return Rejected("bad_text", f"a question has {LINES_MAX} lines at most; close it")
    terms = state.definition.help
    price = terms.price if terms is not None and not (command.back or question.answered) else 0
    event = QuestionAnswered(
        question.team, question.clue, question.number, text, price, command.back, personal=by_host(ctx, command)
    )
    return Decision((event,), {"question": command.question, "team": question.team, "price": price})


def close(state: Hunt, command: CloseQuestion, ctx: Context) -> Decision | Rejected:
    """Close a question."""
    question = open_question(state, command, ctx)
    if isinstance(question, Rejected):
        return question
    event = QuestionClosed(question.team, question.clue, question.number, personal=by_host(ctx, command))
    return Decision((event,), {"question": command.question, "team": question.team})


def refund(state: Hunt, command: Refund, ctx: Context) -> Decision | Rejected:
    """Give the price back."""
    question = asked(state, command, ctx)
    if isinstance(question, Rejected):
        return question
    if state.phase is Phase.ENDED:
        return Rejected("wrong_phase", "the hunt has ended; reopen it first", retry=True)
    if not question.paid:
        return Rejected("wrong_phase", "its team has paid nothing for it, or has it back already")
    points = question.paid
    event = QuestionRefunded(question.team, question.clue, question.number, points, personal=by_host(ctx, command))
    score = state.teams[question.team].score + points
    return Decision((event,), {"question": command.question, "team": question.team, "points": points, "score": score})


def _apply_answered(state: Hunt, event: QuestionAnswered, at_ms: int) -> None:
    question = desk(state).questions[event.number]
    author = event.personal or Author()
    question.thread = [*question.thread, Line(at_ms, author.by, author.name, event.text, True)]
    question.turn = "team" if event.back else ""
    question.answered = question.answered or not event.back
    question.held = None
    if event.price:
        question.paid = event.price
        state.score(state.teams[event.team], -event.price, at_ms)


def _apply_closed(state: Hunt, event: QuestionClosed, at_ms: int) -> None:
    question = desk(state).questions[event.number]
    question.closed, question.held = True, None


def _apply_refunded(state: Hunt, event: QuestionRefunded, at_ms: int) -> None:
    desk(state).questions[event.number].paid = 0
    team = state.teams[event.team]
    state.score(team, event.points, team.score_at)  # old points: ties go by when they were earned


def _show_paid(tell: Telling, state: Hunt, event: Any) -> None:
    show_question(tell, state, event)
    if getattr(event, "price", 0) or getattr(event, "points", 0):
        tell.board()


FEATURE: Final = Feature(
    takes=(
        Takes(Answer, answer, SentBy.HOST),
        Takes(CloseQuestion, close, SentBy.HOST),
        Takes(Refund, refund, SentBy.HOST),
    ),
    makes=(
        Makes(QuestionAnswered, _apply_answered, _show_paid),
        Makes(QuestionClosed, _apply_closed, show_question),
        Makes(QuestionRefunded, _apply_refunded, _show_paid),
    ),
)
