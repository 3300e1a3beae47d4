"""What a record of a hunt shows on which channel, once its events are applied. Pure.

One push per record and channel; moves the channels' last seqs, which are part of the state. What another team may see
carries nothing personal and no text that is not theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from actors.entity import Push
from huntserver.game.hunt_events import (
    Adjusted,
    Announced,
    Claimed,
    Created,
    Defined,
    Ended,
    Extended,
    Guessed,
    HintTaken,
    Joined,
    Paused,
    Placed,
    Published,
    Released,
    Removed,
    Solved,
    Started,
    Unpaused,
)
from huntserver.game.hunt_state import Hunt, Team, bits
from huntserver.game.hunt_views import clue_view, opened_treasures
from huntserver.game.shown import ClueView, Shown

ROWS_SHOWN: Final = 50
"""A team without points behind so many others is on nobody's board: when thousands join at once, the board that goes to
all of them need not be made anew four times a second."""


def pushes(state: Hunt, events: Sequence[Any], seq: int, at_ms: int) -> Sequence[Push]:
    """Return the record's pushes. A plain wrong guess, the usual case, is one that its answer stands for."""
    event = events[0]
    if event.__class__ is Guessed:
        team = state.teams[event.team]
        prev = team.seq
        team.seq = seq
        if event.verdict == "partial":
            return (Push(team.channel, prev, (_partial(state, event),), True),)
        return (Push(team.channel, prev, events, True),)
    made: list[Push] = []
    _SHOW[event.__class__](made, state, event, seq)
    state.opened = []
    return made


def _partial(state: Hunt, event: Guessed) -> Shown:
    judge = state.plan.judges[state.plan.clue_index[event.clue]]
    assert judge is not None
    reply = judge.partials.get(judge.normal(event.personal.text), "")
    return Shown("guessed", clue=event.clue, verdict="partial", reply=reply, personal=event.personal)


def _opened(state: Hunt, team: Team, mask: int) -> list[ClueView]:
    return [clue_view(state, team, i) for i in bits(mask & state.plan.clue_bits)]


def _solved(made: list[Push], state: Hunt, event: Solved, seq: int) -> None:
    team = state.teams[event.team]
    index = state.plan.clue_index[event.clue]
    clue = state.plan.clues[index]
    mask = state.opened[0][1] if state.opened else 0
    own = Shown(
        "solved",
        by=event.personal.by,
        clue=clue.id,
        clue_number=index + 1,
        rank=event.rank,
        points=event.points,
        score=team.score,
        text=clue.solved_text,
        how=event.how,
        final=clue.final,
        clues=_opened(state, team, mask),
        treasures=opened_treasures(state, team, mask),
    )
    _to_team(made, team, seq, own)
    if event.rank == 1:
        # By number: the id and the title of a clue may give away what others have not come to.
        _to_hunt(made, state, seq, Shown("first_finder", team.id, team.name, clue_number=index + 1))
    _to_host(made, state, seq, Shown("solved", team.id, team.name, clue=clue.id, points=event.points, rank=event.rank))
    if event.points:
        _board(made)


def _claimed(made: list[Push], state: Hunt, event: Claimed, seq: int) -> None:
    team = state.teams[event.team]
    index = state.plan.treasure_index[event.treasure]
    left = state.plan.treasures[index].quantity - state.claims[index]
    shown = Shown("claimed", team.id, team.name, treasure=event.treasure, title=event.title, rank=event.rank, left=left)
    own = msgspec.structs.replace(shown, by=event.personal.by, points=event.points, score=team.score)
    _to_team(made, team, seq, own)
    _to_hunt(made, state, seq, shown)
    _to_host(made, state, seq, shown)
    if event.points:
        _board(made)


def _hint_taken(made: list[Push], state: Hunt, event: HintTaken, seq: int) -> None:
    team = state.teams[event.team]
    found = state.plan.hint(state.plan.clue_index[event.clue], event.hint)
    assert found is not None
    own = Shown(
        "hint_taken", clue=event.clue, hint=event.hint, text=found[1].text, points=-event.price, score=team.score
    )
    _to_team(made, team, seq, own)
    _to_host(made, state, seq, Shown("hint_taken", team.id, team.name, clue=event.clue, hint=event.hint))
    if event.price:
        _board(made)


def _joined(made: list[Push], state: Hunt, event: Joined, seq: int) -> None:
    team = state.teams[event.team]
    if len(team.members) > 1:
        _to_team(made, team, seq, Shown("joined", team.id, event.personal.name, by=event.personal.by))
    else:  # nobody listens to a new team yet: its first member is given the page
        _board(made, "board" if len(state.teams) <= ROWS_SHOWN else "teams")


def _adjusted(made: list[Push], state: Hunt, event: Adjusted, seq: int) -> None:
    team = state.teams[event.team]
    shown = Shown("adjusted", team.id, team.name, points=event.points, score=team.score, reason=event.reason)
    _to_team(made, team, seq, shown)
    _to_host(made, state, seq, shown)
    _board(made)


def _removed(made: list[Push], state: Hunt, event: Removed, seq: int) -> None:
    team = state.teams[event.team]
    shown = Shown("removed", team.id, team.name, reason=event.reason, back=event.back)
    _to_team(made, team, seq, shown)
    _to_host(made, state, seq, shown)
    _board(made)


def _announced(made: list[Push], state: Hunt, event: Announced, seq: int) -> None:
    shown = Shown("announced", text=event.text)
    if event.team:
        _to_team(made, state.teams[event.team], seq, shown)
    elif event.bracket:
        for team in state.teams.values():
            if team.bracket == event.bracket:
                _to_team(made, team, seq, shown)
    else:
        _to_hunt(made, state, seq, shown)
    _to_host(made, state, seq, Shown("announced", event.team, text=event.text))


def _started(made: list[Push], state: Hunt, event: Started, seq: int) -> None:
    _to_host(made, state, seq, Shown("started", ends_ms=event.ends_ms))
    # Nobody has solved anything, so the first clues are the same for all teams, and go to all in one push.
    shown = Shown("started", ends_ms=event.ends_ms)
    if state.opened:
        shown = msgspec.structs.replace(shown, **_things(state, *state.opened[0]))
    _to_hunt(made, state, seq, shown)


def _released(made: list[Push], state: Hunt, event: Released, seq: int) -> None:
    masks = {mask for _, mask in state.opened}
    if len(masks) == 1 and len(state.opened) == len(state.teams):
        _to_hunt(made, state, seq, Shown("opened", **_things(state, *state.opened[0])))
        return
    views: dict[int, Shown] = {}  # what opens at one time looks alike to every team
    for team, mask in state.opened:
        shown = views.get(mask)
        if shown is None:
            shown = views[mask] = Shown("opened", **_things(state, team, mask))
        _to_team(made, team, seq, shown)


def _things(state: Hunt, team: Team, mask: int) -> dict[str, Any]:
    return {"clues": _opened(state, team, mask), "treasures": opened_treasures(state, team, mask)}


def _phase(made: list[Push], state: Hunt, event: Any, seq: int) -> None:
    type_ = event.__struct_config__.tag
    for_ms = event.for_ms if isinstance(event, Unpaused) else 0
    shown = Shown(type_, ends_ms=state.ends_ms, for_ms=for_ms)
    _to_hunt(made, state, seq, shown)
    _to_host(made, state, seq, shown)


def _nothing(made: list[Push], state: Hunt, event: Any, seq: int) -> None:
    pass


_SHOW: Final[dict[type, Callable[[list[Push], Hunt, Any, int], None]]] = {
    Created: _nothing,
    Defined: _nothing,
    Published: _phase,
    Joined: _joined,
    Started: _started,
    Paused: _phase,
    Unpaused: _phase,
    Extended: _phase,
    Ended: _phase,
    Placed: _nothing,
    Released: _released,
    Solved: _solved,
    HintTaken: _hint_taken,
    Claimed: _claimed,
    Announced: _announced,
    Adjusted: _adjusted,
    Removed: _removed,
}


def _to_team(made: list[Push], team: Team, seq: int, shown: Shown) -> None:
    made.append(Push(team.channel, team.seq, (shown,)))
    team.seq = seq


def _to_hunt(made: list[Push], state: Hunt, seq: int, shown: Shown) -> None:
    made.append(Push("hunt", state.hunt_seq, (shown,)))
    state.hunt_seq = seq


def _to_host(made: list[Push], state: Hunt, seq: int, shown: Shown) -> None:
    made.append(Push("host", state.host_seq, (shown,)))
    state.host_seq = seq


def _board(made: list[Push], state: str = "board") -> None:
    """The standings changed: state, not an event, so it moves no channel's seq. `teams`: at their end only."""
    made.append(Push("hunt", 0, state=state))
