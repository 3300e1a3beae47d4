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
from huntserver.game.plan import HINTS_A_CLUE
from huntserver.game.questions import HOLD_MS, desk, holder, is_open, question_view, questions, waiting
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt

ITEMS_MAX: Final = 50
"""Items of one answer, some 100 KiB at most."""
CLOSED_MAX: Final = 10
TRIED_MAX: Final = 5


class TakeUp(HostCommand, tag="take_up", frozen=True):
    """Take a question up (`q7`, as the queue names it): for ten minutes nobody else answers it."""

    question: str


class PutBack(HostCommand, tag="put_back", frozen=True):
    """Put a question that one has taken up back into the queue."""

    question: str


class QueueQuery(Query, tag="queue", frozen=True):
    """What waits for a host's eye, oldest first; with `closed`, also what was closed last. Hosts and reviewers only."""

    closed: bool = False


class TakenUp(HostEvent, tag="taken_up", frozen=True, gc=False):
    """A host has taken a question up, or put it back (`back`). `team`: whose it is, and is told; records from before
    teams were told have none."""

    number: int
    back: bool = False
    team: str = ""


class QueueItem(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A question: `turn` is `host`, `team` or "" (answered); `by` has taken it up, until `until_ms`.

    What its team did at the clue: `wrong` guesses in all, the texts of the latest (`tried`), how many of its
    `hints` it took; `score`: the points that it has.
    """

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
    wrong: int = 0
    tried: list[str] = []
    hints: int = 0
    score: int = 0


class Queue(msgspec.Struct, frozen=True, omit_defaults=True):
    """Up to 50 open questions, those that wait for a host first, oldest first; `waiting`: how many do in all.

    `closed`: where they were asked for, the ten that were asked last of those that are closed, youngest first.
    """

    waiting: int
    items: list[QueueItem]
    now_ms: int
    closed: list[QueueItem] = []


def take_up(state: Hunt, command: TakeUp, ctx: Context) -> Decision | Rejected:
    """Take something up."""
    question = open_question(state, command, ctx)
    if isinstance(question, Rejected):
        return question
    event = TakenUp(question.number, team=question.team, personal=by_host(ctx, command))
    return Decision((event,), {"question": command.question, "until_ms": ctx.now_ms + HOLD_MS})


def put_back(state: Hunt, command: PutBack, ctx: Context) -> Decision | Rejected:
    """Put something back."""
    question = open_question(state, command, ctx)
    if isinstance(question, Rejected):
        return question
    if holder(question.held, ctx.now_ms) is None:
        return Rejected("wrong_phase", "nobody has taken it up", retry=True)
    event = TakenUp(question.number, True, question.team, personal=by_host(ctx, command))
    return Decision((event,), {"question": command.question})


def queue(state: Hunt, query: Any, ctx: Context) -> Queue | Rejected:
    """Answer a `QueueQuery`."""
    refused = not_host(state, ctx, least=RIGHTS["queue"])
    if refused is not None:
        return refused
    open_ = sorted((q for q in questions(state) if is_open(state, q)), key=lambda q: (q.turn != "host", q.number))
    items = [_item(state, q, ctx.now_ms) for q in open_[:ITEMS_MAX]]
    closed = [q for q in questions(state) if not is_open(state, q)][: -CLOSED_MAX - 1 : -1] if query.closed else []
    return Queue(waiting(state), items, ctx.now_ms, [_item(state, q, ctx.now_ms) for q in closed])


def _tried(state: Hunt, question: HelpQuestion) -> list[str]:
    """Return what a team guessed at a question's clue of late, youngest first, each once."""
    found = (e for _, e in reversed(state.recent) if e.team == question.team and e.clue == question.clue)
    return list(dict.fromkeys(e.personal.text for e in found))[:TRIED_MAX]


def _item(state: Hunt, question: HelpQuestion, now_ms: int) -> QueueItem:
    held = holder(question.held, now_ms)
    team, index = state.teams[question.team], state.plan.clue_index.get(question.clue, -1)
    attempt = (team.attempts or {}).get(index)
    return QueueItem(
        id=f"q{question.number}",
        team=question.team,
        name=team.name,
        clue=question.clue,
        title=state.plan.clues[index].title if index >= 0 else question.clue,
        thread=question.thread,
        turn=question.turn,
        paid=question.paid,
        by=held.by if held is not None else "",
        by_name=held.name if held is not None else "",
        until_ms=held.at_ms + HOLD_MS if held is not None else 0,
        wrong=attempt.wrong if attempt is not None else 0,
        tried=_tried(state, question),
        hints=sum(number // HINTS_A_CLUE == index for number in team.hints),
        score=team.score,
    )


def _apply_taken_up(state: Hunt, event: TakenUp, at_ms: int) -> None:
    author = event.personal
    held = TakenBy(author.by, author.name, at_ms) if author is not None and not event.back else None
    desk(state).questions[event.number].held = held


def _show_taken_up(tell: Telling, state: Hunt, event: TakenUp) -> None:
    by = event.personal.by if event.personal is not None else ""
    if event.team:
        question = desk(state).questions[event.number]
        tell.team(
            state.teams[question.team], Shown("taken_up", clue=question.clue, question=question_view(state, question))
        )
    tell.hosts(Shown("taken_up", by=by, item=f"q{event.number}", back=event.back, waiting=waiting(state)))


FEATURE: Final = Feature(
    takes=(Takes(TakeUp, take_up, SentBy.HOST), Takes(PutBack, put_back, SentBy.HOST)),
    makes=(Makes(TakenUp, _apply_taken_up, _show_taken_up),),
    answers=(AnswersTo(QueueQuery, queue, Queue),),
)
