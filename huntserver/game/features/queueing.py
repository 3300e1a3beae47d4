"""The queue of what waits for a host's eye; who takes something up has it for ten minutes. Pure."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from actors.entity import Context, Decision, Rejected
from huntserver.game import photos
from huntserver.game.channels import Telling
from huntserver.game.command import HostCommand, Query
from huntserver.game.desk import HelpQuestion, Line, Photo, PhotoVerdict, TakenBy
from huntserver.game.event import HostEvent
from huntserver.game.feature import AnswersTo, Feature, Makes, SentBy, Takes
from huntserver.game.features.answering import by_host, held_by_other, open_question
from huntserver.game.permission import RIGHTS, not_host
from huntserver.game.plan import HINTS_A_CLUE
from huntserver.game.questions import HOLD_MS, desk, holder, is_open, question_view, questions
from huntserver.game.sealing import recent
from huntserver.game.shown import PhotoView, Shown
from huntserver.game.state import Hunt, Phase

ITEMS_MAX: Final = 50
"""Items of one answer, some 100 KiB at most."""
CLOSED_MAX: Final = 10
TRIED_MAX: Final = 5


class TakeUp(HostCommand, tag="take_up", frozen=True):
    """Take a question or a photo up (`q7`, `p7`, as the queue names it): for ten minutes nobody else answers it."""

    question: str


class PutBack(HostCommand, tag="put_back", frozen=True):
    """Put a question or a photo that one has taken up back into the queue."""

    question: str


class QueueQuery(Query, tag="queue", frozen=True):
    """What waits for a host's eye, oldest first; with `closed`, also what was closed last. Hosts and reviewers only."""

    closed: bool = False


class TakenUp(HostEvent, tag="taken_up", frozen=True, gc=False):
    """A host has taken a question or a `photo` up, or put it back (`back`). `team`: whose it is, and is told; records
    from before teams were told have none."""

    number: int
    back: bool = False
    team: str = ""
    photo: bool = False


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
    photo: PhotoView | None = None


class Queue(msgspec.Struct, frozen=True, omit_defaults=True):
    """Up to 50 open questions and photos, those that wait for a host first, oldest first; `waiting`: how many in all.

    `closed`: where they were asked for, the ten that were asked last of those that are closed, youngest first.
    """

    waiting: int
    items: list[QueueItem]
    now_ms: int
    closed: list[QueueItem] = []


def open_photo(state: Hunt, id: str, op: str, ctx: Context, *, judged: bool = False) -> Photo | Rejected:
    """Return the photo that waits, that a host means and nobody else has taken up, or the refusal. `judged`: also one
    that was rejected."""
    refused = not_host(state, ctx, *photos.PHASES, least=RIGHTS[op])
    if refused is not None:
        return refused
    photo = photos.found(state, id)
    if photo is None:
        return Rejected("no_such_photo", f"{id[:20]!r} is no photo; the queue names them p1, p2, ...")
    again = judged and photo.verdict == PhotoVerdict.REJECTED
    if not photos.solves(state, photo) or (photo.verdict and not again):
        return Rejected("photo_judged", f"the photo is {photo.verdict.replace('_', ' ') or 'of no use any more'}")
    if state.phase is Phase.ENDED and state.placed:
        return Rejected("wrong_phase", "final places are written; reopen the hunt first", retry=True)
    return held_by_other(photo, ctx) or photo


def _item_meant(state: Hunt, command: TakeUp | PutBack, op: str, ctx: Context) -> HelpQuestion | Photo | Rejected:
    if command.question.startswith("p"):
        return open_photo(state, command.question, op, ctx)
    return open_question(state, command, ctx)


def take_up(state: Hunt, command: TakeUp, ctx: Context) -> Decision | Rejected:
    """Take something up."""
    item = _item_meant(state, command, "take_up", ctx)
    if isinstance(item, Rejected):
        return item
    event = TakenUp(item.number, team=item.team, photo=isinstance(item, Photo), personal=by_host(ctx, command))
    return Decision((event,), {"question": command.question, "until_ms": ctx.now_ms + HOLD_MS})


def put_back(state: Hunt, command: PutBack, ctx: Context) -> Decision | Rejected:
    """Put something back."""
    item = _item_meant(state, command, "put_back", ctx)
    if isinstance(item, Rejected):
        return item
    if holder(item.held, ctx.now_ms) is None:
        return Rejected("wrong_phase", "nobody has taken it up", retry=True)
    event = TakenUp(item.number, True, item.team, isinstance(item, Photo), personal=by_host(ctx, command))
    return Decision((event,), {"question": command.question})


def queue(state: Hunt, query: Any, ctx: Context) -> Queue | Rejected:
    """Answer a `QueueQuery`."""
    refused = not_host(state, ctx, least=RIGHTS["queue"])
    if refused is not None:
        return refused
    open_: list[HelpQuestion | Photo] = [q for q in questions(state) if is_open(state, q)]
    open_ += [p for p in photos.photos(state) if photos.is_waiting(state, p)]
    open_.sort(key=_age)
    items = [_item(state, one, ctx.now_ms) for one in open_[:ITEMS_MAX]]
    closed = _closed(state) if query.closed else []
    return Queue(photos.all_waiting(state), items, ctx.now_ms, [_item(state, one, ctx.now_ms) for one in closed])


def _age(item: HelpQuestion | Photo) -> tuple[bool, int]:
    """Return what the queue is sorted by: what waits for a host first, oldest first."""
    if isinstance(item, Photo):
        return (False, item.at_ms)
    return (item.turn != "host", item.thread[0].at_ms)


def _closed(state: Hunt) -> list[HelpQuestion | Photo]:
    done: list[HelpQuestion | Photo] = [q for q in questions(state) if not is_open(state, q)]
    done += [p for p in photos.photos(state) if p.verdict in (PhotoVerdict.ACCEPTED, PhotoVerdict.REJECTED)]
    return sorted(done, key=lambda item: _age(item)[1], reverse=True)[:CLOSED_MAX]


def _tried(state: Hunt, question: HelpQuestion | Photo) -> list[str]:
    """Return what a team guessed at a question's clue of late, youngest first, each once."""
    found = (e for _, e in reversed(recent(state)) if e.team == question.team and e.clue == question.clue)
    return list(dict.fromkeys(e.personal.text for e in found if e.personal.text))[:TRIED_MAX]


def _item(state: Hunt, question: HelpQuestion | Photo, now_ms: int) -> QueueItem:
    held = holder(question.held, now_ms)
    team, index = state.teams[question.team], state.plan.clue_index.get(question.clue, -1)
    photo = question if isinstance(question, Photo) else None
    attempt = (team.attempts or {}).get(photos.number_of(state, photo) if photo is not None else index)
    title = state.plan.clues[index].title if index >= 0 else question.clue
    if photo is not None and photo.part:
        part = next(part for part in state.plan.clues[index].parts if part.id == photo.part)
        title = f"{title}: {part.title or part.id}"
    return QueueItem(
        id=f"{'q' if photo is None else 'p'}{question.number}",
        team=question.team,
        name=team.name,
        clue=question.clue,
        title=title,
        thread=[] if isinstance(question, Photo) else question.thread,
        turn=("" if question.verdict else "host") if isinstance(question, Photo) else question.turn,
        paid=0 if isinstance(question, Photo) else question.paid,
        by=held.by if held is not None else "",
        by_name=held.name if held is not None else "",
        until_ms=held.at_ms + HOLD_MS if held is not None else 0,
        wrong=attempt.wrong if attempt is not None else 0,
        tried=_tried(state, question),
        hints=sum(number // HINTS_A_CLUE == index for number in team.hints),
        score=team.score,
        photo=photos.photo_view(state, photo) if photo is not None else None,
    )


def _meant(state: Hunt, event: TakenUp) -> HelpQuestion | Photo:
    return desk(state).photos[event.number] if event.photo else desk(state).questions[event.number]


def _apply_taken_up(state: Hunt, event: TakenUp, at_ms: int) -> None:
    author = event.personal
    held = TakenBy(author.by, author.name, at_ms) if author is not None and not event.back else None
    _meant(state, event).held = held


def _show_taken_up(tell: Telling, state: Hunt, event: TakenUp) -> None:
    by = event.personal.by if event.personal is not None else ""
    item = _meant(state, event)
    if event.team:
        question = question_view(state, item) if isinstance(item, HelpQuestion) else None
        photo = photos.photo_view(state, item) if isinstance(item, Photo) else None
        tell.team(state.teams[item.team], Shown("taken_up", clue=item.clue, question=question, photo=photo))
    id = f"{'p' if event.photo else 'q'}{event.number}"
    tell.hosts(Shown("taken_up", by=by, item=id, back=event.back, waiting=photos.all_waiting(state)))


FEATURE: Final = Feature(
    takes=(Takes(TakeUp, take_up, SentBy.HOST), Takes(PutBack, put_back, SentBy.HOST)),
    makes=(Makes(TakenUp, _apply_taken_up, _show_taken_up),),
    answers=(AnswersTo(QueueQuery, queue, Queue),),
)
