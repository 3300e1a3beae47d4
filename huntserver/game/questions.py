"""Questions of teams to hosts: which are open, how they look to a team, whose turn it is. Pure.

Whether a question is open follows from the state: it closes when its clue is solved, its team goes, or the hunt ends,
and is open again when that is undone. No record says so.
"""

from __future__ import annotations

from typing import Final

from actors.entity import Rejected
from huntserver.game.desk import Desk, HelpQuestion, TakenBy
from huntserver.game.shown import HelpView, LineView, QuestionView
from huntserver.game.state import Hunt, Phase, Team

TEXT_MAX: Final = 300
"""Characters of what a team writes."""
ANSWER_MAX: Final = 500
"""Characters of what a host writes."""
THREAD_MAX: Final = 10
"""Lines of a thread; hosts may write two more, so that the last question can be answered."""
OPEN_MAX: Final = 500
"""Questions of a hunt that are open at once."""
KEPT_MAX: Final = 700
"""Questions of a hunt that are kept; beyond them the oldest that are closed are forgotten."""
SHOWN_CLOSED: Final = 5
"""Of a team's closed questions those that its page shows: the youngest."""
HOLD_MS: Final = 600_000
"""How long what somebody has taken up is theirs."""

NO_QUESTION: Final = Rejected("no_such_question", "there is no such question of your team")
PHASES: Final = (Phase.RUNNING, Phase.PAUSED)


def desk(state: Hunt) -> Desk:
    """Return the desk, to be changed."""
    if state.rest.desk is None:
        state.rest.desk = Desk()
    return state.rest.desk


def questions(state: Hunt) -> list[HelpQuestion]:
    """Return all questions that are kept, oldest first."""
    kept = state.rest.desk
    return list(kept.questions.values()) if kept is not None else []


def found(state: Hunt, id: str) -> HelpQuestion | None:
    """Return the question with this id (`q7`), or None."""
    kept = state.rest.desk
    number = id[1:]
    if kept is None or id[:1] != "q" or not (number.isascii() and number.isdigit() and len(number) < 10):
        return None
    return kept.questions.get(int(number))


def is_open(state: Hunt, question: HelpQuestion) -> bool:
    """Tell whether something can still be said in a question."""
    team, index = state.teams[question.team], state.plan.clue_index.get(question.clue, -1)
    if question.closed or team.out or index < 0 or team.solved >> index & 1:
        return False
    return state.phase in PHASES


def open_of(state: Hunt, team: Team) -> list[HelpQuestion]:
    """Return a team's open questions."""
    return [q for q in questions(state) if q.team == team.id and is_open(state, q)]


def reserved(state: Hunt, team: Team) -> int:
    """Return the points that the answers to a team's open questions will cost."""
    terms = state.definition.help
    price = terms.price if terms is not None else 0
    return price * sum(not q.answered for q in open_of(state, team)) if price else 0


def waiting(state: Hunt) -> int:
    """Return how many questions wait for a host."""
    return sum(q.turn == "host" and is_open(state, q) for q in questions(state))


def holder(held: TakenBy | None, now_ms: int) -> TakenBy | None:
    """Return who has something taken up at a time, or None."""
    return held if held is not None and held.at_ms + HOLD_MS > now_ms else None


def question_view(state: Hunt, question: HelpQuestion) -> QuestionView:
    """Return a question as its team sees it."""
    return QuestionView(
        f"q{question.number}",
        question.clue,
        [LineView(x.at_ms, x.text, "" if x.host else x.name, x.host) for x in question.thread],
        question.turn,
        question.paid,
        not is_open(state, question),
        len(question.thread) >= THREAD_MAX,
        question.held.at_ms + HOLD_MS if question.held is not None else 0,
    )


def question_views(state: Hunt, team: Team) -> list[QuestionView]:
    """Return a team's open questions and the youngest of its closed ones, oldest first."""
    own = [q for q in questions(state) if q.team == team.id]
    closed = [q for q in own if not is_open(state, q)]
    hidden = {q.number for q in closed[:-SHOWN_CLOSED]}
    return [question_view(state, q) for q in own if q.number not in hidden]


def help_view(state: Hunt) -> HelpView | None:
    """Return when questions may be asked, or None where none may."""
    terms = state.definition.help
    return HelpView(terms.price, terms.after_s, terms.after_wrong, terms.open_max) if terms is not None else None


def forget_oldest(state: Hunt) -> None:
    """Keep the bound on questions that are kept."""
    kept = desk(state).questions
    over = len(kept) - KEPT_MAX
    if over > 0:
        for number in [n for n, q in kept.items() if not is_open(state, q)][:over]:
            del kept[number]


def hand_over(state: Hunt, team: Team, other: Team) -> None:
    """Give the questions of a team that is merged to the other one; what it paid stays behind with its points."""
    for question in questions(state):
        if question.team == other.id:
            question.team, question.paid = team.id, 0
