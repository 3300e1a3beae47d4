"""What players may do in play: guess, scan, check in, take hints, claim treasures. Decides, changes nothing.

Every function takes state, command and context, and returns a decision or a refusal. No refusal's text, and no answer
struct, ever holds an accepted answer. Pure.
"""

from __future__ import annotations

from typing import Final

import msgspec

from actors.entity import Context, Decision, Rejected
from huntserver.game.answers import GUESS_MAX
from huntserver.game.commands import CheckIn, Claim, Guess, Scan, TakeHint
from huntserver.game.definition import Attempts, Clue
from huntserver.game.geo import distance_m, valid_position
from huntserver.game.hunt_events import Author, Claimed, Guessed, HintTaken, Solved
from huntserver.game.hunt_plan import code_key
from huntserver.game.hunt_state import Hunt, Phase, Team

ACCURACY_MAX_M: Final = 100.0


class GuessAnswer(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The verdict on a guess, code or check-in. `wait_ms`: before the next guess on this clue."""

    verdict: str
    points: int = 0
    score: int | None = None
    rank: int = 0
    wait_ms: int = 0
    reply: str = ""


class PointsAnswer(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a hint cost or a treasure brought, and the score after."""

    score: int
    points: int = 0
    rank: int = 0


NOT_JOINED: Final = Rejected("not_joined", "join the hunt first", retry=True)
INCORRECT: Final = GuessAnswer("incorrect")
RUNNING: Final = Phase.RUNNING
_new: Final = tuple.__new__
DUPLICATE: Final = Rejected("duplicate", "your team has tried this before")
WRONG_KIND: Final = Rejected("wrong_kind", "this clue is not answered by text")


def not_there(state: Hunt) -> Rejected | None:
    """Return the refusal for a hunt that does not exist (or is not shown yet), or None."""
    if state.phase is Phase.NONE or state.phase is Phase.DRAFT:
        return Rejected("no_such_hunt", "there is no hunt with this id")
    return None


def _may_not(state: Hunt, team: Team | None) -> Rejected | None:
    """Return why the sender may not play now, or None. (`guess` has the same test inline: it is the hot path.)"""
    if team is None:
        return not_there(state) or NOT_JOINED
    if state.phase is Phase.ENDED:
        return Rejected("too_late", "the hunt is over")
    if state.phase is Phase.PAUSED:
        return Rejected("paused", "the hunt is paused", retry=True)
    if state.phase is not Phase.RUNNING:
        return Rejected("not_running", "the hunt has not started", retry=True)
    if team.out:
        return Rejected("disqualified", "your team was taken out of this hunt")
    return None


def _hidden(team: Team, index: int) -> Rejected | None:
    """Return why a clue cannot be dealt with: an unknown one and a locked one look alike."""
    if index < 0 or not team.unlocked >> index & 1:
        return Rejected("locked", "the clue is locked, or there is no such clue", retry=True)
    if team.solved >> index & 1:
        return Rejected("already_solved", "your team has solved this clue")
    return None


def guess(state: Hunt, command: Guess, ctx: Context) -> Decision | Rejected:
    """Judge a text guess. Duplicates and partial answers cost nothing; wrong ones start a cool-down that grows."""
    by = ctx.by
    team = state.members.get(by)
    if team is None or state.phase is not RUNNING or team.out:
        refused = _may_not(state, team)
        assert refused is not None
        return refused
    plan, clue, text = state.plan, command.clue, command.text
    index = plan.clue_index.get(clue, -1)
    if index < 0 or not (team.unlocked & ~team.solved) >> index & 1:
        refused = _hidden(team, index)
        assert refused is not None
        return refused
    judge = plan.judges[index]
    if judge is None:
        return WRONG_KIND
    if len(text) > GUESS_MAX:
        return Rejected("guess_too_long", f"{len(text)} characters, allowed are {GUESS_MAX}")
    normal = judge.normal(text)
    mark = judge.mark(text, normal)
    if not mark:
        return Rejected("bad_text", "the guess has no letter or digit")
    right = normal in judge.texts or (judge.exact and judge.fits(text))
    wrong = 0
    attempts = team.attempts
    if attempts is not None and index in attempts:
        attempt = attempts[index]
        # Two guesses may share a mark: a right one is never called a duplicate.
        if not right and attempt.has_tried(mark.to_bytes(4, "big")):
            return DUPLICATE
        if attempt.until:
            wait_ms = attempt.until - (ctx.now_ms - state.zero_ms)
            if wait_ms > 0:
                return Rejected("cool_down", "wait before the next guess", True, wait_ms)
        wrong = attempt.wrong
    if right:
        return _solve(state, team, index, how="guess", author=Author(by, text))
    if judge.partials and normal in judge.partials:
        partial = Guessed(team.id, clue, "partial", mark, Author(by, text))
        return Decision((partial,), GuessAnswer("partial", reply=judge.partials[normal]))
    rule = plan.clues[index].attempts
    if wrong < rule.free or not rule.cool_down_s:
        # `Decision(...)` without its generated constructor, which costs more than the two structs.
        return _new(Decision, ((Guessed(team.id, clue, "incorrect", mark, Author(by, text)),), INCORRECT))
    wait_ms = cool_down_ms(rule, wrong + 1)
    event = Guessed(team.id, clue, "incorrect", mark, Author(by, text), wait_ms)
    return Decision((event,), GuessAnswer("incorrect", wait_ms=wait_ms))


def cool_down_ms(rule: Attempts, wrong: int) -> int:
    """Return the wait after the `wrong`-th wrong guess at a clue."""
    over = wrong - rule.free
    if over <= 0:
        return 0
    return int(1000 * min(rule.max_s, rule.cool_down_s * rule.grows ** min(over - 1, 40)))


def _solve(state: Hunt, team: Team, index: int, *, how: str, author: Author) -> Decision:
    clue = state.plan.clues[index]
    rank = state.solves[index] + 1
    points = worth(clue, rank - 1)
    if rank <= len(clue.first_bonus):
        points += clue.first_bonus[rank - 1]
    event = Solved(team.id, clue.id, points, rank, how, list(team.members), author)
    return Decision((event,), GuessAnswer("correct", points, team.score + points, rank))


def worth(clue: Clue, solves: int) -> int:
    """Return a clue's points, without bonus, once so many teams have solved it."""
    return max(clue.points - clue.decay * solves, clue.points_min)


def scan(state: Hunt, command: Scan, ctx: Context) -> Decision | Rejected:
    """Solve the clue that a code belongs to."""
    team = state.members.get(ctx.by)
    refused = _may_not(state, team)
    if refused is not None or team is None:
        return refused or NOT_JOINED
    index = state.plan.codes.get(code_key(command.code), -1)
    if index < 0 or not team.unlocked >> index & 1:
        return Rejected("no_such_code", "this code belongs to nothing that you can see")
    return _hidden(team, index) or _solve(state, team, index, how="code", author=Author(ctx.by))


def check_in(state: Hunt, command: CheckIn, ctx: Context) -> Decision | Rejected:
    """Solve the nearest location clue within reach, or the one named. Half of the position's error counts as reach."""
    team = state.members.get(ctx.by)
    refused = _may_not(state, team)
    if refused is not None or team is None:
        return refused or NOT_JOINED
    if not valid_position(command.lat, command.lon):
        return Rejected("bad_position", "latitude is -90..90, longitude -180..180")
    if command.clue is not None:
        refused = _hidden(team, state.plan.clue_index.get(command.clue, -1))
        if refused is not None:
            return refused
    error_m = command.accuracy_m if command.accuracy_m is not None and command.accuracy_m > 0 else 0.0
    open_ = team.unlocked & ~team.solved
    near = [
        (distance_m(command.lat, command.lon, place.lat, place.lon) - place.radius_m, i)
        for i, place in state.plan.places
        if open_ >> i & 1 and command.clue in (None, state.plan.clues[i].id)
    ]
    if not near:
        return Rejected("wrong_kind", "nothing that you can see is solved by being somewhere", retry=True)
    away_m, index = min(near)
    if away_m > min(error_m, ACCURACY_MAX_M) / 2:
        return Rejected("not_there", "you are not close enough yet", retry=True)
    return _solve(state, team, index, how="place", author=Author(ctx.by, lat=command.lat, lon=command.lon))


def take_hint(state: Hunt, command: TakeHint, ctx: Context) -> Decision | Rejected:
    """Take a hint and pay for it."""
    team = state.members.get(ctx.by)
    refused = _may_not(state, team)
    if refused is not None or team is None:
        return refused or NOT_JOINED
    index = state.plan.clue_index.get(command.clue, -1)
    refused = _hidden(team, index)
    if refused is not None:
        return refused
    found = state.plan.hint(index, command.hint)
    if found is None:
        return Rejected("no_such_hint", "there is no such hint")
    number, hint = found
    if number in team.hints:
        return Rejected("hint_taken", "your team has this hint")
    left_ms = (team.opened or {}).get(index, 0) + hint.after_s * 1000 - state.play_ms(ctx.now_ms)
    if left_ms > 0:
        return Rejected("hint_locked", "this hint is not on offer yet", True, left_ms)
    if hint.price > max(team.score, 0):
        return Rejected("too_expensive", f"it costs {hint.price}, your team has {team.score}", retry=True)
    event = HintTaken(team.id, command.clue, hint.id, hint.price)
    return Decision((event,), PointsAnswer(team.score - hint.price, -hint.price))


def claim(state: Hunt, command: Claim, ctx: Context) -> Decision | Rejected:
    """Claim a piece of a limited treasure; never more than there are."""
    team = state.members.get(ctx.by)
    refused = _may_not(state, team)
    if refused is not None or team is None:
        return refused or NOT_JOINED
    index = state.plan.treasure_index.get(command.treasure, -1)
    if index < 0 or not team.unlocked >> (len(state.plan.clues) + index) & 1:
        return Rejected("no_such_treasure", "there is no such treasure, or you cannot see it yet", retry=True)
    if team.treasures >> index & 1:
        return Rejected("treasure_taken", "your team holds this treasure")
    treasure = state.plan.treasures[index]
    rank = state.claims[index] + 1
    if rank > treasure.quantity:
        return Rejected("lost", "all of this treasure is taken")
    points = treasure.points + (treasure.bonus[rank - 1] if rank <= len(treasure.bonus) else 0)
    event = Claimed(team.id, treasure.id, treasure.title, rank, points, Author(ctx.by))
    return Decision((event,), PointsAnswer(team.score + points, points, rank))
