"""What players may do in a hunt: joining, guessing, scanning, checking in, hints, treasures. Decides, changes nothing.

Every function takes state, command and context, and returns a decision or a refusal. No refusal's text, and no answer
struct, ever holds an accepted answer. Pure.
"""

from __future__ import annotations

from typing import Final

import msgspec

from actors.entity import Context, Decision, Rejected
from huntserver.game.answers import GUESS_MAX, mark, normalise
from huntserver.game.commands import CheckIn, Claim, Guess, Join, Scan, TakeHint
from huntserver.game.geo import distance_m, valid_position
from huntserver.game.hunt_events import Author, Claimed, Guessed, HintTaken, Joined, Solved
from huntserver.game.hunt_state import Hunt, Phase, Team, ms

INVITE_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
NAME_MAX: Final = 40
ACCURACY_MAX_M: Final = 100.0


class GuessAnswer(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The verdict on a guess, code or check-in. `wait_ms`: before the next guess on this clue."""

    verdict: str
    points: int = 0
    score: int | None = None
    rank: int = 0
    wait_ms: int = 0
    reply: str = ""


class JoinAnswer(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The team joined; `invite` lets others in."""

    team: str
    invite: str = ""


class PointsAnswer(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a hint cost or a treasure brought, and the score after."""

    score: int
    points: int = 0
    rank: int = 0


NOT_JOINED: Final = Rejected("not_joined", "join the hunt first", retry=True)
INCORRECT: Final = GuessAnswer("incorrect")


def playing(state: Hunt, ctx: Context) -> Team | Rejected:
    """Return the sender's team if it may play now."""
    team = state.members.get(ctx.by)
    if team is None:
        return not_there(state) or NOT_JOINED
    if state.phase is not Phase.RUNNING:
        return not_running(state)
    if team.out:
        return Rejected("disqualified", "your team was taken out of this hunt")
    return team


def not_there(state: Hunt) -> Rejected | None:
    """Return the refusal for a hunt that does not exist (or is not shown yet), or None."""
    if state.phase is Phase.NONE or state.phase is Phase.DRAFT:
        return Rejected("no_such_hunt", "there is no hunt with this id")
    return None


def not_running(state: Hunt) -> Rejected:
    """Return why there is no play now."""
    if state.phase is Phase.ENDED:
        return Rejected("too_late", "the hunt is over")
    if state.phase is Phase.PAUSED:
        return Rejected("paused", "the hunt is paused", retry=True)
    return Rejected("not_running", "the hunt has not started", retry=True)


def _visible(state: Hunt, team: Team, clue: str) -> int | Rejected:
    index = state.clue_index.get(clue)
    if index is None or not team.unlocked >> index & 1:
        return Rejected("locked", "the clue is locked, or there is no such clue", retry=True)
    if team.solved >> index & 1:
        return Rejected("already_solved", "your team has solved this clue")
    return index


def guess(state: Hunt, command: Guess, ctx: Context) -> Decision | Rejected:
    """Judge a text guess. Duplicates cost nothing; wrong ones start a cool-down that grows."""
    team = playing(state, ctx)
    if isinstance(team, Rejected):
        return team
    index = _visible(state, team, command.clue)
    if isinstance(index, Rejected):
        return index
    judge = state.judges[index]
    if judge is None:
        return Rejected("wrong_kind", "this clue is not answered by text")
    text = command.text
    if len(text) > GUESS_MAX:
        return Rejected("guess_too_long", f"{len(text)} characters, allowed are {GUESS_MAX}")
    normal = normalise(text)
    if not normal:
        return Rejected("bad_text", "the guess has no letter or digit")
    attempt = team.attempts.get(index)
    print_ = mark(normal)
    now = ctx.now_ms
    wrong = 0
    if attempt is not None:
        if attempt.has_tried(print_.to_bytes(4, "big")):
            return Rejected("duplicate", "your team has tried this before")
        if attempt.until_ms > now:
            return Rejected("cool_down", "wait before the next guess", True, attempt.until_ms - now)
        wrong = attempt.wrong
    author = Author(ctx.by, text)
    if judge.correct(text, normal):
        return solve(state, team, index, "guess", author, ctx)
    reply = judge.partial(normal)
    if reply is not None:
        partial = Guessed(team.id, command.clue, "partial", print_, author)
        return Decision((partial,), GuessAnswer("partial", reply=reply))
    wait_ms = _cool_down_ms(state, index, wrong + 1)
    event = Guessed(team.id, command.clue, "incorrect", print_, author, now + wait_ms if wait_ms else 0)
    return Decision((event,), GuessAnswer("incorrect", wait_ms=wait_ms) if wait_ms else INCORRECT)


def _cool_down_ms(state: Hunt, index: int, wrong: int) -> int:
    rule = state.clues[index].attempts
    over = wrong - rule.free
    if over <= 0 or not rule.cool_down_s:
        return 0
    return int(1000 * min(rule.max_s, rule.cool_down_s * rule.grows ** min(over - 1, 40)))


def solve(state: Hunt, team: Team, index: int, how: str, author: Author, ctx: Context) -> Decision:
    """Return the decision that the team has solved a clue."""
    clue = state.clues[index]
    rank = state.solves[index] + 1
    points = max(clue.points - clue.decay * (rank - 1), min(clue.points_min, clue.points))
    if rank <= len(clue.first_bonus):
        points += clue.first_bonus[rank - 1]
    event = Solved(team.id, clue.id, points, rank, how, list(team.members), author)
    return Decision((event,), GuessAnswer("correct", points, team.score + points, rank))


def scan(state: Hunt, command: Scan, ctx: Context) -> Decision | Rejected:
    """Solve the clue that a code belongs to."""
    team = playing(state, ctx)
    if isinstance(team, Rejected):
        return team
    index = state.codes.get(command.code.strip().upper())
    if index is None or not team.unlocked >> index & 1:
        return Rejected("no_such_code", "this code belongs to nothing that you can see")
    if team.solved >> index & 1:
        return Rejected("already_solved", "your team has solved this clue")
    return solve(state, team, index, "code", Author(ctx.by), ctx)


def check_in(state: Hunt, command: CheckIn, ctx: Context) -> Decision | Rejected:
    """Solve the nearest location clue within reach, or the one named."""
    team = playing(state, ctx)
    if isinstance(team, Rejected):
        return team
    if not valid_position(command.lat, command.lon):
        return Rejected(
            "bad_position", f"{command.lat}, {command.lon} is no place; latitude -90..90, longitude -180..180"
        )
    near: list[tuple[float, int]] = []
    for i, clue in enumerate(state.clues):
        place = clue.location
        if place is None or not team.unlocked >> i & 1 or command.clue not in (None, clue.id):
            continue
        if team.solved >> i & 1:
            if command.clue == clue.id:
                return Rejected("already_solved", "your team has solved this clue")
            continue
        away = distance_m(command.lat, command.lon, place.lat, place.lon)
        near.append((away - place.radius_m - min(command.accuracy_m or 0.0, ACCURACY_MAX_M) / 2, i))
    if not near:
        return Rejected("no_such_clue", "no clue that you can see is solved by being somewhere", retry=True)
    away, index = min(near)
    if away > 0:
        return Rejected("not_there", "you are not close enough yet", retry=True)
    return solve(state, team, index, "place", Author(ctx.by, lat=command.lat, lon=command.lon), ctx)


def take_hint(state: Hunt, command: TakeHint, ctx: Context) -> Decision | Rejected:
    """Take a hint and pay for it."""
    team = playing(state, ctx)
    if isinstance(team, Rejected):
        return team
    index = _visible(state, team, command.clue)
    if isinstance(index, Rejected):
        return index
    hint = next((h for h in state.clues[index].hints if h.id == command.hint), None)
    if hint is None:
        return Rejected("no_such_hint", "there is no such hint")
    if f"{command.clue}/{hint.id}" in team.hints:
        return Rejected("hint_taken", "your team has this hint")
    left_ms = team.opened_ms.get(index, 0) + hint.after_s * 1000 - ctx.now_ms
    if left_ms > 0:
        return Rejected("hint_locked", "this hint is not on offer yet", True, left_ms)
    if hint.price > team.score:
        return Rejected("too_expensive", f"it costs {hint.price}, your team has {team.score}", retry=True)
    event = HintTaken(team.id, command.clue, hint.id, hint.price)
    return Decision((event,), PointsAnswer(team.score - hint.price, -hint.price))


def claim(state: Hunt, command: Claim, ctx: Context) -> Decision | Rejected:
    """Claim a piece of a limited treasure; never more than there are."""
    team = playing(state, ctx)
    if isinstance(team, Rejected):
        return team
    index = state.treasure_index.get(command.treasure)
    elapsed = max(state.elapsed_s(ctx.now_ms), state.released_s)
    if index is None or not state.treasure_opens[index](team.solved, elapsed):
        return Rejected("no_such_treasure", "there is no such treasure, or you cannot see it yet", retry=True)
    if command.treasure in team.treasures:
        return Rejected("treasure_taken", "your team holds this treasure")
    assert state.definition is not None
    treasure = state.definition.treasures[index]
    rank = state.claims[index] + 1
    if rank > treasure.quantity:
        return Rejected("lost", "all of this treasure is taken")
    points = treasure.points + (treasure.bonus[rank - 1] if rank <= len(treasure.bonus) else 0)
    event = Claimed(team.id, treasure.id, treasure.title, rank, points, Author(ctx.by))
    return Decision((event,), PointsAnswer(team.score + points, points, rank))


def join(state: Hunt, command: Join, ctx: Context) -> Decision | Rejected:
    """Enter the hunt, alone, with a new team, or by an invite code."""
    refused = _may_join(state, ctx)
    if refused is not None:
        return refused
    d = state.definition
    assert d is not None
    if command.bracket is not None and command.bracket not in d.brackets:
        return Rejected("no_such_bracket", f"brackets are {', '.join(d.brackets) or 'none'}")
    if command.invite is not None:
        team = state.invites.get(command.invite.strip().upper())
        if team is None:
            return Rejected("no_such_team", "no team has this invite code")
        if len(team.members) >= d.teams.size_max:
            return Rejected("team_full", f"the team has its {d.teams.size_max} members", retry=True)
        return Decision((Joined(team.id, Author(ctx.by, name=ctx.name)),), JoinAnswer(team.id))
    return _new_team(state, command, ctx)


def _may_join(state: Hunt, ctx: Context) -> Rejected | None:
    refused = not_there(state)
    if refused is not None:
        return refused
    if ctx.by in state.members:
        return Rejected("already_joined", "you are in this hunt already")
    if not ctx.by.startswith("p:"):
        return Rejected("not_allowed", "players join; hosts watch")
    if state.phase is Phase.ENDED:
        return Rejected("too_late", "the hunt is over")
    d = state.definition
    assert d is not None
    opens = d.schedule.opens_at
    if opens is not None and state.phase is Phase.PUBLISHED and ms(opens) > ctx.now_ms:
        return Rejected("not_running", "the doors are not open yet", True, ms(opens) - ctx.now_ms)
    if len(state.members) >= d.teams.players_max:
        return Rejected("hunt_full", f"the hunt has its {d.teams.players_max} players", retry=True)
    return None


def _new_team(state: Hunt, command: Join, ctx: Context) -> Decision | Rejected:
    d = state.definition
    assert d is not None
    teams = d.teams.mode == "teams"
    name = (command.team if teams else ctx.name) or ctx.name or ctx.by.partition(":")[2]
    if not 1 <= len(name.strip()) <= NAME_MAX or not name.isprintable():
        return Rejected("bad_text", f"a name has 1 to {NAME_MAX} characters that can be shown")
    if teams and name.strip().casefold() in state.names:
        return Rejected("team_name_taken", "another team has this name")
    invite = ""
    if teams:
        roll = ctx.roll
        while not invite or invite in state.invites:
            invite = "".join(INVITE_LETTERS[roll >> 5 * i & 31] for i in range(6))
            roll += 7_919
    team = f"t{len(state.teams) + 1}"
    author = Author(ctx.by, name=ctx.name, team_name=name.strip())
    event = Joined(team, author, invite, command.bracket or (d.brackets[0] if d.brackets else ""))
    return Decision((event,), JoinAnswer(team, invite))
