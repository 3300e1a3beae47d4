"""The queue of what waits for a host's eye; who takes something up has it for ten minutes. Pure."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from actors.entity import Context, Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import HostCommand, Query
from huntserver.game.desk import HelpQuestion, Line, TakenBy
from huntserver.game.event import HostEvent
from huntserver.game.feature import AnswersTo, Feature, Makes, SentBy, Takes
from huntserver.game.features.answering import by_host, open_question
from huntserver.game.permission import RIGHTS, not_host
from huntserver.game.questions import HOLD_MS, desk, holder, is_open, questions, waiting
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt

ITEMS_MAX: Final = 50
"""Items of one answer, some 100 KiB at most."""


class TakeUp(HostCommand, tag="take_up", frozen=True):
    """Take a question up (`q7`, as the queue names it): for ten minutes nobody else answers it."""

    question: str


class PutBack(HostCommand, tag="put_back", frozen=True):
    """Put a question that one has taken up back into the queue."""

    question: str


class QueueQuery(Query, tag="queue", frozen=True):
    """What waits for a host's eye, oldest first. Hosts and reviewers only."""


class TakenUp(HostEvent, tag="taken_up", frozen=True, gc=False):
    """A host has taken a question up, or put it back (`back`)."""

    number: int
    back: bool = False


class QueueItem(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An open question: `turn` is `host`, `team` or "" (answered); `by` has taken it up, until `until_ms`."""

    id: str
    team: str
    name: str
    clue: str
    title: str
    thread: list[Line]
    turn: str = ""
    paid: int = 0
    by: str = ""
    by_name: str = ""
    until_ms: int = 0


class Queue(msgspec.Struct, frozen=True):
    """Up to 50 open questions, those that wait for a host first, oldest first; `waiting`: how many do in all."""

    waiting: int
    items: list[QueueItem]
    now_ms: int


def take_up(state: Hunt, command: TakeUp, ctx: Context) -> Decision | Rejected:
    """Take something up."""
    question = open_question(state, command, ctx)
    if isinstance(question, Rejected):
        return question
    event = TakenUp(question.number, personal=by_host(ctx, command))
    return Decision((event,), {"question": command.question, "until_ms": ctx.now_ms + HOLD_MS})


def put_back(state: Hunt, command: PutBack, ctx: Context) -> Decision | Rejected:
    """Put something back."""
    question = open_question(state, command, ctx)
    if isinstance(question, Rejected):
        return question
    if holder(question.held, ctx.now_ms) is None:
        return Rejected("wrong_phase", "nobody has taken it up", retry=True)
    event = TakenUp(question.number, True, personal=by_host(ctx, command))
    return Decision((event,), {"question": command.question})


def queue(state: Hunt, query: Any, ctx: Context) -> Queue | Rejected:
    """Answer a `QueueQuery`."""
    refused = not_host(state, ctx, least=RIGHTS["queue"])
    if refused is not None:
        return refused
    open_ = sorted((q for q in questions(state) if is_open(state, q)), key=lambda q: (q.turn != "host", q.number))
    return Queue(waiting(state), [_item(state, q, ctx.now_ms) for q in open_[:ITEMS_MAX]], ctx.now_ms)


def _item(state: Hunt, question: HelpQuestion, now_ms: int) -> QueueItem:
    held = holder(question.held, now_ms)
    return QueueItem(
        id=f"q{question.number}",
        team=question.team,
        name=state.teams[question.team].name,
        clue=question.clue,
        title=state.plan.clues[state.plan.clue_index[question.clue]].title,
        thread=question.thread,
        turn=question.turn,
        paid=question.paid,
        by=held.by if held is not None else "",
        by_name=held.name if held is not None else "",
        until_ms=held.at_ms + HOLD_MS if held is not None else 0,
    )


def _apply_taken_up(state: Hunt, event: TakenUp, at_ms: int) -> None:
    author = event.personal
    held = TakenBy(author.by, author.name, at_ms) if author is not None and not event.back else None
    desk(state).questions[event.number].held = held


def _show_taken_up(tell: Telling, state: Hunt, event: TakenUp) -> None:
    by = event.personal.by if event.personal is not None else ""
    tell.hosts(Shown("taken_up", by=by, item=f"q{event.number}", back=event.back, waiting=waiting(state)))


FEATURE: Final = Feature(
    takes=(Takes(TakeUp, take_up, SentBy.HOST), Takes(PutBack, put_back, SentBy.HOST)),
    makes=(Makes(TakenUp, _apply_taken_up, _show_taken_up),),
    answers=(AnswersTo(QueueQuery, queue, Queue),),
)
