"""Guesses at clues: what is accepted, what costs a cool-down, what costs nothing. Pure.

No refusal, and no answer struct, ever holds an accepted answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from actors.entity import Context, Decision, Push, Rejected
from huntserver.game.answers import GUESS_MAX
from huntserver.game.command import Command
from huntserver.game.definition.shape import Attempts
from huntserver.game.event import Author, GameEvent
from huntserver.game.feature import Feature, Makes, Takes
from huntserver.game.features.completing import open_part, solve_part
from huntserver.game.features.solving import GuessAnswer, solve
from huntserver.game.parts import PreparedPart
from huntserver.game.permission import NOT_JOINED, not_open, not_playing
from huntserver.game.shown import Shown
from huntserver.game.state import TRIED_MAX, Attempt, Hunt, Phase

INCORRECT: Final = GuessAnswer("incorrect")
RUNNING: Final = Phase.RUNNING
DUPLICATE: Final = Rejected("duplicate", "your team has tried this before")
WRONG_KIND: Final = Rejected("wrong_kind", "this clue is not answered by text")
_MARKS_MAX: Final = -4 * TRIED_MAX
_new: Final = tuple.__new__


class Guess(Command, tag="guess", frozen=True, gc=False):
    """Answer a clue that takes guesses. `text` is at most 200 characters; of a choice, the option as it is shown.

    `part`: which part of a clue that is made of parts.
    """

    clue: str
    text: str
    part: str = ""


class Guessed(GameEvent, tag="guessed", frozen=True, gc=False):
    """A guess that was `incorrect` or `partial`. `mark` is the CRC-32 of its normalised text; the next guess at this
    clue, or at this `part` of it, waits for `wait_ms` of play."""

    team: str
    clue: str
    verdict: str
    mark: int
    personal: Author
    wait_ms: int = 0
    part: str = ""


def guess(state: Hunt, command: Guess, ctx: Context) -> Decision | Rejected:
    """Judge a text guess. Duplicates and partial answers cost nothing; wrong ones start a cool-down that grows."""
    by = ctx.by
    team = state.members.get(by)
    if team is None or state.phase is not RUNNING or team.out or state.apart:
        refused = not_playing(state, team, ctx.now_ms)
        if refused is not None or team is None:
            return refused or NOT_JOINED
    plan, clue, text = state.plan, command.clue, command.text
    index = plan.clue_index.get(clue, -1)
    if index < 0 or not (team.unlocked & ~team.solved) >> index & 1:
        refused = not_open(team, index)
        assert refused is not None
        return refused
    judge, number = plan.judges[index], index
    part: PreparedPart | Rejected | None = None
    if judge is None or command.part:
        part = open_part(state, team, index, command.part)
        if isinstance(part, Rejected):
            return part
        judge, number = part.judge, part.number
        if judge is None:
            return WRONG_KIND
    if len(text) > GUESS_MAX:
        return Rejected("guess_too_long", f"{len(text)} characters, allowed are {GUESS_MAX}")
    normal, mark, right = judge.read(text)
    if not mark:
        return Rejected("bad_text", judge.nothing)
    wrong = 0
    attempts = team.attempts
    if attempts is not None and number in attempts:
        attempt = attempts[number]
        # Two guesses may share a mark: a right one is never called a duplicate.
        if not right and attempt.has_tried(mark.to_bytes(4, "big")):
            return DUPLICATE
        if attempt.until:
            wait_ms = attempt.until - (ctx.now_ms - state.zero_ms)
            if wait_ms > 0:
                return Rejected("cool_down", "wait before the next guess", True, wait_ms)
        wrong = attempt.wrong
    if right:
        if isinstance(part, PreparedPart):
            return solve_part(state, team, part, how="guess", author=Author(by, text), now_ms=ctx.now_ms)
        return solve(state, team, index, how="guess", author=Author(by, text), now_ms=ctx.now_ms)
    reply = judge.reply(text, normal) if judge.replies else None
    if reply is not None:
        partial = Guessed(team.id, clue, "partial", mark, Author(by, text), 0, command.part)
        return Decision((partial,), GuessAnswer("partial", reply=reply))
    rule = plan.clues[index].attempts
    if wrong < rule.free or not rule.cool_down_s:
        # `Decision(...)` without its generated constructor, which costs more than the two structs.
        return _new(
            Decision, ((Guessed(team.id, clue, "incorrect", mark, Author(by, text), 0, command.part),), INCORRECT)
        )
    wait_ms = cool_down_ms(rule, wrong + 1)
    event = Guessed(team.id, clue, "incorrect", mark, Author(by, text), wait_ms, command.part)
    return Decision((event,), GuessAnswer("incorrect", wait_ms=wait_ms))


def cool_down_ms(rule: Attempts, wrong: int) -> int:
    """Return the wait after the `wrong`-th wrong guess at a clue."""
    over = wrong - rule.free
    if over <= 0:
        return 0
    return int(1000 * min(rule.max_s, rule.cool_down_s * rule.grows ** min(over - 1, 40)))


def _partial(state: Hunt, event: Guessed) -> Shown:
    plan = state.plan
    own = plan.parts.by_address[f"{event.clue}.{event.part}"] if event.part else None
    judge = own.judge if own is not None else plan.judges[plan.clue_index[event.clue]]
    assert judge is not None
    text = event.personal.text
    reply = judge.reply(text, judge.normal(text)) or ""
    of = event.personal
    return Shown("guessed", clue=event.clue, part=event.part, verdict="partial", reply=reply, personal=of)


def apply_guessed(state: Hunt, event: Guessed, at_ms: int) -> None:
    """Count a guess, remember its mark, start the cool-down; of a part, that is its own, and the clue counts too."""
    team = state.teams[event.team]
    clue = state.plan.clue_index[event.clue]
    attempts = team.attempts
    if attempts is None:
        attempts = team.attempts = {}
    attempt = attempts.get(clue)
    if attempt is None:
        attempt = attempts[clue] = Attempt()
        state.attempts += 1
        state.tried[clue] += 1
    if event.part:
        if event.verdict == "incorrect":
            attempt.wrong += 1
        number = state.plan.parts.by_address[f"{event.clue}.{event.part}"].number
        if number not in attempts:
            attempts[number] = Attempt()
            state.attempts += 1
        attempt = attempts[number]
    attempt.tried = (attempt.tried + event.mark.to_bytes(4, "big"))[_MARKS_MAX:]
    if event.verdict == "incorrect":
        attempt.wrong += 1
        state.wrongs[clue] += 1
        if state.plan.tallies:
            state.count_wrong(team)
        if event.wait_ms:
            attempt.until = at_ms - state.zero_ms + event.wait_ms
    state.recent.append((at_ms, event))


def show_guessed(state: Hunt, events: Sequence[Any], seq: int) -> Sequence[Push]:
    """Return the one push of a guess that solved nothing: it says what the answer says, so that may stand for it."""
    event = events[0]
    team = state.teams[event.team]
    prev = team.seq
    team.seq = seq
    if event.verdict == "partial":
        return (Push(team.channel, prev, (_partial(state, event),), True),)
    return (Push(team.channel, prev, events, True),)


def replay_guessed(state: Hunt, events: Sequence[Any], seq: int, at_ms: int) -> Sequence[Push]:
    """Apply the record of a guess that solved nothing and return its push, as a replay does."""
    apply_guessed(state, events[0], at_ms)
    return show_guessed(state, events, seq)


FEATURE: Final = Feature(
    takes=(Takes(Guess, guess),),
    makes=(Makes(Guessed, apply_guessed),),
)
