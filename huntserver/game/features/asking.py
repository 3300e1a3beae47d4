"""Teams ask hosts about a clue, and go on in the thread. Pure.

Asking costs nothing; the hunt's price is paid when a host answers (`answering`).
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from actors.entity import Context, Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import Command
from huntserver.game.desk import HelpQuestion, Line
from huntserver.game.event import Author, GameEvent, called
from huntserver.game.feature import Feature, Makes, Takes
from huntserver.game.permission import NOT_JOINED, not_open, not_playing
from huntserver.game.photos import all_waiting
from huntserver.game.questions import (
    NO_QUESTION,
    OPEN_MAX,
    TEXT_MAX,
    THREAD_MAX,
    desk,
    forget_oldest,
    found,
    is_open,
    open_of,
    question_view,
    questions,
    reserved,
)
from huntserver.game.roster import name_of
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Team


class Ask(Command, tag="ask", frozen=True):
    """Ask the hosts about a clue that is open to the team; `text` is at most 300 characters."""

    clue: str
    text: str


class AskMore(Command, tag="ask_more", frozen=True):
    """Say more in a question of the team: an answer to what a host asked back, or what is still unclear."""

    question: str
    text: str


class Withdraw(Command, tag="withdraw", frozen=True):
    """Close a question of the team; costs nothing if nobody has answered it."""

    question: str


class QuestionAsked(GameEvent, tag="question_asked", frozen=True, gc=False):
    """A team asks about a clue; `number` names the question. `personal`: who, and the text."""

    team: str
    clue: str
    number: int
    personal: Author


class QuestionAdded(GameEvent, tag="question_added", frozen=True, gc=False):
    """A team said more in its question."""

    team: str
    number: int
    personal: Author


class QuestionWithdrawn(GameEvent, tag="question_withdrawn", frozen=True, gc=False):
    """A team closed its question."""

    team: str
    number: int
    personal: Author


class AskedAnswer(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The question's id; `price`: points that an answer will cost."""

    question: str
    price: int = 0


def ask(state: Hunt, command: Ask, ctx: Context) -> Decision | Rejected:
    """Ask the hosts."""
    team = state.members.get(ctx.by)
    refused = not_playing(state, team, ctx.now_ms)
    if refused is not None or team is None:
        return refused or NOT_JOINED
    terms = state.definition.help
    if terms is None:
        return Rejected("no_help", "this hunt takes no questions")
    index = state.plan.clue_index.get(command.clue, -1)
    refused = not_open(team, index) or _bad_text(command.text) or _too_early(state, team, index, ctx.now_ms)
    if refused is not None:
        return refused
    own = open_of(state, team)
    if len(own) >= terms.open_max:
        ids = ", ".join(f"q{q.number}" for q in own)
        text = f"{len(own)} of your team's questions are open ({ids}), allowed are {terms.open_max}"
        return Rejected("too_many_questions", text, retry=True)
    if sum(is_open(state, q) for q in questions(state)) >= OPEN_MAX:
        return Rejected("too_many_questions", f"{OPEN_MAX} questions wait for the hosts; ask later", retry=True)
    has = team.score - reserved(state, team)
    if terms.price > max(has, 0):
        return Rejected("too_expensive", f"an answer costs {terms.price}, your team has {max(has, 0)}", retry=True)
    number = (state.rest.desk.asked if state.rest.desk is not None else 0) + 1
    event = QuestionAsked(team.id, command.clue, number, _author(team, ctx, command.text))
    return Decision((event,), AskedAnswer(f"q{number}", terms.price))


def _author(team: Team, ctx: Context, text: str = "") -> Author:
    return Author(ctx.by, text.strip(), name_of(team, ctx.by))


def _bad_text(text: str) -> Rejected | None:
    size = len(text.strip())
    if 1 <= size <= TEXT_MAX and any(map(str.isprintable, text.split())):
        return None
    return Rejected("bad_text", f"{size} characters, allowed is 1 to {TEXT_MAX} that can be shown")


def _too_early(state: Hunt, team: Team, index: int, now_ms: int) -> Rejected | None:
    """Return why a team must try by itself a little longer, or None."""
    terms = state.definition.help
    assert terms is not None
    attempt = (team.attempts or {}).get(index)
    wrong = attempt.wrong if attempt is not None else 0
    if not (terms.after_s or terms.after_wrong) or (terms.after_wrong and wrong >= terms.after_wrong):
        return None
    tries = f"after {terms.after_wrong} wrong guesses" if terms.after_wrong else ""
    if not terms.after_s:
        return Rejected("hint_locked", f"hosts help {tries}; your team has {wrong}", retry=True)
    left_ms = (team.opened or {}).get(index, 0) + terms.after_s * 1000 - state.play_ms(now_ms)
    if left_ms <= 0:
        return None
    text = f"hosts help when a clue was open for {terms.after_s} s{' or ' + tries if tries else ''}"
    return Rejected("hint_locked", text, True, left_ms)


def _own(state: Hunt, id: str, ctx: Context) -> tuple[Team, HelpQuestion] | Rejected:
    """Return the sender's team and its open question, or why nothing can be said in it."""
    team = state.members.get(ctx.by)
    refused = not_playing(state, team, ctx.now_ms)
    if refused is not None or team is None:
        return refused or NOT_JOINED
    question = found(state, id)
    if question is None or question.team != team.id:
        return NO_QUESTION
    if not is_open(state, question):
        return Rejected("question_closed", "this question is closed; ask a new one")
    return team, question


def ask_more(state: Hunt, command: AskMore, ctx: Context) -> Decision | Rejected:
    """Say more."""
    own = _own(state, command.question, ctx)
    if isinstance(own, Rejected):
        return own
    team, question = own
    refused = _bad_text(command.text)
    if refused is not None:
        return refused
    if len(question.thread) >= THREAD_MAX:
        return Rejected("too_many_questions", f"a question has {THREAD_MAX} lines at most; ask a new one")
    event = QuestionAdded(team.id, question.number, _author(team, ctx, command.text))
    return Decision((event,), AskedAnswer(command.question))


def withdraw(state: Hunt, command: Withdraw, ctx: Context) -> Decision | Rejected:
    """Close one's own question."""
    own = _own(state, command.question, ctx)
    if isinstance(own, Rejected):
        return own
    team, question = own
    return Decision((QuestionWithdrawn(team.id, question.number, _author(team, ctx)),), AskedAnswer(command.question))


def _line(event: Any, at_ms: int) -> Line:
    return Line(at_ms, event.personal.by, called(event.personal), event.personal.text, False)


def _apply_asked(state: Hunt, event: QuestionAsked, at_ms: int) -> None:
    kept = desk(state)
    kept.asked = event.number
    kept.questions[event.number] = HelpQuestion(event.number, event.team, event.clue, [_line(event, at_ms)])
    forget_oldest(state)


def _apply_added(state: Hunt, event: QuestionAdded, at_ms: int) -> None:
    question = desk(state).questions[event.number]
    question.thread = [*question.thread, _line(event, at_ms)]
    question.turn = "host"


def _apply_withdrawn(state: Hunt, event: QuestionWithdrawn, at_ms: int) -> None:
    question = desk(state).questions[event.number]
    question.closed, question.held = True, None


def show_question(tell: Telling, state: Hunt, event: Any) -> None:
    """Show a question to its team as it is now, and to hosts that there is something new."""
    question = desk(state).questions[event.number]
    team, tag = state.teams[question.team], str(event.__struct_config__.tag)
    tell.team(team, Shown(tag, clue=question.clue, score=team.score, question=question_view(state, question)))
    told = Shown(tag, team.id, team.name, clue=question.clue, item=f"q{question.number}", waiting=all_waiting(state))
    tell.hosts(told)


FEATURE: Final = Feature(
    takes=(Takes(Ask, ask), Takes(AskMore, ask_more), Takes(Withdraw, withdraw)),
    makes=(
        Makes(QuestionAsked, _apply_asked, show_question),
        Makes(QuestionAdded, _apply_added, show_question),
        Makes(QuestionWithdrawn, _apply_withdrawn, show_question),
    ),
)
